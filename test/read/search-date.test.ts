import fc from 'fast-check';
import { expect, test } from 'vitest';
import { binder } from '../../src/access/see/rows.ts';
import { rangeOf } from '../../src/fhir/index-rows.ts';
import { dateMatches, dateSql, readDateTest } from '../../src/read/search/date.ts';
import { testDatabase } from '../support/database.ts';

const matches = (query: string, value: string | { start?: string; end?: string }) => {
  const range = rangeOf(value);
  return range !== undefined && dateMatches(readDateTest('date', query), range);
};

test.each([
  ['2026-01', '2026-01-15', true],
  ['2026-01-15', '2026-01', false],
  ['eq2026', '2026-12-31T23:59:59Z', true],
  ['ne2026', '2025-12-31', true],
  ['ne2026', '2026-05', false],
  ['gt2026-01-15', '2026-01-16', true],
  ['gt2026-01-15', '2026-01-15', false],
  ['gt2026-01-15', '2026-01', true],
  ['lt2026-01-15', '2026-01-14', true],
  ['lt2026-01-15', '2026-01-15', false],
  ['ge2026-01-15', '2026-01-15', true],
  ['ge2026-01-15', '2026-01-14', false],
  ['le2026-01-15', '2026-01-15', true],
  ['le2026-01-15', '2026-01-16', false],
  ['sa2026-01-15', '2026-01-16', true],
  ['sa2026-01-15', '2026-01', false],
  ['eb2026-01-15', '2026-01-14', true],
  ['eb2026-01-15', '2026-01', false],
])('a search for %s finds %s: %s', (query, value, found) => {
  expect(matches(query, value)).toBe(found);
});

test('an open period is found by everything after its start and by nothing that ends', () => {
  expect(matches('ge2026-06', { start: '2026-01-01' })).toBe(true);
  expect(matches('eq2026', { start: '2026-01-01' })).toBe(false);
  expect(matches('lt2025', { start: '2026-01-01' })).toBe(false);
  expect(matches('lt2025', { end: '2026-01-01' })).toBe(true);
});

test('an approximate date reaches a tenth of its distance from now', () => {
  const asked = readDateTest('date', 'ap2020-01-01', Date.parse('2030-01-01'));
  expect(dateMatches(asked, rangeOf('2020-12-01') ?? fail())).toBe(true);
  expect(dateMatches(asked, rangeOf('2021-02-01') ?? fail())).toBe(false);
});

test('what is no date is refused', () => {
  expect(() => readDateTest('date', 'yesterday')).toThrow('date is not a date');
  expect(() => readDateTest('date', 'xx2026')).toThrow('date is not a date');
});

test('SQL and memory agree on every comparison', async () => {
  const { pool } = await testDatabase();
  const day = fc.constantFrom(
    '0000',
    '0001-01-01T00:00:00+14:00',
    '9999-12-31',
    '9999',
    '2026-01-01',
    '2026-01-02',
    '2026-01',
    '2026',
    '2026-01-01T12:00:00Z',
    '2025-12-31',
  );
  const stored = fc.oneof(
    day,
    fc.record({ start: day }),
    fc.record({ end: day }),
    fc.record({ start: day, end: day }),
  );
  const prefix = fc.constantFrom('eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap');
  await fc.assert(
    fc.asyncProperty(prefix, day, stored, async (sign, asked, value) => {
      const wanted = readDateTest('date', sign + asked);
      const range = rangeOf(value) ?? fail();
      const values: unknown[] = [range.low, range.high];
      const sql = dateSql(wanted, { l: 'v.l', h: 'v.h' }, binder(values));
      const { rows } = await pool.query(
        `select ${sql} as found from (select $1::timestamptz l, $2::timestamptz h) v`,
        values,
      );
      expect(rows[0].found).toBe(dateMatches(wanted, range));
    }),
    { numRuns: 200 },
  );
});

function fail(): never {
  throw new Error('not a date');
}
