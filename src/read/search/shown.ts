/** From the rows that a search may find to what it shows of them. */
import type { Resource } from '@medplum/fhirtypes';
import { findWithin } from '../../access/see/rows.ts';
import { showEach } from '../../access/see/versions.ts';
import { type Seen, seeEach, standIn } from '../../access/see/visible.ts';
import { Rejected } from '../../errors.ts';
import { rangeOf } from '../../fhir/index-rows.ts';
import type { Asking, Candidate } from './candidates.ts';
import type { Position } from './cursor.ts';
import { dateMatches } from './date.ts';
import { matchesSearch } from './match.ts';
import type { Search } from './query.ts';

/** `next` is where the following page starts; null when nothing more is to be found by this recipient. */
export type Page = { matches: Resource[]; next: Position | null };

export function tooCostly(text: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code: 'too-costly', text }]);
}

/**
 * A resource that the recipient may see, with its version and time where those decide whether or where it is
 * found.
 */
export type Shown = Seen & { isShown: boolean };

/** Each row as the recipient finds it; null where it may not see it, or not what it searches by. */
export async function seeCandidates(
  { db, recipient }: Asking,
  search: Search,
  rows: Candidate['row'][],
): Promise<(Shown | null)[]> {
  const all = await seeEach(db, recipient, rows.length > 0 ? rows : [standIn(search.type)]);
  // Of what it is not found by nothing more is read than of what is not there.
  const seen = rows.map((_, index) => {
    const one = all[index];
    return one && matchesSearch(search, one.resource) ? one : null;
  });
  const isShown = search.updated.length > 0 || search.sort.some(({ code }) => code === '_lastUpdated');
  if (!isShown) return seen.map((one) => one && { ...one, isShown });
  const found = seen.filter((one) => one !== null);
  const shown = await showEach(db, recipient, found);
  const byRow = new Map(found.map(({ row }, index) => [row.rowId, shown[index] as Resource]));
  return seen.map((one) => one && { ...one, resource: byRow.get(one.row.rowId) as Resource, isShown });
}

/** Of what was found by what it says: whether it also changed when it should have. */
export function isMatch(search: Search, { resource, isShown }: Shown): boolean {
  const at = isShown ? rangeOf(resource.meta?.lastUpdated ?? '') : undefined;
  return search.updated.every((tests) => at && tests.some((test) => dateMatches(test, at)));
}

/**
 * The matches of a page as they are shown. Found as Skein finds, they are now looked for as whoever searches:
 * of a stranger nothing is behind the wall.
 */
export async function showMatches(
  { db, recipient }: Asking,
  { unshown = false }: Search,
  found: Shown[],
): Promise<Resource[]> {
  const within = await findWithin(
    { db, recipient },
    found.map(({ row }) => row.rowId),
  );
  const matches = found.filter(({ row }) => within.has(row.rowId));
  if (unshown) return matches.map(({ row, resource }) => ({ ...resource, id: row.id }));
  return matches.some(({ isShown }) => !isShown)
    ? showEach(db, recipient, matches)
    : matches.map(({ resource }) => resource);
}
