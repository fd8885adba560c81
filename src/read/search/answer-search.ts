/** Search over HTTP, by GET or POST `_search`: https://hl7.org/fhir/R4/http.html#search */
import type { Bundle, BundleLink } from '@medplum/fhirtypes';
import { searchEntry, searchset } from '../../fhir/bundle.ts';
import { rangeOf } from '../../fhir/index-rows.ts';
import { TOPIC } from '../topic.ts';
import type { Asking } from './candidates.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { dateMatches } from './date.ts';
import { findIncludes } from './include.ts';
import { matchesSearch } from './match.ts';
import { byPatient } from './of-patient.ts';
import { readSearch, refuse, type Search } from './query.ts';
import { findPage } from './search.ts';
import type { Page } from './shown.ts';

export type SearchRequest = { type: string; base: string; pairs: [string, string][]; lenient: boolean };

/** Throws Rejected(400) for what is not understood, an invalid page link, and what would cost too much. */
export async function answerSearch(asking: Asking, request: SearchRequest): Promise<Bundle> {
  const { type, base, pairs } = request;
  const text = pairs.find(([name]) => name === '_cursor')?.[1];
  if (text !== undefined && pairs.some(([name]) => !['_cursor', '_format', '_pretty'].includes(name)))
    throw refuse('_cursor', 'a page link is followed as it is, without other parameters');
  const cursor = text === undefined ? null : openCursor(asking.key, asking.recipient, type, text);
  const read = readSearch(cursor ? [...new URLSearchParams(cursor.query)] : pairs, request);
  const search = await byPatient(asking, read);
  const page = type === 'Basic' ? findTopic(search) : await findPage(asking, search, cursor?.after ?? null);
  const included = await findIncludes(asking, search, page.matches);
  const self = text === undefined ? search.query : new URLSearchParams({ _cursor: text }).toString();
  return searchset(linksOf(asking, request, search, page, self), [
    ...page.matches.map((resource) => searchEntry(base, resource, 'match')),
    ...included.map((resource) => searchEntry(base, resource, 'include')),
  ]);
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
  page: Page,
  self: string,
): BundleLink[] {
  const links = [{ relation: 'self', url: `${base}/${type}${self && `?${self}`}` }];
  if (!page.next) return links;
  const cursor = sealCursor(asking.key, asking.recipient, type, { query: search.query, after: page.next });
  return [...links, { relation: 'next', url: `${base}/${type}?_cursor=${cursor}` }];
}
