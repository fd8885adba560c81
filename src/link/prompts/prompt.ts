/** What a prompt is to the rules that find them, and what of a family several of them ask. */
import type { PromptCode, PromptRules } from '../../model.ts';
import type { Rules, Sight } from '../../store/facts.ts';
import type { Spell } from '../care/spells.ts';
import type { Known } from '../concerned.ts';
import type { PatientState, Person } from '../who/charts.ts';
import type { Answer } from './answers.ts';
import type { Blocked } from './blocked.ts';
import type { Observed } from './observations.ts';

/** Something that one service should think about, between two times (milliseconds; null: no end). */
export type Prompt = {
  code: PromptCode;
  service: string;
  /** Its patient: the Task is about this person. */
  person: Person;
  /** Chart by which it is known, whoever that proves to be one person with. */
  chart: string;
  /** What tells it from another of its kind: once dismissed it does not come back for the same. */
  occasion: string;
  from: number;
  until: number | null;
  /** `Type/id`, of what its owner may read. */
  focus?: string;
};

/** What the rules are given. Pure; `sight` is asked of what others said. */
export type Asked = {
  family: Known;
  rules: PromptRules;
  /** Id of the service that an `ODS|team` names. */
  serviceNamed: (name: string) => string;
  sectorOf: (service: string) => string | null;
  sight: (service: string) => Sight;
  blocked: Blocked;
  answers: Answer[];
  observed: Observed[];
  observes: Rules['observes'];
  /** Milliseconds. */
  now: number;
};

/** State of the view of one that waits for its owner. */
export const OPEN = 'prompt';

export const DAY = 86_400_000;
const GOES_ON: unknown[] = ['active', 'onhold', 'waitlist'];

/** Care that goes on, as the service that gives it says. */
export const openCareOf = ({ spells }: Known, person: Person): Spell[] =>
  spells.filter((spell) => spell.person === person && spell.confirmed && GOES_ON.includes(spell.status));

/** A service's own charts of somebody, else all: by the first it is known, in any order of arrival. */
export function chartOf({ charts }: Person, service: string): PatientState {
  const own = charts.filter((chart) => chart.service === service);
  const [first] = [...(own.length > 0 ? own : charts)].sort((a, b) => (a.key < b.key ? -1 : 1));
  return first as PatientState;
}

/** The service's own statement of a spell, which stays what it is when a referral proves to be of it. */
export const ownKeyOf = ({ family }: Asked, { keys, service, id }: Spell): string =>
  family.statements
    .flatMap((state) => (state.service === service && keys.includes(state.key) ? state.key : []))
    .sort()[0] ?? id;

/** When a child who was born then is so many months old. */
export function monthsAfter(born: number, months: number): number {
  const date = new Date(born);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.getTime();
}

/** When prompts about the infants of a journey end: two years after birth. Null where none lives. */
export function endOf({ stages }: Known['journeys'][number]): number | null {
  const over = stages.find(({ code }) => code === 'after-24m');
  return over ? Date.parse(over.start) : null;
}

/** The infants that prompts may be about, with the journey of each. */
export function infantsIn(family: Known) {
  const { journeys, persons } = family;
  return journeys.flatMap((journey) => {
    const until = endOf(journey);
    return until === null
      ? []
      : journey.members
          .filter(({ role }) => role === 'infant')
          .flatMap(({ person: id, closes }) => {
            const infant = persons.find((person) => person.id === id);
            const isInDoubt = journey.unlinked.includes(id);
            return infant && !isInDoubt && !isUnlinked(family, infant)
              ? [{ journey, infant, closes, until }]
              : [];
          });
  });
}

/** The infant, or a parent in its journey, is under a safety hold. */
export const isAnyHeld = (
  { held: { held } }: Known,
  { infant, journey }: { infant: Person; journey: Known['journeys'][number] },
): boolean =>
  [...held].some(
    ({ id }) =>
      id === infant.id || journey.members.some(({ person, role }) => person === id && role !== 'infant'),
  );

/** A record of nobody's child, which may be that of another infant who is known. */
const isUnlinked = ({ edges, persons, mayBe }: Known, infant: Person): boolean =>
  !edges.some(({ child }) => child === infant) &&
  persons.some((other) => other !== infant && (mayBe(infant, other) || mayBe(other, infant)));
