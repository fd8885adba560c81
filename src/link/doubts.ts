/**
 * Deaths said by a statutory service that may not declare one (sharing.md, "Loss and contact-stop"), or
 * nationally of a number that several people have: nothing stops, and whoever would be told to stop is asked
 * to verify first.
 */
import type { Task } from '@medplum/fhirtypes';
import { keyedId } from '../fhir/ids.ts';
import { PROMPTS } from '../fhir/systems.ts';
import type { Evidence } from '../model.ts';
import type { Involvement, View } from '../store/facts.ts';
import { latest } from './care/spells.ts';
import { servicesOf } from './caring.ts';
import { deathOf, findConcerned, type Known } from './concerned.ts';
import { lossOf } from './family/stages.ts';
import { view } from './views/family.ts';
import type { IsOwnPatient, PatientState, Person } from './who/charts.ts';
import { establishes } from './who/keys.ts';

/** A service that is to verify a death, of whom, and when that was first said. */
export type Doubt = { dead: Person; service: string; about: Person; at: string };
type Given = { involvements: Involvement[]; evidence: Evidence; isOwnPatient: IsOwnPatient };

export function findDoubts(family: Known, given: Given): Doubt[] {
  return family.persons.flatMap((dead) => {
    if (lossOf(dead) !== null) return [];
    const said = dead.charts.filter((chart) => saysDead(chart) && counts(dead, chart, given));
    const signalled = dead.mayHaveDied === undefined ? [] : [`${dead.mayHaveDied}T00:00:00.000Z`];
    const [first] = [...said.map((chart) => latest(chart)), ...signalled].sort();
    const day = said
      .map(({ content }) => content.deceasedDateTime ?? '')
      .sort()[0]
      ?.slice(0, 10);
    const death = first === undefined ? null : deathOf(family, dead, day || first.slice(0, 10));
    if (!death || first === undefined) return [];
    const about = findConcerned(family, death, new Set());
    const knowing = said.map(({ service }) => service);
    // Who cares for the one who died is asked about that one, else about the other patient it cares for: of
    // several the same one, whoever was seen first.
    const others = [...about.stop].sort((a, b) => (leastKey(a) < leastKey(b) ? -1 : 1));
    const asked = [dead, ...others].flatMap((person) =>
      servicesOf(family, [person], { ...given, ...about, ...death }).map((service) => ({
        service,
        person,
      })),
    );
    const byService = Map.groupBy(
      asked.filter(({ service }) => !knowing.includes(service)),
      ({ service }) => service,
    );
    return [...byService].flatMap(([service, [one]]) =>
      one ? [{ dead, service, about: one.person, at: first.slice(0, 24) }] : [],
    );
  });
}

const leastKey = ({ charts }: Person): string => charts.map(({ key }) => key).sort()[0] ?? '';

const saysDead = ({ content }: PatientState): boolean =>
  content.deceasedBoolean === true || content.deceasedDateTime !== undefined;

/** A statutory service's word of its own patient. */
const counts = (
  dead: Person,
  { service, sector }: PatientState,
  { evidence, isOwnPatient }: Given,
): boolean => establishes(evidence.weights.get(sector ?? '') ?? null) && isOwnPatient(dead, service);

/** A Task of one owner, without words, about its own patient. */
export function doubtView(key: Buffer, { dead, service, about, at }: Doubt): View {
  const id = keyedId(key, 'verify-first', dead.id, service);
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
