/** https://hl7.org/fhir/R4/http.html#search */
import { type Asking, type Candidate, findCandidates, findFew } from './candidates.ts';
import type { Position } from './cursor.ts';
import { type Order, orderOf } from './order.ts';
import type { Search } from './query.ts';
import { isMatch, type Page, type Shown, seeCandidates, showMatches } from './shown.ts';
import { sortFew, sortInMemory } from './sort.ts';

const BATCH = 200;
/**
 * Rows one request looks at, about a tenth of a second: a page that is not full by then is given as it is,
 * with the next one.
 */
const MOST_LOOKED_AT = 1_000;

/**
 * One page of a search, of what the recipient may see: full unless it is the last one or much that is
 * withheld lies on its way. Keyset paging: a resource that does not change while pages are read comes once,
 * whatever is stored meanwhile. Throws Rejected(400, too-costly) where an order by several elements has too
 * many to sort.
 */
export async function findPage(asking: Asking, asked: Search, after: Position | null): Promise<Page> {
  const search = { ...asked, among: await findFew(asking, asked.type) };
  const order = orderOf(search);
  if (!order || after?.by === 'memory') return sortInMemory(asking, search, after);
  const narrow = order.name === 'value' && search.clauses.length + search.ids.length > 0;
  return (narrow && !after ? await sortFew(asking, search) : null) ?? walk(asking, search, order, after);
}

type Walked = Extract<Position, { by: 'walk' }>;
const START: Walked = { by: 'walk', place: null, rest: 0, hidden: 0 };

async function walk(asking: Asking, search: Search, order: Order, after: Position | null): Promise<Page> {
  const matches: Shown[] = [];
  let at: Walked = after?.by === 'walk' ? after : START;
  let last = at;
  const known = new Set(at.shown?.rows);
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += BATCH) {
    const rest = at.rest ? (at.hidden ? 'all' : 'none') : undefined;
    const batch = await findCandidates(asking, search, { order, after: at.place, limit: BATCH, rest });
    const rows = batch.map(({ row }) => row);
    const seen = await seeCandidates(asking, search, rows);
    for (const [index, candidate] of batch.entries()) {
      const shown = seen[index] ?? null;
      const where = shown && placeOf(order, candidate, shown);
      const hidden = at.hidden || where === 'nowhere' ? 1 : 0;
      at = { ...at, place: candidate.place, hidden };
      if (!shown || where !== (at.rest ? 'nowhere' : 'here') || known.has(candidate.row.rowId)) continue;
      if (!isMatch(search, shown)) continue;
      if (matches.length === search.count)
        return { matches: await showMatches(asking, search, matches), next: last };
      known.add(candidate.row.rowId);
      matches.push(shown);
      at = { ...at, ...alsoShown(order, at, candidate) };
      last = at;
    }
    const ends = batch.length < BATCH;
    if (ends && (at.rest || order.name !== 'value'))
      return { matches: await showMatches(asking, search, matches), next: null };
    if (ends) at = { ...START, rest: 1, hidden: at.hidden };
  }
  return { matches: await showMatches(asking, search, matches), next: at };
}

/** More rows than this, changed twice at one instant, are not kept apart. */
const MOST_AT_ONCE = 50;

/**
 * A row that changed twice within a millisecond comes twice at the time that is shown of it: the next page
 * must know that it has come. Of all rows alike: which of them changed unseen is not told by any length.
 */
function alsoShown(order: Order, { shown }: Walked, { key, row }: Candidate): Pick<Walked, 'shown'> {
  if (order.name !== 'updated') return {};
  const before = shown?.key === key ? shown.rows : [];
  return { shown: { key, rows: [...before, row.rowId].slice(-MOST_AT_ONCE) } };
}

/**
 * Where the order has a row for the recipient: at this place, at another, or (its value is hidden) nowhere,
 * which is the rest.
 */
function placeOf(order: Order, { key, keys }: Candidate, shown: Shown): 'here' | 'elsewhere' | 'nowhere' {
  if (!order.seen) return 'here';
  const seen = order.seen(shown);
  if (order.keys && (seen === null || !keys.includes(seen))) return 'nowhere';
  return seen === key ? 'here' : 'elsewhere';
}
