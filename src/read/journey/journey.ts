/**
 * `GET /fhir/Group/{id}/$journey`: one family's journey as one recipient may see it. A view per journey,
 * never a closure of edges. On the first page a Composition says what a team needs to know at once.
 */
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { NOTICE } from '../../access/decide/decide.ts';
import { findChanged } from '../../access/see/versions.ts';
import { type Seen, seeContacts } from '../../access/see/visible.ts';
import { outcomeEntry, searchEntry, searchset } from '../../fhir/bundle.ts';
import { keyedId } from '../../fhir/ids.ts';
import { referencesIn } from '../../fhir/references.ts';
import { asOf } from '../../store/clock.ts';
import { seeOne } from '../read.ts';
import type { Asking } from '../search/candidates.ts';
import { sealCursor } from '../search/cursor.ts';
import { composeJourney } from './composition.ts';
import { comparePlaces, gatherJourney, placeOf } from './gather.ts';
import { findLook } from './looks.ts';
import { type NameOf, nameAll, withKinds, withNames } from './names.ts';
import { type JourneyRequest, readRequest, type Wanted } from './request.ts';
import type { Told } from './sections.ts';
import { describeInvolved, findInvolved, type Involved, type Involvement } from './who-is-involved.ts';

/**
 * `looked`: as of when the reader has seen the journey; null where that is not kept. `involved`: what the
 * section *who is involved* says, a service and a person each; empty on later pages. `now`: as of when it
 * is told, which in a trial may be another day.
 */
export type Journey = { bundle: Bundle; looked: Date | null; involved: Involved[]; now: Date };

/**
 * Throws Rejected(404) where the journey does not exist or may not be seen, and Rejected(400) for what is not
 * understood.
 */
export async function readJourney(asking: Asking, request: JourneyRequest): Promise<Journey> {
  const { base, id } = request;
  const wanted = readRequest(asking, request);
  const now = asOf();
  // First: what is saved from then on is for the next look.
  const look = await findLook(asking.db, asking.recipient, id);
  const seen = await gatherJourney(asking, await seeOne(asking, 'Group', id));
  const nameOf = nameAll(seen.map(({ resource }) => resource));
  const { after, count } = wanted;
  const rest = after ? seen.filter((one) => comparePlaces(placeOf(one), after) > 0) : seen;
  const page = rest.slice(0, count);
  const first: First = { seen, nameOf, since: wanted.since ?? look.before, now };
  const { told, involved } = after ? { told: [], involved: [] } : await tellFirst(asking, request, first);
  const entry = [
    ...told.map(urnEntry),
    ...page.map(({ resource }) => searchEntry(base, resource, modeOf(resource))),
    ...findCited(told, after ? [] : seen.slice(count)).map(({ resource }) =>
      searchEntry(base, resource, 'include'),
    ),
  ];
  const named = entry.map((one) => ({
    ...one,
    resource: withNames(withKinds(one.resource as Resource), nameOf),
  }));
  const bundle = searchset(linksOf(asking, request, wanted, rest.length > count ? page.at(-1) : undefined), [
    ...named,
    outcomeEntry(NOTICE),
  ]);
  return {
    bundle,
    looked: after || wanted.since ? null : look.at,
    involved: involved.map((one) => describeInvolved(one, now)),
    now,
  };
}

const modeOf = ({ resourceType }: Resource) => (resourceType === 'Organization' ? 'include' : 'match');

/** Made for this answer: at no URL. */
const urnEntry = (resource: Resource): BundleEntry => ({
  fullUrl: `urn:uuid:${resource.id}`,
  resource,
  search: { mode: resource.resourceType === 'Composition' ? 'match' : 'include' },
});

type First = { seen: Seen[]; nameOf: NameOf; since: Date | null; now: Date };

/** The Composition and the duty contacts that it speaks of. */
async function tellFirst(
  asking: Asking,
  { id }: JourneyRequest,
  { seen, nameOf, since, now }: First,
): Promise<{ told: Resource[]; involved: Involvement[] }> {
  const { db, recipient, key } = asking;
  const care = seen.filter(({ row }) => row.type === 'EpisodeOfCare' || row.type === 'Encounter');
  const contacts = await seeContacts(
    db,
    recipient,
    care.map(({ row }) => row),
  );
  // Ids that say nothing, and are another's for every reader.
  const reader = recipient.kind === 'system' ? String(recipient.system.id) : recipient.kind;
  const idOf = (what: string) => keyedId(key, 'journey', reader, id, what);
  const told: Told = { seen, nameOf, contacts, idOf, now };
  const involved = findInvolved(told);
  const changing = seen.filter(({ row }) => row.type !== 'Organization');
  const changed = since ? await findChanged(db, recipient, changing, since) : [];
  const composition = composeJourney(told, { journey: id, involved, since, changed });
  return { told: [composition, ...involved.flatMap(({ desk }) => desk ?? [])], involved };
}

/** What the Composition speaks of and a later page has: whatever it refers to is in its Bundle. */
function findCited(told: Resource[], later: Seen[]): Seen[] {
  const cited = new Set(referencesIn(told));
  return later.filter(({ row }) => cited.has(`${row.type}/${row.id}`));
}

function linksOf(
  asking: Asking,
  { base, id, pairs }: JourneyRequest,
  wanted: Wanted,
  last: Seen | undefined,
) {
  const path = `Group/${id}/$journey`;
  const own = pairs.find(([name]) => name === '_cursor');
  const self = own ? new URLSearchParams([own]).toString() : wanted.query;
  const links = [{ relation: 'self', url: `${base}/${path}${self && `?${self}`}` }];
  if (!last) return links;
  const after = { by: 'memory' as const, keys: placeOf(last) };
  const cursor = sealCursor(asking.key, asking.recipient, path, { query: wanted.query, after });
  return [...links, { relation: 'next', url: `${base}/${path}?_cursor=${cursor}` }];
}
