/**
 * `POST Subscription/{id}/$snapshot`: all that the subscriber may see now, for one that has nothing or lost
 * it, and the number of the event after which its events go on.
 */
import type { Bundle, Group, Resource } from '@medplum/fhirtypes';
import type { FastifyRequest } from 'fastify';
import { findLinked } from '../../access/see/rows.ts';
import { showEach } from '../../access/see/versions.ts';
import { type Seen, seeEach } from '../../access/see/visible.ts';
import type { Context } from '../../context.ts';
import { Rejected } from '../../errors.ts';
import { searchEntry, searchset } from '../../fhir/bundle.ts';
import { isId } from '../../fhir/ids.ts';
import { hashToken } from '../../fhir/index-rows.ts';
import { findParams } from '../../fhir/search-parameters.ts';
import type { Db } from '../../store/pool.ts';
import { aboutOf } from '../number/compose.ts';
import { fhirBase, statusOf } from '../number/notification.ts';
import { numbering } from '../number/number.ts';
import { countAll } from './operations.ts';
import { numberOf, parametersOf, refuse, singleOf } from './parameters.ts';
import { filterSeen } from './snapshot-filter.ts';
import {
  findSnapshot,
  listRows,
  readRows,
  rememberTold,
  type Snapshot,
  untilPublished,
} from './snapshot-rows.ts';
import { recipientOf, type Stored } from './stored.ts';
import { filtersOf } from './subscription.ts';

const COUNT = 100;
const MOST_COUNT = 500;
const BATCH = 200;
/** Rows one request looks at: a page that is not full by then is given as it is, with the next one. */
const MOST_LOOKED_AT = 1_000;

/**
 * One page: the first, or that of `_cursor`. What is in it is read as a GET reads it, at that moment; what
 * has changed since the first page, or changes later, is told by an event after the number it names. Throws
 * Rejected: 422 where the subscription is off, so that nothing would follow; 400 for a link that is no more.
 */
export async function snapshotOf(ctx: Context, request: FastifyRequest, own: Stored): Promise<Bundle> {
  const given = parametersOf(request, ['_count', '_cursor']);
  const count = Math.min(numberOf(given, '_count') ?? COUNT, MOST_COUNT);
  if (count === 0) throw refuse('value', '_count', '_count is a whole number above 0');
  const cursor = singleOf(given, '_cursor');
  if (cursor === undefined && request.method !== 'POST')
    throw refuse('required', '_cursor', 'a snapshot is begun by POST; GET goes on along its next link');
  const [name = '', place = ''] = cursor?.split('.') ?? [];
  const snapshot = cursor === undefined ? await begin(ctx, own) : await resume(ctx, own, name);
  const from = /^\d{1,9}$/.test(place) ? Number(place) : 0;
  const page = await numbering(ctx.db, (client) =>
    readPage({ ...ctx, db: client }, own, { snapshot, from, count }),
  );
  return bundleOf(ctx, own, { snapshot, count, ...page });
}

async function begin(ctx: Context, own: Stored): Promise<Snapshot> {
  if (own.status === 'off') {
    const text = 'this subscription is off: no event would follow';
    throw new Rejected(422, [{ severity: 'error', code: 'business-rule', text }]);
  }
  // In this order: whatever is committed between counting and listing is in the list, and told after it, too.
  await untilPublished(ctx.db);
  const [counted] = await countAll(ctx, [own]);
  const number = counted?.lastNumber ?? own.lastNumber;
  return listRows(ctx.db, own, { number, filters: filtersOf(own.resource) });
}

async function resume({ db }: Context, own: Stored, name: string): Promise<Snapshot> {
  const found = isId(name) ? await findSnapshot(db, own, name) : null;
  if (found) return found;
  throw refuse('value', '_cursor', 'this page link is no more: start again');
}

type Reading = { db: Db; key: Buffer };
type Wanted = { snapshot: Snapshot; from: number; count: number };
/** `next`: the place in the list that the next page begins at; null at the end. */
type Page = { resources: Resource[]; next: number | null };

/** While nothing is looked up of what was told: whatever is taken away meanwhile is found among it. */
async function readPage({ db, key }: Reading, own: Stored, wanted: Wanted): Promise<Page> {
  const recipient = recipientOf(own);
  const filters = filtersOf(own.resource);
  const chosen: Seen[] = [];
  let next: number | null = wanted.from;
  for (let looked = 0; next !== null && chosen.length < wanted.count && looked < MOST_LOOKED_AT; ) {
    const from: number = next;
    const { rows, more } = await readRows({ db, recipient }, wanted.snapshot, { from, count: BATCH });
    const seen = (await seeEach(db, recipient, rows)).filter((one) => one !== null);
    const groups = filters.length > 0 ? await findGroups({ db, key }, own, seen) : [];
    const passed = filterSeen(seen, filters, groups);
    const taken = passed.slice(0, wanted.count - chosen.length);
    chosen.push(...taken);
    looked += BATCH;
    const last = taken.length < passed.length ? taken.at(-1) : undefined;
    const stoppedAt = last && rows.find(({ rowId }) => rowId === last.row.rowId)?.place;
    next = stoppedAt ?? (more ? from + BATCH : null);
  }
  const foci = chosen.map(({ row: { type, id } }) => ({ type, id }));
  await rememberTold(db, own, foci);
  return { resources: await showEach(db, recipient, chosen), next };
}

/** The journeys of these people, as the subscriber sees them. */
async function findGroups({ db, key }: Reading, own: Stored, seen: Seen[]): Promise<Group[]> {
  const recipient = recipientOf(own);
  const persons = [...new Set(seen.flatMap(({ row }) => row.persons))];
  const links = findParams('Group', 'member').flatMap(({ number }) =>
    persons.map((person) => ({ param: number, hash: hashToken(key, `Patient/${person}`) })),
  );
  const rows = await findLinked({ db, recipient }, 'Group', links, null);
  const groups = await seeEach(db, recipient, rows);
  return groups.flatMap((one) => (one ? [one.resource as Group] : []));
}

type Answered = Page & { snapshot: Snapshot; count: number };

/** The first entry of every page is the status: events follow after its number of events. */
function bundleOf(ctx: Context, own: Stored, { snapshot, count, resources, next }: Answered): Bundle {
  const base = fhirBase(ctx.config);
  const path = `${base}/Subscription/${own.id}/$snapshot`;
  const about = aboutOf(ctx, own, { type: 'query-status', status: own.status, count: snapshot.number });
  const status = { ...statusOf(about), id: snapshot.id } as Resource;
  const links = [{ relation: 'self', url: path }];
  if (next !== null) {
    const query = new URLSearchParams({ _cursor: `${snapshot.id}.${next}`, _count: String(count) });
    links.push({ relation: 'next', url: `${path}?${query}` });
  }
  return searchset(links, [
    { fullUrl: `urn:uuid:${snapshot.id}`, resource: status, search: { mode: 'include' } },
    ...resources.map((resource) => searchEntry(base, resource, 'match')),
  ]);
}
