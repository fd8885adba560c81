/** Orders that are made in memory, over what may be seen, so that a hidden value does not show in them. */
import type { Resource } from '@medplum/fhirtypes';
import { type Asking, findCandidates } from './candidates.ts';
import type { Position } from './cursor.ts';
import { sortKey } from './match.ts';
import { orderOf } from './order.ts';
import type { Search } from './query.ts';
import { isMatch, type Page, type Shown, seeCandidates, showMatches, tooCostly } from './shown.ts';

/** Rows that one request sorts: about a second. */
const MOST_SORTED = 10_000;
/** So few are sorted faster than found in their order. */
const FEW = 1_000;

/** Throws Rejected(400, too-costly) rather than guess. */
export async function sortInMemory(asking: Asking, search: Search, after: Position | null): Promise<Page> {
  const page = await sortUpTo(asking, search, { most: MOST_SORTED, after });
  if (!page) throw tooCostly('too much to sort: narrow the search');
  return page;
}

/** Null where they are more than a few. */
export function sortFew(asking: Asking, search: Search): Promise<Page | null> {
  return sortUpTo(asking, search, { most: FEW, after: null });
}

type Sorting = { most: number; after: Position | null };

async function sortUpTo(asking: Asking, search: Search, { most, after }: Sorting): Promise<Page | null> {
  const order = orderOf({ ...search, sort: [] });
  if (!order) return null;
  const batch = await findCandidates(asking, search, { order, after: null, limit: most + 1 });
  if (batch.length > most) return null;
  const rows = batch.map(({ row }) => row);
  const sorted = (await seeCandidates(asking, search, rows))
    .flatMap((shown) => (shown && isMatch(search, shown) ? [{ shown, keys: keysOf(search, shown) }] : []))
    .sort((a, b) => compareKeys(search, a.keys, b.keys));
  const from = after?.by === 'memory' ? after.keys : null;
  const rest = from ? sorted.filter(({ keys }) => compareKeys(search, keys, from) > 0) : sorted;
  const page = rest.slice(0, search.count);
  const last = rest.length > page.length ? page.at(-1) : undefined;
  const matches: Resource[] = await showMatches(
    asking,
    search,
    page.map(({ shown }) => shown),
  );
  return { matches, next: last ? { by: 'memory', keys: last.keys } : null };
}

function keysOf({ sort }: Search, { row, resource }: Shown): (string | null)[] {
  const keys = sort.map(({ code, params, descending }) => {
    if (code === '_id') return row.id;
    if (code === '_lastUpdated') return resource.meta?.lastUpdated ?? null;
    return sortKey(params, resource, descending);
  });
  return [...keys, row.id];
}

type Keys = (string | null)[];

/** Missing values come last whichever way the order goes; the id breaks ties. */
function compareKeys({ sort }: Search, a: Keys, b: Keys): number {
  for (let index = 0; index <= sort.length; index++) {
    const [left, right] = [a[index] ?? null, b[index] ?? null];
    if (left === right) continue;
    if (left === null || right === null) return left === null ? 1 : -1;
    return (left < right ? -1 : 1) * (sort[index]?.descending ? -1 : 1);
  }
  return 0;
}
