import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MATCHING, MATCHING_FILE, parseMatching } from '../../src/access/decide/matching.ts';
import { compare } from '../../src/match/compare.ts';
import { decide } from '../../src/match/decide.ts';
import { keysOf } from '../../src/match/keys.ts';
import { FIELDS } from '../../src/match/model.ts';
import { prepareRecords } from '../../src/match/prepare.ts';
import { type MatchRecord, readRecord } from '../../src/match/record.ts';
import { countPatterns, tune } from '../../src/match/tune.ts';
import { nhsNumber } from '../support/records.ts';
import { AS_OF, adult } from './person.ts';

const pick = <T>(...values: T[]) => fc.constantFrom(...values, undefined);
const anyone: fc.Arbitrary<MatchRecord> = fc
  .record({
    id: fc.uuid(),
    nhsNumber: pick(nhsNumber(1), nhsNumber(2)),
    verified: fc.boolean(),
    given: pick(['Jayden'], ['Kayden'], ['Kate', 'Ann'], ['Katherine'], ['K'], ['Baby'], ['Testerley']),
    family: pick('Testerley', 'Testerly', 'Other-Testerley', 'Jayden'),
    birthDate: pick('2024-05-02', '2024-02-05', '2024-05-03', '1990-04-12', '1900-01-01'),
    sex: pick('male', 'female'),
    addressLine: pick('4 Synthetic Street', '4 Synthetic St', '5 Synthetic Street'),
    postcode: pick('TE1 2ST', 'TE1 2SU', 'TE9 9ZZ'),
    phones: pick(['07700 900123'], ['07700 900124']),
    multipleBirth: pick(true, false),
    birthOrder: pick(1, 2),
    motherNhsNumber: pick(nhsNumber(2), nhsNumber(3)),
  })
  .map((raw) => readRecord(raw, AS_OF));

it('two records are compared and decided alike, whichever is named first', () => {
  fc.assert(
    fc.property(anyone, anyone, (one, other) => {
      const [a, b] = prepareRecords([one, other], MATCHING) as [MatchRecord, MatchRecord];
      const [there, back] = [compare(a, b, MATCHING), compare(b, a, MATCHING)];
      expect(back).toEqual(there);
      expect(decide(b, a, back, MATCHING)).toEqual(decide(a, b, there, MATCHING));
    }),
    { numRuns: 500 },
  );
});

it('more agreement never says less for one person', () => {
  for (const field of FIELDS) {
    const bits = Object.values(MATCHING.bits[field]).map(({ stranger }) => stranger);
    expect(bits).toEqual([...bits].sort((x, y) => y - x));
  }
  fc.assert(
    fc.property(anyone, anyone, (a, b) => {
      const { totals } = compare(a, b, MATCHING);
      for (const field of ['sex', 'phones', 'motherNumber', 'family', 'birthDate'] as const) {
        const said = a[field] !== undefined && b[field] !== undefined;
        const both = said && [a[field], b[field]].flat().length > 1;
        if (!both || (field === 'family' && (a.given.length > 0 || b.given.length > 0))) continue;
        const nearer = compare(a, { ...b, [field]: a[field] }, MATCHING);
        expect(nearer.totals.stranger).toBeGreaterThanOrEqual(totals.stranger - 1e-9);
      }
    }),
    { numRuns: 500 },
  );
});

it('a total is the prior and the bits of the fields that both have', () => {
  const { totals, bits } = compare(adult(), adult({ phones: [] }), MATCHING);
  expect(bits.phone).toBeUndefined();
  const sum = Object.values(bits).reduce((total, { stranger }) => total + stranger, 0);
  expect(totals.stranger).toBeCloseTo(sum - Math.log2(56_000_000), 9);
});

it('keys are of what says something only', () => {
  const said = keysOf(adult()).join('\n');
  for (const part of [nhsNumber(1), '1990-04-12 M', 'TE12ST', '07700900123']) expect(said).toContain(part);
  const silent = adult({
    birthDate: '1990-01-01',
    postcode: 'ZZ99 3VZ',
    nhsNumber: '9999999999',
    phones: [],
  });
  expect(keysOf(silent)).toEqual(['called morwenna testerley']);
});

it('two records of one person share a key though each field may be wrong', () => {
  const keys = new Set(keysOf(adult()));
  const changes = [
    { birthDate: '1990-12-04', nhsNumber: '' },
    { given: ['Wenna'], nhsNumber: '' },
    { family: 'Married', nhsNumber: '', addressLine: '', postcode: '', phones: [] },
    { given: ['Testerley'], family: 'Morwenna', nhsNumber: '', postcode: '', phones: [] },
    { given: [], family: '', postcode: '', phones: [] },
  ];
  for (const change of changes) expect(keysOf(adult(change)).some((key) => keys.has(key))).toBe(true);
});

const FILE = readFileSync(MATCHING_FILE, 'utf8');

it.each([
  [
    'a column that adds up to something else',
    'same: 0.955',
    'same: 0.5',
    'weights.birthDate: same adds up to',
  ],
  ['a level that says more than one of more agreement', '0.00006,', '0.5,', 'weights.birthDate'],
  ['a field that is none', 'sharedBy', 'sharedWith', 'sharedWith'],
])('weights with %s are refused, with the line', (_, before, after, said) => {
  expect(FILE).toContain(before);
  expect(() => parseMatching(FILE.replace(before, after), 'matching.yaml')).toThrow(said);
});

it('learns the same from the same pairs, keeps the order of levels, and leaves families alone', () => {
  const [candidates, strangers] = [countPatterns(), countPatterns()];
  const levels = compare(adult(), adult({ given: ['Morwena'] }), MATCHING).levels;
  for (let n = 0; n < 300; n += 1) candidates.add(n % 3 ? levels : { ...levels, address: 'different' });
  for (let n = 0; n < 300; n += 1) candidates.add({ ...levels, number: 'different', birthDate: 'different' });
  for (let n = 0; n < 900; n += 1) strangers.add({ ...levels, number: 'different', family: 'different' });
  const seen = { candidates: candidates.list(), strangers: strangers.list(), hasFamilies: true };
  const learned = tune(MATCHING, seen);
  expect(tune(MATCHING, seen)).toEqual(learned);
  expect(learned.version).toBe(MATCHING.version + 1);
  for (const field of FIELDS) {
    const bits = Object.values(learned.bits[field]).map(({ stranger }) => stranger);
    for (const [at, value] of bits.entries()) expect(value).toBeLessThanOrEqual((bits[at - 1] ?? 99) + 0.001);
    for (const [level, { family }] of Object.entries(learned.weights[field]))
      expect(family).toBeCloseTo(MATCHING.weights[field][level]!.family, 2);
  }
});
