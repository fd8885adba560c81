/** https://hl7.org/fhir/R4/http.html#search */
import type { Resource } from '@medplum/fhirtypes';
import { Rejected } from '../../errors.ts';
import { seeEach } from '../visible.ts';
import { type Asking, findCandidates, orderOf, type Position } from './candidates.ts';
import { matchesSearch, sortKey } from './match.ts';
import type { Search } from './query.ts';

/** `next` is where the following page starts; null when nothing more is to be found by this recipient. */
export type Page = { matches: Resource[]; next: Position | null };

const BATCH = 200;
/** Rows one request may look through: what a broad search over much that is withheld may cost, about a second. */
const MOST_LOOKED_AT = 10_000;

export function tooCostly(text: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code: 'too-costly', text }]);
}

/**
 * One page of a search, full unless it is the last, of what the recipient may see. Keyset paging: a resource that does not change
 * while pages are read comes once, whatever is stored meanwhile. Throws Rejected(400, too-costly) rather than guess at a next page.
 */
export async function findPage(asking: Asking, search: Search, after: Position | null): Promise<Page> {
  return orderOf(search) === null ? sortInMemory(asking, search, after) : followOrder(asking, search, after);
}

async function followOrder(asking: Asking, search: Search, after: Position | null): Promise<Page> {
  const matches: Resource[] = [];
  let position = after;
  let last = after;
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += BATCH) {
    const batch = await findCandidates(asking, search, { after: position, limit: BATCH });
    const seen = await seeEach(
      asking.db,
      asking.recipient,
      batch.map(({ row }) => row),
    );
    for (const [index, candidate] of batch.entries()) {
      const found = seen[index];
      position = candidate.position;
      if (!found || !matchesSearch(search, found)) continue;
      if (matches.length === search.count) return { matches, next: last };
      matches.push(found);
      last = position;
    }
    if (batch.length < BATCH) return { matches, next: null };
  }
  throw tooCostly('too much to look through: narrow the search');
}

/** Sorting by an element: over what may be seen of it, so that a hidden value does not show in the order. */
async function sortInMemory(asking: Asking, search: Search, after: Position | null): Promise<Page> {
  const batch = await findCandidates(asking, search, { after: null, limit: MOST_LOOKED_AT + 1 });
  if (batch.length > MOST_LOOKED_AT) throw tooCostly('too much to sort: narrow the search');
  const visible = await seeEach(
    asking.db,
    asking.recipient,
    batch.map(({ row }) => row),
  );
  const sorted = visible
    .flatMap((seen) => (seen && matchesSearch(search, seen) ? [seen] : []))
    .map((resource) => ({ resource, key: keyOf(search, resource) }))
    .sort((a, b) => compareKeys(search, a.key, b.key));
  const rest = after ? sorted.filter(({ key }) => compareKeys(search, key, after) > 0) : sorted;
  const page = rest.slice(0, search.count);
  const next = rest.length > page.length ? (page.at(-1)?.key ?? null) : null;
  return { matches: page.map(({ resource }) => resource), next };
}

function keyOf({ sort }: Search, resource: Resource): Position {
  const keys = sort.map(({ code, params, descending }) => {
    if (code === '_id') return resource.id ?? null;
    return code === '_lastUpdated'
      ? (resource.meta?.lastUpdated ?? null)
      : sortKey(params, resource, descending);
  });
  return [...keys, resource.id ?? null];
}

/** Missing values come last whichever way the order goes; the id breaks ties. */
function compareKeys({ sort }: Search, a: Position, b: Position): number {
  for (let index = 0; index <= sort.length; index++) {
    const [left, right] = [a[index] ?? null, b[index] ?? null];
    if (left === right) continue;
    if (left === null || right === null) return left === null ? 1 : -1;
    return (left < right ? -1 : 1) * (sort[index]?.descending ? -1 : 1);
  }
  return 0;
}
