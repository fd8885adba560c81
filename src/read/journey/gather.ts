/** All that one recipient sees of a journey, in the order in which it is told. */
import type { Group, Resource } from '@medplum/fhirtypes';
import { journeysOf } from '../../access/project/project-care.ts';
import { findAbout, findRows } from '../../access/see/rows.ts';
import { type Seen, seeEach } from '../../access/see/visible.ts';
import { rangeOf } from '../../fhir/index-rows.ts';
import { referencesIn } from '../../fhir/references.ts';
import type { Json } from '../../model.ts';
import type { Asking } from '../search/candidates.ts';

const OF_PERSON = ['RelatedPerson', 'EpisodeOfCare', 'CareTeam', 'ServiceRequest', 'Encounter'];

/** Group, persons, their relations, the services, then care by its beginning. */
export async function gatherJourney(asking: Asking, group: Seen): Promise<Seen[]> {
  const journey = group.row.id;
  const { member = [] } = group.resource as Group;
  const members = member.flatMap(({ entity }) => entity?.reference ?? []);
  const found = [findRows(asking, members), findAbout(asking, OF_PERSON, members)];
  const rows = (await Promise.all(found)).flat();
  const known = new Set(members);
  const isOfJourney = ({ row, resource }: Seen) =>
    resource.resourceType === 'Patient' ||
    (resource.resourceType === 'RelatedPerson'
      ? row.persons.every((person) => known.has(`Patient/${person}`))
      : journeysOf(resource).includes(journey));
  const seen = (await seeEach(asking.db, asking.recipient, rows))
    .filter((one) => one !== null)
    .filter((one) => isLive(one.resource) && isOfJourney(one));
  const services = await findServices(asking, seen);
  return [group, ...seen, ...services]
    .map((one) => ({ one, key: placeOf(one) }))
    .sort((a, b) => comparePlaces(a.key, b.key))
    .map(({ one }) => one);
}

/** What never was, and relations and teams that are no more, are no part of a family's story. */
function isLive(resource: Resource): boolean {
  if (resource.resourceType === 'RelatedPerson') return resource.active !== false;
  if (resource.resourceType === 'CareTeam' && !resource.participant?.length) return false;
  return !['entered-in-error', 'inactive'].includes((resource as { status?: string }).status ?? '');
}

async function findServices(asking: Asking, seen: Seen[]): Promise<Seen[]> {
  const wanted = seen.flatMap(({ resource }) => referencesIn(resource));
  const services = [...new Set(wanted)].filter((reference) => reference.startsWith('Organization/'));
  const found = await seeEach(asking.db, asking.recipient, await findRows(asking, services));
  return found.filter((one) => one !== null);
}

const RANKS = ['Group', 'Patient', 'RelatedPerson', 'Organization'];

/** Where a resource comes: rank, beginning, type and id, as text that sorts. By what is seen of it alone. */
export function placeOf({ row, resource }: Pick<Seen, 'row' | 'resource'>): string[] {
  const rank = RANKS.indexOf(resource.resourceType);
  return [`${rank < 0 ? RANKS.length : rank}`, beginningOf(resource), resource.resourceType, row.id];
}

export function comparePlaces(a: string[], b: string[]): number {
  const at = a.findIndex((part, index) => part !== b[index]);
  return at < 0 ? 0 : (a[at] as string) < (b[at] as string) ? -1 : 1;
}

/** The first instant that it can mean; what has no date comes last. */
function beginningOf(resource: Resource): string {
  const start = startOf(resource);
  return (start === undefined ? undefined : rangeOf(start)?.low) ?? 'infinity';
}

function startOf(resource: Resource): Json | undefined {
  switch (resource.resourceType) {
    case 'Patient':
      return resource.birthDate;
    case 'EpisodeOfCare':
    case 'Encounter':
      return resource.period?.start;
    case 'ServiceRequest':
      return resource.authoredOn;
    case 'CareTeam':
      return resource.participant?.flatMap(({ period }) => period?.start ?? []).sort()[0];
    default:
      return undefined;
  }
}
