/** What is asked of a journey: `_since`, `_count`, or the next page. */
import { givenTwice } from '../../doors/query.ts';
import { rangeOf } from '../../fhir/index-rows.ts';
import type { Asking } from '../search/candidates.ts';
import { refuse } from '../search/conditions.ts';
import { continued, openCursor } from '../search/cursor.ts';

export type JourneyRequest = { id: string; base: string; pairs: [string, string][] };

/** `after`: the place (`placeOf`) of the last entry of the page before; null on the first page. */
export type Wanted = { count: number; since: Date | null; after: string[] | null; query: string };

/** More entries come on further pages. */
const MOST_COUNT = 500;
const OF_FORM = ['_format', '_pretty'];

/** Throws Rejected(400) for what is not understood, naming it. */
export function readRequest({ key, recipient }: Asking, { id, pairs }: JourneyRequest): Wanted {
  const text = pairs.find(([name]) => name === '_cursor')?.[1];
  const cursor = text === undefined ? null : openCursor(key, recipient, `Group/${id}/$journey`, text);
  const asked = (cursor ? continued(cursor, pairs) : pairs).filter(([name]) => !OF_FORM.includes(name));
  const wanted: Wanted = {
    count: MOST_COUNT,
    since: null,
    after: cursor?.after.by === 'memory' ? cursor.after.keys.map((part) => part ?? '') : null,
    query: new URLSearchParams(asked).toString(),
  };
  for (const [place, [name, value]] of asked.entries()) {
    if (asked.findIndex(([other]) => other === name) !== place) throw givenTwice(name);
    if (name === '_since') wanted.since = readTime(value);
    else if (name === '_count') wanted.count = readCount(value);
    else throw refuse(name, `a journey has no parameter ${name}`);
  }
  return wanted;
}

function readTime(value: string): Date {
  // a `+` before the zone arrives as a space from callers that do not encode it
  const low = rangeOf(value.replace(' ', '+'))?.low ?? '';
  if (Number.isNaN(Date.parse(low)))
    throw refuse('_since', '_since is not a time such as 2026-01-31T09:00:00Z', 'value');
  return new Date(low);
}

function readCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw refuse('_count', '_count is a whole number above 0', 'value');
  return Math.min(Number(value), MOST_COUNT);
}
