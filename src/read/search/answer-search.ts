/** Search over HTTP, by GET or POST `_search`: https://hl7.org/fhir/R4/http.html#search */
import type { Bundle, BundleLink } from '@medplum/fhirtypes';
import { requireScope } from '../../access/authenticate/scopes.ts';
import { searchEntry, searchset } from '../../fhir/bundle.ts';
import { rangeOf } from '../../fhir/index-rows.ts';
import { INDEXED_TYPES } from '../../fhir/search-parameters.ts';
import { shaped } from '../shape.ts';
import { TOPIC } from '../topic.ts';
import type { Asking } from './candidates.ts';
import { followChains } from './chain.ts';
import { continued, openCursor, sealCursor } from './cursor.ts';
import { dateMatches } from './date.ts';
import { findAll } from './find-all.ts';
import { findIncludes } from './include.ts';
import { matchesSearch } from './match.ts';
import { readSearch, type Search } from './query.ts';
import { findPage } from './search.ts';
import { type Page, tooCostly } from './shown.ts';

export type SearchRequest = { type: string; base: string; pairs: [string, string][]; lenient: boolean };

const MOST_COUNTED = 10_000;

/**
 * Throws Rejected(400) for what is not understood, an invalid page link, and what would cost too much, and
 * Rejected(403) where it leads to a type for which the scopes of who asks do not hold `s`.
 */
export async function answerSearch(asking: Asking, request: SearchRequest): Promise<Bundle> {
  const { type, base, pairs } = request;
  const text = pairs.find(([name]) => name === '_cursor')?.[1];
  const cursor = text === undefined ? null : openCursor(asking.key, asking.recipient, type, text);
  const asked = readSearch(cursor ? continued(cursor, pairs) : pairs, request);
  for (const reached of typesReached(asked)) requireScope(asking.recipient, { type: reached, letter: 's' });
  const search = await followChains(asking, asked);
  const total = asked.total || asked.countOnly ? { total: await countAll(asking, search) } : {};
  const self = text === undefined ? search.query : new URLSearchParams({ _cursor: text }).toString();
  if (asked.countOnly)
    return { ...searchset(linksOf(asking, request, search, { next: null, self }), []), ...total };
  const page = type === 'Basic' ? findTopic(search) : await findPage(asking, search, cursor?.after ?? null);
  const included = await findIncludes(asking, search, page.matches);
  const ofIncluded = { ...search.shape, elements: undefined };
  const entries = [
    ...page.matches.map((resource) => searchEntry(base, shaped(resource, search.shape), 'match')),
    ...included.map((resource) => searchEntry(base, shaped(resource, ofIncluded), 'include')),
  ];
  return { ...searchset(linksOf(asking, request, search, { next: page.next, self }), entries), ...total };
}

/** Types beside its own that a search looks at or brings along: each could be searched for alone. */
function typesReached({ chains, includes, revincludes }: Search): string[] {
  const all = new Set([
    ...chains.flatMap(({ targets }) => targets.map(({ type }) => type)),
    ...includes.flatMap(({ params, target }) =>
      target ? [target] : params.flatMap(({ targets }) => targets),
    ),
    ...revincludes.flatMap(({ params }) => params.map(({ type }) => type)),
  ]);
  return INDEXED_TYPES.filter((type) => all.has(type));
}

async function countAll(asking: Asking, search: Search): Promise<number> {
  if (search.type === 'Basic') return findTopic(search).matches.length;
  const found = await findAll(asking, search, MOST_COUNTED);
  if (!found) throw tooCostly('too many to count: narrow the search, or leave _total out');
  return found.length;
}

/** The topic is the one Basic, and in no table. */
function findTopic(search: Search): Page {
  const at = rangeOf(TOPIC.meta?.lastUpdated ?? '');
  const wanted =
    search.ids.every((ids) => ids.includes(TOPIC.id ?? '')) &&
    search.updated.every((tests) => tests.some((test) => at && dateMatches(test, at))) &&
    matchesSearch(search, TOPIC);
  return { matches: wanted ? [TOPIC] : [], next: null };
}

function linksOf(
  asking: Asking,
  { type, base }: SearchRequest,
  search: Search,
  { next, self }: { next: Page['next']; self: string },
): BundleLink[] {
  const links = [{ relation: 'self', url: `${base}/${type}${self && `?${self}`}` }];
  if (!next) return links;
  const cursor = sealCursor(asking.key, asking.recipient, type, { query: search.query, after: next });
  return [...links, { relation: 'next', url: `${base}/${type}?_cursor=${cursor}` }];
}
