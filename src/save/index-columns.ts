import type { Resource } from '@medplum/fhirtypes';
import { indexRows } from '../fhir/index-rows.ts';
import { packTexts } from './columns.ts';

/** The index rows of all views, a column each; a row names its view by place, from 1. Numbers as array literals: pg's are slower. */
export function indexColumns(key: Buffer, views: { content: Resource }[]) {
  const tokens = { places: '', params: '', hashes: '' };
  const dates = { places: '', params: '', lows: [] as string[], highs: [] as string[] };
  const strings = { places: '', params: '', values: [] as string[] };
  for (const [index, { content }] of views.entries()) {
    const place = `,${index + 1}`;
    const rows = indexRows(key, content);
    for (const { param, hash } of rows.tokens) {
      tokens.places += place;
      tokens.params += `,${param}`;
      tokens.hashes += `,${hash}`;
    }
    for (const { param, low, high } of rows.dates) {
      dates.places += place;
      dates.params += `,${param}`;
      dates.lows.push(low);
      dates.highs.push(high);
    }
    for (const { param, value } of rows.strings) {
      strings.places += place;
      strings.params += `,${param}`;
      strings.values.push(value);
    }
  }
  const list = (items: string) => `{${items.slice(1)}}`;
  return {
    tokenViews: list(tokens.places),
    tokenParams: list(tokens.params),
    tokenHashes: list(tokens.hashes),
    dateViews: list(dates.places),
    dateParams: list(dates.params),
    dateLows: packTexts(dates.lows),
    dateHighs: packTexts(dates.highs),
    stringViews: list(strings.places),
    stringParams: list(strings.params),
    stringValues: packTexts(strings.values),
  };
}
