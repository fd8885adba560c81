import { indexRows } from '../fhir/index-rows.ts';
import type { View } from '../store/facts.ts';
import { packTexts } from './columns.ts';

type Indexed = Pick<View, 'content' | 'sources'>;

/**
 * The index rows of all views, a column each; a row names its view by place, from 1. Numbers as array
 * literals: pg's are slower.
 */
export function indexColumns(key: Buffer, views: Indexed[]) {
  const tokens = { places: '', params: '', hashes: '' };
  const dates = { places: '', params: '', lows: [] as string[], highs: [] as string[] };
  const strings = { places: '', params: '', values: [] as string[] };
  for (const [index, view] of views.entries()) {
    const place = `,${index + 1}`;
    const rows = indexView(key, view);
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

/**
 * A Patient is found by what any of its charts says: of which of them a reader may know is asked when it is
 * read.
 */
function indexView(key: Buffer, { content, sources }: Indexed): ReturnType<typeof indexRows> {
  const charts = sources && 'charts' in sources ? sources.charts : [];
  const rows = indexRows(key, content);
  if (charts.length < 2) return rows;
  const all = [rows, ...charts.map(({ content }) => indexRows(key, content))];
  return {
    tokens: distinct(all.flatMap(({ tokens }) => tokens)),
    dates: distinct(all.flatMap(({ dates }) => dates)),
    strings: distinct(all.flatMap(({ strings }) => strings)),
  };
}

const distinct = <T extends object>(rows: T[]): T[] => [
  ...new Map(rows.map((row) => [Object.values(row).join(' '), row])).values(),
];
