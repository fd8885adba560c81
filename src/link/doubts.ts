/**
 * Deaths, and pregnancies that ended, said by a statutory service that may not declare one (sharing.md, "Loss
 * and contact-stop"), or nationally of a number that several people have: nothing stops, and whoever would be
 * told to stop is asked to verify first.
 */
import type { Encounter, EpisodeOfCare, Task } from '@medplum/fhirtypes';
import { keyedId } from '../fhir/ids.ts';
import { idOf } from '../fhir/references.ts';
import { PROMPTS } from '../fhir/systems.ts';
import type { Evidence } from '../model.ts';
import type { Involvement, StatementState, View } from '../store/facts.ts';
import { lossIn, NEVER_WAS, saysLost } from './care/list-care.ts';
import { DECLARES_LOSS } from './care/sectors.ts';
import { latest } from './care/spells.ts';
import { servicesOf } from './caring.ts';
import { type Death, deathOf, findConcerned, isSameLoss, type Known } from './concerned.ts';
import { PREGNANCY } from './family/pregnancies.ts';
import { lossOf } from './family/stages.ts';
import { view } from './views/family.ts';
import { type IsOwnPatient, leastKey, type PatientState, type Person } from './who/charts.ts';
import { establishes } from './who/keys.ts';

/** A service that is to verify a death, by asking about its patient, and when that was first said. */
export type Doubt = { death: Death; service: string; about: Person; at: string };
/** `by`: the services that say so. */
type Unsure = { death: Death; by: string[]; at: string };
type Given = { involvements: Involvement[]; evidence: Evidence; isOwnPatient: IsOwnPatient };

export function findDoubts(family: Known, given: Given): Doubt[] {
  const unsure = family.persons.flatMap((person) => [
    ...saidToBeDead(family, person, given),
    ...saidToHaveEnded(family, person, given),
  ]);
  return unsure.flatMap((one) => askAbout(family, one, given));
}

function saidToBeDead(family: Known, dead: Person, given: Given): Unsure[] {
  if (lossOf(dead) !== null) return [];
  const said = dead.charts.filter((chart) => saysDead(chart) && counts(dead, chart, given));
  const signalled = dead.mayHaveDied === undefined ? [] : [`${dead.mayHaveDied}T00:00:00.000Z`];
  const [first] = [...said.map((chart) => latest(chart)), ...signalled].sort();
  const day = said
    .map(({ content }) => content.deceasedDateTime ?? '')
    .sort()[0]
    ?.slice(0, 10);
  const death = first === undefined ? null : deathOf(family, dead, day || first.slice(0, 10));
  const by = said.map(({ service }) => service);
  return death && first !== undefined ? [{ death, by, at: first.slice(0, 24) }] : [];
}

/** Until it is declared, or a birth shows that it was not so: of several such words the first. */
function saidToHaveEnded(family: Known, mother: Person, given: Given): Unsure[] {
  const said = family.statements.flatMap((state) => {
    const { content, chart, sector, service } = state;
    if (!saysLost(content) || DECLARES_LOSS.has(sector ?? '') || family.personOf(chart) !== mother) return [];
    const care = content as EpisodeOfCare | Encounter;
    const day = lossIn(care, [state]);
    const isOf = isOwnCare(care, service) && counts(mother, state, given);
    return isOf && day !== null && !isSettled(family, mother, day)
      ? [{ service, day, at: latest(state) }]
      : [];
  });
  const [first] = said.sort((a, b) => (a.at < b.at ? -1 : 1));
  if (!first) return [];
  const by = said.map(({ service }) => service);
  const at = first.at.slice(0, 24);
  return [
    { death: { person: mother, cause: 'ended', day: first.day, heard: at, by, journey: null }, by, at },
  ];
}

function isOwnCare(care: EpisodeOfCare | Encounter, service: string): boolean {
  const of = care.resourceType === 'Encounter' ? care.serviceProvider : care.managingOrganization;
  return !NEVER_WAS.has(care.status) && (idOf(of?.reference, 'Organization') ?? service) === service;
}

/** It was declared since, or she gave birth after it within the time that a pregnancy takes. */
function isSettled({ journeys }: Known, mother: Person, day: string): boolean {
  const hers = journeys.filter(({ members }) =>
    members.some(({ role, person }) => role === 'mother' && person === mother.id),
  );
  return hers.some(({ ended, stages }) => {
    const born = stages.find(({ code }) => code === 'birth-12m')?.start ?? '';
    const isAfter = day < born && Date.parse(born) < Date.parse(day) + PREGNANCY;
    return isAfter || (ended !== null && isSameLoss(ended, day));
  });
}

function askAbout(family: Known, { death, by, at }: Unsure, given: Given): Doubt[] {
  const about = findConcerned(family, death, new Set());
  // Who cares for the one who died is asked about that one, else about the other patient it cares for: of
  // several the same one, whoever was seen first.
  const others = [...about.stop].sort((a, b) => (leastKey(a) < leastKey(b) ? -1 : 1));
  const asked = [death.person, ...others].flatMap((person) =>
    servicesOf(family, [person], { ...given, ...about, ...death }).map((service) => ({ service, person })),
  );
  const byService = Map.groupBy(
    asked.filter(({ service }) => !by.includes(service)),
    ({ service }) => service,
  );
  return [...byService].flatMap(([service, [one]]) =>
    one ? [{ death, service, about: one.person, at }] : [],
  );
}

const saysDead = ({ content }: PatientState): boolean =>
  content.deceasedBoolean === true || content.deceasedDateTime !== undefined;

/** A statutory service's word of its own patient. */
const counts = (
  dead: Person,
  { service, sector }: StatementState,
  { evidence, isOwnPatient }: Given,
): boolean => establishes(evidence.weights.get(sector ?? '') ?? null) && isOwnPatient(dead, service);

/** A Task of one owner, without words, about its own patient. */
export function doubtView(key: Buffer, { death: { person, cause }, service, about, at }: Doubt): View {
  const id = keyedId(key, 'verify-first', person.id, ...(cause === 'ended' ? [cause] : []), service);
  const content: Task = {
    resourceType: 'Task',
    id,
    status: 'requested',
    intent: 'proposal',
    priority: 'urgent',
    code: { coding: [{ system: PROMPTS, code: 'verify-first' }] },
    for: { reference: `Patient/${about.id}` },
    owner: { reference: `Organization/${service}` },
    authoredOn: at,
  };
  return view({
    ...{ type: 'Task', id, content, owner: about.charts[0]?.key ?? about.id, persons: [about.id] },
    ...{ authors: [], service, state: 'verify-first' },
  });
}
