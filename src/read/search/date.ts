/** Dates are spans, and a search compares two of them: https://hl7.org/fhir/R4/search.html#prefix */
import { Rejected } from '../../errors.ts';
import { instantText, type Range, rangeOf } from '../../fhir/index-rows.ts';

/**
 * When a stored span [l, h) answers a search for [low, high). One text for both readers: SQL takes it as it
 * is.
 */
const CONDITIONS = {
  eq: 'l >= low and h <= high',
  ne: 'l < low or h > high',
  gt: 'h > high',
  lt: 'l < low',
  ge: 'l >= low or h > high',
  le: 'l < low or h <= high',
  sa: 'l >= high',
  eb: 'h <= low',
  ap: 'l < high and h > low',
};
type Prefix = keyof typeof CONDITIONS;
type Names = { l: string; h: string; low: string; high: string };

/** Compare with [low, high), ISO instants in UTC. */
export type DateTest = Range & { prefix: Prefix };

/**
 * Reads `ge2026-01`; refuses (400) what is no date. `ap` is made wider by a tenth of its distance from now,
 * as FHIR proposes.
 */
export function readDateTest(name: string, text: string, now = Date.now()): DateTest {
  const start = text.slice(0, 2);
  const prefix = start in CONDITIONS ? (start as Prefix) : 'eq';
  // a `+` before the zone arrives as a space from callers that do not encode it
  const range = rangeOf((start === prefix ? text.slice(2) : text).replace(' ', '+'));
  if (!range) {
    const issue = `${name} is not a date such as ge2026-01-31`;
    throw new Rejected(400, [{ severity: 'error', code: 'value', field: name, text: issue }]);
  }
  if (prefix !== 'ap') return { prefix, ...range };
  const slack = Math.abs(now - Date.parse(range.low)) / 10 || 0;
  const moved = (time: string, by: number) =>
    time.endsWith('infinity') ? time : instantText(new Date(Date.parse(time) + by));
  return { prefix, low: moved(range.low, -slack), high: moved(range.high, slack) };
}

type Bind = (value: unknown, cast: string) => string;

/**
 * SQL condition over columns `l` and `h`. Binds only the bounds it compares with: an unused parameter has no
 * type.
 */
export function dateSql(test: DateTest, columns: { l: string; h: string }, bind: Bind): string {
  const texts: Record<keyof Names, () => string> = {
    l: () => columns.l,
    h: () => columns.h,
    low: () => bind(test.low, 'timestamptz'),
    high: () => bind(test.high, 'timestamptz'),
  };
  return `(${CONDITIONS[test.prefix].replace(/\b(low|high|l|h)\b/g, (name) => texts[name as keyof Names]())})`;
}

/** The same in memory. ISO instants in UTC sort as their text does, between `-infinity` and `infinity`. */
export function dateMatches({ prefix, low, high }: DateTest, range: Range): boolean {
  const names: Names = { l: range.low, h: range.high, low, high };
  return CONDITIONS[prefix].split(' or ').some((part) =>
    part.split(' and ').every((comparison) => {
      const [left, sign, right] = comparison.split(' ') as [keyof Names, string, keyof Names];
      const [a, b] = [names[left], names[right]];
      return sign.startsWith('<') ? a < b || (sign === '<=' && a === b) : a > b || (sign === '>=' && a === b);
    }),
  );
}
