/**
 * `GET /fhir/Group/{id}/$journey`: one family's journey as one recipient may see it. A view per journey,
 * never a closure of edges.
 */
import type { Bundle, Group, Resource } from '@medplum/fhirtypes';
import { NOTICE } from '../access/decide/decide.ts';
import { journeysOf } from '../access/project/project-care.ts';
import { findLinked, findRows } from '../access/see/rows.ts';
import { showAll, showEach } from '../access/see/versions.ts';
import { outcomeEntry, searchEntry, searchset } from '../fhir/bundle.ts';
import { hashToken } from '../fhir/index-rows.ts';
import { findParams } from '../fhir/search-parameters.ts';
import type { ResourceRow } from '../model.ts';
import { seeOne } from './read.ts';
import type { Asking } from './search/candidates.ts';
import { referencesOf } from './search/match.ts';
import { tooCostly } from './search/shown.ts';

const OF_PERSON = ['RelatedPerson', 'EpisodeOfCare', 'CareTeam', 'ServiceRequest', 'Encounter'];
/** Of one type in one journey: a family with more contacts than this is read by search, page by page. */
const MOST_OF_TYPE = 1_000;

/** Throws Rejected(404) where the journey does not exist or may not be seen. */
export async function readJourney(asking: Asking, base: string, id: string): Promise<Bundle> {
  const [group] = await showEach(asking.db, asking.recipient, [await seeOne(asking, 'Group', id)]);
  const members = memberNames(group as Group);
  const persons = await showAll(asking.db, asking.recipient, await findRows(asking.db, members));
  const care: Resource[] = [];
  for (const type of OF_PERSON) care.push(...(await findOfJourney(asking, id, { type, members })));
  const services = await findServices(asking, care);
  const entry = [
    ...[group as Group, ...persons, ...care].map((resource) => searchEntry(base, resource, 'match')),
    ...services.map((resource) => searchEntry(base, resource, 'include')),
    outcomeEntry(NOTICE),
  ];
  return searchset([{ relation: 'self', url: `${base}/Group/${id}/$journey` }], entry);
}

function memberNames(group: Group): string[] {
  return (group.member ?? []).flatMap(({ entity }) => entity?.reference ?? []);
}

/**
 * What its members have of one type in this journey: care of its own tag, and relations among its members.
 */
async function findOfJourney(
  asking: Asking,
  journey: string,
  { type, members }: { type: string; members: string[] },
): Promise<Resource[]> {
  const links = findParams(type, 'patient').flatMap(({ number }) =>
    members.map((person) => ({ param: number, hash: hashToken(asking.key, person) })),
  );
  const rows = await findLinked(asking, type, links, MOST_OF_TYPE + 1);
  if (rows.length > MOST_OF_TYPE)
    throw tooCostly(`more than ${MOST_OF_TYPE} of ${type}: search them by patient`);
  const known = new Set(members);
  const isOfJourney = ({ content, persons }: ResourceRow) =>
    type === 'RelatedPerson'
      ? persons.every((person) => known.has(`Patient/${person}`))
      : journeysOf(content).includes(journey);
  const inside = rows.filter((row) => isOfJourney(row) && isLive(row.content));
  return showAll(asking.db, asking.recipient, inside);
}

/** What never was, and relations and teams that are no more, are no part of a family's story. */
function isLive(resource: Resource): boolean {
  if (resource.resourceType === 'RelatedPerson') return resource.active !== false;
  return !['entered-in-error', 'inactive'].includes((resource as { status?: string }).status ?? '');
}

async function findServices(asking: Asking, care: Resource[]): Promise<Resource[]> {
  const params = ['organization', 'service-provider', 'performer', 'requester', 'participant'];
  const wanted = care.flatMap((resource) =>
    params.flatMap((code) =>
      findParams(resource.resourceType, code).flatMap((param) => referencesOf(param, resource)),
    ),
  );
  const services = [...new Set(wanted)].filter((reference) => reference.startsWith('Organization/'));
  return showAll(asking.db, asking.recipient, await findRows(asking.db, services));
}
