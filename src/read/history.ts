/** https://hl7.org/fhir/R4/http.html#history , of one resource. */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { givenTwice } from '../doors/query.ts';
import { historyBundle } from '../fhir/bundle.ts';
import { type Range, rangeOf } from '../fhir/index-rows.ts';
import { seeVersions } from './read.ts';
import type { Asking } from './search/candidates.ts';
import { refuse } from './search/conditions.ts';
import { continued, openCursor, sealCursor } from './search/cursor.ts';
import { readShape, type Shape, shaped, WHOLE } from './shape.ts';

export type HistoryRequest = {
  type: string;
  id: string;
  base: string;
  pairs: [string, string][];
  lenient: boolean;
};

/** Versions since a time, those that were the present one in a span, so many a page. */
type Wanted = { count: number; since: string; at: Range | undefined; shape: Shape };

/** More come on further pages. */
const MOST_COUNT = 1_000;

/**
 * Versions, newest first. Throws Rejected(404) where the present one does not exist or may not be seen, and
 * Rejected(400) for what is not understood.
 */
export async function readHistory(asking: Asking, request: HistoryRequest): Promise<Bundle> {
  const { type, id, base } = request;
  const path = `${type}/${id}/_history`;
  const text = request.pairs.find(([name]) => name === '_cursor')?.[1];
  const cursor = text === undefined ? null : openCursor(asking.key, asking.recipient, path, text);
  const pairs = cursor ? continued(cursor, request.pairs) : request.pairs.filter(isOwn);
  const { wanted, query } = readWanted(pairs, request);
  const versions = choose(await seeVersions(asking, type, id), wanted);
  const last = cursor?.after.by === 'memory' ? cursor.after.keys[0] : undefined;
  const from = last === undefined ? 0 : versions.findIndex(({ meta }) => meta?.versionId === last) + 1;
  if (cursor && from === 0) throw refuse('_cursor', 'this page link is no more: start again', 'value');
  const page = versions.slice(from, from + wanted.count);
  const self = text === undefined ? query : new URLSearchParams({ _cursor: text }).toString();
  const links = [{ relation: 'self', url: `${base}/${path}${self && `?${self}`}` }];
  if (from + page.length < versions.length) {
    const after = { by: 'memory' as const, keys: [page.at(-1)?.meta?.versionId ?? null] };
    const next = sealCursor(asking.key, asking.recipient, path, { query, after });
    links.push({ relation: 'next', url: `${base}/${path}?_cursor=${next}` });
  }
  return historyBundle(
    base,
    links,
    page.map((version) => shaped(version, wanted.shape)),
  );
}

const isOwn = ([name]: [string, string]) => name !== '_format' && name !== '_pretty';

function readWanted(
  pairs: [string, string][],
  { type, lenient }: HistoryRequest,
): { wanted: Wanted; query: string } {
  const wanted: Wanted = { count: MOST_COUNT, since: '', at: undefined, shape: WHOLE };
  const known = new Set<string>();
  const understood = pairs.filter(([name, value]) => {
    if (known.has(name) && !lenient) throw givenTwice(name);
    const isKnown = !known.has(name) && readOne(wanted, type, { name, value });
    if (!isKnown && !lenient) throw refuse(name, `a history has no parameter ${name}`);
    known.add(name);
    return isKnown;
  });
  return { wanted, query: new URLSearchParams(understood).toString() };
}

function readOne(wanted: Wanted, type: string, { name, value }: { name: string; value: string }): boolean {
  if (name === '_count') wanted.count = readCount(value);
  else if (name === '_since') wanted.since = readSpan(name, value).low;
  else if (name === '_at') wanted.at = readSpan(name, value);
  else if (name === '_summary' || name === '_elements')
    wanted.shape = readShape(wanted.shape, type, { name, value });
  else return false;
  return true;
}

function readCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw refuse('_count', '_count is a whole number above 0', 'value');
  return Math.min(Number(value), MOST_COUNT);
}

function readSpan(name: string, value: string): Range {
  // a `+` before the zone arrives as a space from callers that do not encode it
  const span = rangeOf(value.replace(' ', '+'));
  if (!span) throw refuse(name, `${name} is not a time such as 2026-01-31T09:00:00Z`, 'value');
  return span;
}

/** Those wanted of all versions, oldest first: newest first. ISO instants in UTC sort as their text does. */
function choose(versions: Resource[], { since, at }: Wanted): Resource[] {
  const began = versions.map(({ meta }) => new Date(meta?.lastUpdated ?? 0).toISOString());
  const isWanted = (_: Resource, index: number) => {
    const [from = '', until = 'infinity'] = [began[index], began[index + 1]];
    if (from < since) return false;
    return !at || (isBefore(from, at.high) && isBefore(at.low, until));
  };
  return versions.filter(isWanted).reverse();
}

const isBefore = (a: string, b: string) => a !== b && (a === '-infinity' || b === 'infinity' || a < b);
