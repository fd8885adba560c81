/** Ages by which less is known of young people: pure, by days in UTC (src/access/decide/young.ts). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ageAt, birthsTurning, isClosed, youthOf } from '../../src/access/decide/young.ts';

const on = (day: string) => new Date(`${day}T12:00:00Z`);
const youth = (births: string[], day: string, parent = false) => youthOf({ births, parent }, on(day));

describe('an age', () => {
  it.each([
    ['2010-05-06', '2026-05-05', 15],
    ['2010-05-06', '2026-05-06', 16],
    ['2010-05', '2026-05-30', 15],
    ['2010-05', '2026-05-31', 16],
    ['2010', '2026-12-30', 15],
    ['2010', '2026-12-31', 16],
    ['2012-02-29', '2028-02-28', 15],
    ['2012-02-29', '2028-02-29', 16],
    ['2012-02-29', '2025-02-28', 12],
    ['2012-02-29', '2025-03-01', 13],
  ])('of %s on %s is %i', (born, day, age) => expect(ageAt(born, on(day))).toBe(age));
});

describe('who is young', () => {
  it.each([
    ['an infant is not', ['2024-01-01'], false, null],
    ['a mother under five by a wrong date is held', ['2024-01-01'], true, 'held'],
    ['a child of seven is held', ['2019-01-01'], false, 'held'],
    ['fifteen', ['2011-01-01'], false, 'young'],
    ['sixteen is not', ['2010-01-01'], false, null],
    ['of two charts the younger counts', ['2009-01-01', '2011-01-01'], false, 'young'],
    [
      'nor does a date that makes an infant of her open anything',
      ['2011-01-01', '2025-01-01'],
      false,
      'young',
    ],
    ['of whom nothing is known is no child', [], true, null],
  ] as const)('%s', (_case, births, parent, expected) =>
    expect(youth([...births], '2026-06-01', parent)).toBe(expected),
  );

  it('no further birth date ever opens anybody to a charity', () => {
    const date = fc
      .date({ min: on('2005-01-01'), max: on('2026-05-31'), noInvalidDate: true })
      .map((day) => day.toISOString().slice(0, 10));
    const dates = fc.array(
      fc.tuple(date, fc.constantFrom(4, 7, 10)).map(([day, length]) => day.slice(0, length)),
      { maxLength: 4 },
    );
    const asking = { service: 's', sector: 'third-sector', care: 'open' as const, at: on('2026-06-01') };
    const closed = (births: string[], parent: boolean) => isClosed({ births, parent, rulings: [] }, asking);
    fc.assert(
      fc.property(dates, dates, fc.boolean(), (births, more, parent) => {
        fc.pre(closed(births, parent));
        expect(closed([...births, ...more], parent)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

it('whoever is of another age tomorrow is found by the date that their chart has', () => {
  const day = fc
    .date({ min: on('2019-01-01'), max: on('2040-01-01'), noInvalidDate: true })
    .map((one) => one.toISOString().slice(0, 10));
  const after = (one: string, days: number) =>
    on(new Date(on(one).getTime() + days * 86_400_000).toISOString().slice(0, 10));
  fc.assert(
    fc.property(
      day,
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 18 * 366 }),
      (from, days, old) => {
        const to = after(from, days);
        const born = new Date(on(from).getTime() - old * 86_400_000).toISOString().slice(0, 10);
        for (const date of [born, born.slice(0, 7), born.slice(0, 4)]) {
          const turned = [5, 13, 16].some((age) => ageAt(date, on(from)) < age && ageAt(date, to) >= age);
          expect(birthsTurning(on(from), to).includes(date)).toBe(turned);
        }
      },
    ),
    { numRuns: 500 },
  );
});
