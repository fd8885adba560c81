import type { Patient } from '@medplum/fhirtypes';
import type { Recheck } from '../model.ts';
import type { Facts, Plan, StatementState, StoredView, View } from '../store/facts.ts';

export type ViewChange = { view: View & { digest: string }; before: StoredView | undefined };

/** What events are about: nothing else was told. */
const TOLD = ['Patient', 'RelatedPerson', 'Group', 'EpisodeOfCare', 'Encounter', 'ServiceRequest', 'Task'];
/** The home of care is part of what it says, and decides who may read it. */
const CARE = ['EpisodeOfCare', 'Encounter', 'ServiceRequest'];

/**
 * What a change may take away from somebody, as one event or none. Where somebody's care or place in a
 * journey changed, or something was said that decides of it, that is everything stored of the family; else
 * the views that changed in what decides who may read them, and those that go (`gone`). Who was told of any
 * of it is found out by publish, and whether they may still read it by deliver.
 */
export function findRechecks(
  facts: Facts,
  views: ViewChange[],
  rows: Pick<Plan, 'involvements' | 'members'> & { gone: StoredView[]; ruled: boolean },
): Recheck[] {
  const hidden = views.flatMap(({ view, before }) => (before && mayHide(view, before) ? [before] : []));
  const changed = [...hidden, ...rows.gone];
  const foci = (rows.ruled || partsSomebody(facts, rows) ? facts.views : changed)
    .filter(({ type }) => TOLD.includes(type))
    .map(({ id }) => id);
  return foci.length > 0 ? [{ code: 'recheck', foci: [...new Set(foci)] }] : [];
}

/** A first care by a service and a first journey of somebody take nothing away; any other row changed may. */
function partsSomebody(
  facts: Facts,
  { involvements, members }: Pick<Plan, 'involvements' | 'members'>,
): boolean {
  const known = new Set(facts.involvements.map(({ person, service }) => `${person} ${service}`));
  const journeys = new Set(facts.members.map(({ journey }) => journey));
  return (
    involvements.remove.length + members.remove.length > 0 ||
    involvements.upsert.some(({ person, service }) => known.has(`${person} ${service}`)) ||
    members.upsert.some(({ journey }) => journeys.has(journey))
  );
}

/**
 * Whoever was known before has other birth dates: with the day these decide who may know of a young person.
 */
export function areBornOtherwise(before: StatementState[], now: StatementState[]): boolean {
  const was = birthsBy(before);
  return [...birthsBy(now)].some(([person, dates]) => (was.get(person) ?? dates) !== dates);
}

function birthsBy(states: StatementState[]): Map<string | null, string> {
  const charts = states.filter(({ type, person }) => type === 'Patient' && person !== null);
  const persons = Map.groupBy(charts, ({ person }) => person);
  const datesOf = (all: StatementState[]) =>
    [...new Set(all.map(({ content }) => (content as Patient).birthDate ?? ''))].sort().join();
  return new Map([...persons].map(([person, all]) => [person, datesOf(all)]));
}

function mayHide(view: View, before: StoredView): boolean {
  if (CARE.includes(view.type)) return true;
  const of = ({ persons, authors, service, state }: View | StoredView) =>
    JSON.stringify([persons, authors, service, state === 'gone']);
  return of(view) !== of(before);
}
