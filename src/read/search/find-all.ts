/** All that a search finds, or how many they are, as far as its caller may see them. */
import type { Resource } from '@medplum/fhirtypes';
import type { Asking } from './candidates.ts';
import type { Position } from './cursor.ts';
import type { Search } from './query.ts';
import { findPage } from './search.ts';

/** Each of so many rows is looked at. */
const MOST_PAGES = 10;

/** Without versions and times. Null where they are more than `most`, or too much is to be looked through. */
export async function findAll(asking: Asking, search: Search, most: number): Promise<Resource[] | null> {
  const found: Resource[] = [];
  let after: Position | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await findPage(asking, { ...search, sort: [], count: most, unshown: true }, after);
    found.push(...page.matches);
    after = page.next;
    if (found.length > most) return null;
    if (!after) return found;
  }
  return null;
}
