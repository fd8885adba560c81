/**
 * Prompts of a family: what its services should think about now, what they answered, and when time alone
 * changes that. Pure: all from facts, the rules of `policy/prompts`, what each owner may know, and the
 * instant it is asked at.
 */
import type { Task } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { PROMPT_OCCASION, PROMPTS } from '../../fhir/systems.ts';
import type { Due, Involvement, Member, Rules, View } from '../../store/facts.ts';
import type { Known } from '../concerned.ts';
import type { Doubt } from '../doubts.ts';
import { COMPETENCE, consentsIn, PARENTAL, safetyIn } from '../safety/statements.ts';
import { view } from '../views/family.ts';
import type { Person } from '../who/charts.ts';
import { type Answer, isAnswerOf, readAnswers } from './answers.ts';
import { findBlocked } from './blocked.ts';
import { handOvers } from './hand-over.ts';
import { babiesUnseen } from './how-is-the-baby.ts';
import { findObserved } from './observations.ts';
import { parentsOutOfView } from './parent-in-view.ts';
import { partnersToConsider } from './partner-offer.ts';
import { type Asked, OPEN, type Prompt } from './prompt.ts';
import { referralsUnanswered } from './referral-unanswered.ts';
import { talksBeforeReassessing } from './talk-first.ts';

const RULES: ((asked: Asked) => Prompt[])[] = [
  referralsUnanswered,
  handOvers,
  parentsOutOfView,
  babiesUnseen,
  partnersToConsider,
  talksBeforeReassessing,
];

/** State of their views once they were thought about. */
const ANSWERED = 'prompt-answered';

/** Of rulings of Skein's own keeping, by the person whom each is of. */
function byPerson<T>({ personOf }: Known, said: { chart: string; content: T }[]): Map<string, T[]> {
  const found = said.flatMap(({ chart, content }) => {
    const person = personOf(chart)?.id;
    return person === undefined ? [] : [{ person, content }];
  });
  const groups = Map.groupBy(found, ({ person }) => person);
  return new Map([...groups].map(([person, all]) => [person, all.map(({ content }) => content)]));
}

const birthsOf = ({ charts }: Person): string[] => charts.flatMap(({ content }) => content.birthDate ?? []);

type Given = { involvements: Involvement[]; members: Member[]; doubts: Doubt[] };

export function findPrompts(family: Known, rules: Rules, given: Given): { views: View[]; due: Due[] } {
  const { involvements, members, doubts } = given;
  const { asOf } = family;
  const now = Date.parse(asOf);
  const answers = readAnswers(family);
  const services = new Map(family.statements.map(({ service, sector, kind }) => [service, { sector, kind }]));
  const asked: Asked = {
    family,
    rules: rules.prompts,
    serviceNamed: (name) => {
      const [ods = '', ...team] = name.split('|');
      return keyedId(rules.key, 'service', ods, team.join('|'));
    },
    sectorOf: (service) => services.get(service)?.sector ?? null,
    sight: rules.sightOf({
      ...{ involvements, members, services, asOf },
      consents: byPerson(family, consentsIn(family.statements)),
      rulings: byPerson(
        family,
        [COMPETENCE, PARENTAL].flatMap((code) => safetyIn(family.statements, code)),
      ),
      births: new Map(family.persons.map((person) => [person.id, birthsOf(person)])),
      placed: new Set([...family.away].map(({ id }) => id)),
    }),
    blocked: findBlocked(family, doubts),
    answers,
    observed: findObserved(family, rules.prompts['how-is-the-baby']?.focus ?? []),
    observes: rules.observes,
    now,
  };
  const all = RULES.flatMap((rule) => rule(asked)).filter(
    (prompt) =>
      prompt.from < (rules.off.get(prompt.code) ?? Number.POSITIVE_INFINITY) &&
      !answers.some((answer) => isAnswerOf(answer, prompt)),
  );
  const open = all.filter(({ from, until }) => from <= now && (until === null || now < until));
  const views = [
    ...answers.map((answer) => answerView(answer)),
    ...open.map((prompt) => openView(rules.key, prompt)),
  ];
  return {
    // Of twins whose mother is the patient one rule may find one prompt twice.
    views: [...new Map(views.map((one) => [one.id, one])).values()],
    due: all.flatMap(({ chart, from, until }) =>
      [from, ...(until === null ? [] : [until])]
        .filter((time) => time > now)
        .map((time) => ({ owner: chart, at: new Date(time).toISOString() })),
    ),
  };
}

function openView(key: Buffer, { code, service, person, chart, occasion, from, focus }: Prompt): View {
  const id = keyedId(key, 'prompt', code, service, chart, occasion);
  const content: Task = {
    resourceType: 'Task',
    id,
    identifier: [{ system: PROMPT_OCCASION, value: occasion }],
    status: 'requested',
    intent: 'proposal',
    code: { coding: [{ system: PROMPTS, code }] },
    ...(focus ? { focus: { reference: focus } } : {}),
    for: { reference: `Patient/${person.id}` },
    authoredOn: new Date(from).toISOString(),
    owner: { reference: `Organization/${service}` },
  };
  return viewOf(content, { person, service, chart, state: OPEN });
}

/** Without what others' facts may move or take away since: a journey, an infant. */
function answerView({ task, person, service, chart }: Answer): View {
  const { focus, ...rest } = task;
  const own = focus?.reference?.startsWith('ServiceRequest/') ? { focus } : {};
  const content: Task = { ...rest, ...own, for: { reference: `Patient/${person.id}` } };
  return viewOf(content, { person, service, chart, state: ANSWERED });
}

type Of = { person: Person; service: string; chart: string; state: string };
const viewOf = (content: Task, { person, service, chart, state }: Of): View =>
  view({
    ...{ type: 'Task', id: content.id as string, content, owner: chart, persons: [person.id] },
    ...{ authors: [], service, state },
  });
