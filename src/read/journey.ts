/** `GET /fhir/Group/{id}/$journey`: one family's journey as one recipient may see it. A view per journey, never a closure of edges. */
import type { Bundle, CareTeam, EpisodeOfCare, Group, Resource } from '@medplum/fhirtypes';
import { NOTICE } from '../access/decide/decide.ts';
import { outcomeEntry, searchEntry, searchset } from '../fhir/bundle.ts';
import { hashToken } from '../fhir/index-rows.ts';
import { JOURNEY_TAG } from '../fhir/names.ts';
import { findParams } from '../fhir/search-parameters.ts';
import { seeOne } from './read.ts';
import { findLinked, findRows } from './rows.ts';
import type { Asking } from './search/candidates.ts';
import { referencesOf } from './search/match.ts';
import { tooCostly } from './search/shown.ts';
import { showAll, showEach } from './versions.ts';

const OF_PERSON = ['RelatedPerson', 'EpisodeOfCare', 'CareTeam', 'ServiceRequest', 'Encounter'];
/** Of one type in one journey: a family with more contacts than this is read by search, page by page. */
const MOST_OF_TYPE = 1_000;

/** Throws Rejected(404) where the journey does not exist or may not be seen. */
export async function readJourney(asking: Asking, base: string, id: string): Promise<Bundle> {
  const [group] = await showEach(asking.db, asking.recipient, [await seeOne(asking, 'Group', id)]);
  const members = memberNames(group as Group);
  const persons = await showAll(asking.db, asking.recipient, await findRows(asking.db, members));
  const care: Resource[] = [];
  for (const type of OF_PERSON) care.push(...(await findOfPersons(asking, type, members)));
  const ofJourney = onlyOfJourney(id, care);
  const services = await findServices(asking, ofJourney);
  const entry = [
    ...[group as Group, ...persons, ...ofJourney].map((resource) => searchEntry(base, resource, 'match')),
    ...services.map((resource) => searchEntry(base, resource, 'include')),
    outcomeEntry(NOTICE),
  ];
  return searchset([{ relation: 'self', url: `${base}/Group/${id}/$journey` }], entry);
}

function memberNames(group: Group): string[] {
  return (group.member ?? []).flatMap(({ entity }) => entity?.reference ?? []);
}

async function findOfPersons(asking: Asking, type: string, persons: string[]): Promise<Resource[]> {
  const links = findParams(type, 'patient').flatMap(({ number }) =>
    persons.map((person) => ({ param: number, hash: hashToken(asking.key, person) })),
  );
  const rows = await findLinked(asking, type, links, MOST_OF_TYPE + 1);
  if (rows.length > MOST_OF_TYPE)
    throw tooCostly(`more than ${MOST_OF_TYPE} of ${type}: search them by patient`);
  return showAll(asking.db, asking.recipient, rows);
}

/** Leaves out what belongs to another journey of the same person: its episodes and teams, and the referrals and contacts of those. */
function onlyOfJourney(journey: string, care: Resource[]): Resource[] {
  const tagged = care.filter(
    (resource) => resource.resourceType === 'EpisodeOfCare' || resource.resourceType === 'CareTeam',
  );
  const others = tagged.filter((resource) => !isTagged(resource, journey));
  const outside = new Set(others.flatMap((other) => [nameOf(other), ...referralsOf(other)]));
  const inside = tagged.filter((resource) => isTagged(resource, journey));
  for (const resource of inside) for (const referral of referralsOf(resource)) outside.delete(referral);
  return care.filter((resource) => {
    const episodes = resource.resourceType === 'Encounter' ? (resource.episodeOfCare ?? []) : [];
    const elsewhere = episodes.length > 0 && episodes.every(({ reference }) => outside.has(reference ?? ''));
    return !outside.has(nameOf(resource)) && !elsewhere;
  });
}

const nameOf = (resource: Resource) => `${resource.resourceType}/${resource.id}`;

/** One without any journey's tag belongs to all. */
function isTagged(resource: EpisodeOfCare | CareTeam, journey: string): boolean {
  const tags = (resource.meta?.tag ?? []).filter(({ system }) => system === JOURNEY_TAG);
  return tags.length === 0 || tags.some(({ code }) => code === journey);
}

function referralsOf(resource: EpisodeOfCare | CareTeam): string[] {
  const referrals = resource.resourceType === 'EpisodeOfCare' ? (resource.referralRequest ?? []) : [];
  return referrals.flatMap(({ reference }) => reference ?? []);
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
