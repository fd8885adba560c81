/** Waits in figures that tell of nobody: of no pair of them is a count under five found out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Count, type Course, countOf, figuresOf } from '../../src/access/waits/figures.ts';
import { readPeriod } from '../../src/access/waits/period.ts';

const QUARTER = readPeriod('2026-Q3', '2026-11-30', false);
const dayOf = (n: number) => new Date(Date.UTC(2026, 4, 1) + n * 86_400_000).toISOString().slice(0, 10);
const anyDay = fc.integer({ min: 0, max: 240 }).map(dayOf);
const anyCourse: fc.Arbitrary<Course> = fc.record({
  asked: anyDay,
  sent: anyDay,
  accepted: fc.option(anyDay),
  begun: fc.option(anyDay),
  refused: fc.option(anyDay),
});
/** All numbers that are told as one count. */
const numbersBehind = (told: Count): number[] => Array.from({ length: 5 }, (_, index) => (told ?? 0) + index);

describe('what is told of a number', () => {
  test('is nothing below five, and else in fives', () => {
    expect([0, 1, 4, 5, 9, 10, 101].map(countOf)).toEqual([null, null, null, 5, 5, 10, 100]);
  });

  test('leaves open which number it is, and so does any difference of two that may be under five', () => {
    const number = fc.integer({ min: 0, max: 400 });
    fc.assert(
      fc.property(number, number, (one, other) => {
        for (const known of [one, other]) expect(numbersBehind(countOf(known))).toContain(known);
        const differences = new Set(
          numbersBehind(countOf(one)).flatMap((a) =>
            numbersBehind(countOf(other)).map((b) => Math.abs(a - b)),
          ),
        );
        const small = [...differences].filter((difference) => difference < 5);
        expect(small.length === 0 || small.length > 1).toBe(true);
      }),
    );
  });
});

describe('figures of a quarter', () => {
  test('say how long of five or more only, and no count but in fives', () => {
    fc.assert(
      fc.property(fc.array(anyCourse, { maxLength: 60 }), (courses) => {
        const told = figuresOf(courses, QUARTER);
        for (const count of Object.values(told.referrals))
          expect(count === null || (count >= 5 && count % 5 === 0)).toBe(true);
        expect(told.daysToAccepted === null).toBe(told.referrals.accepted === null);
        expect(told.daysToCareBegun === null).toBe(told.referrals.careBegun === null);
        expect(told.daysOpen === null).toBe(told.referrals.open === null);
        for (const waits of [told.daysToAccepted, told.daysToCareBegun, told.daysOpen])
          if (waits) {
            expect(waits.median).toBeLessThanOrEqual(waits.ninetieth);
            expect(waits.ninetieth).toBeLessThanOrEqual(waits.longest);
          }
      }),
    );
  });

  test('count from the first referral, by the quarter in which it happened', () => {
    const course = (asked: string, rest: Partial<Course> = {}): Course => ({
      ...{ asked, sent: asked, accepted: null, begun: null, refused: null },
      ...rest,
    });
    const accepted = [1, 2, 3, 4, 5, 6, 7, 8, 9, 30].map((days) =>
      course(`2026-07-0${(days % 9) + 1}`, { asked: '2026-07-01', accepted: dayOf(61 + days) }),
    );
    const open = Array.from({ length: 6 }, () => course('2026-06-30', { accepted: '2026-10-02' }));
    const begun = Array.from({ length: 5 }, () => course('2026-08-01', { begun: '2026-08-21' }));
    const later = Array.from({ length: 9 }, () => course('2026-10-01'));
    expect(figuresOf([...accepted, ...open, ...begun, ...later], QUARTER)).toEqual({
      referrals: { sent: 15, accepted: 15, refused: null, careBegun: 5, open: 5 },
      daysToAccepted: { median: 8, ninetieth: 20, longest: 30 },
      daysToCareBegun: { median: 20, ninetieth: 20, longest: 20 },
      daysOpen: { median: 92, ninetieth: 92, longest: 92 },
    });
  });
});

describe('a period', () => {
  test('is a quarter: the present one up to today, or one that is over', () => {
    expect(readPeriod(undefined, '2026-11-30', false)).toEqual({
      ...{ name: '2026-Q4', from: '2026-10-01', until: '2026-11-30', isOver: false },
    });
    expect(readPeriod(undefined, '2026-01-05', true)).toMatchObject({ name: '2025-Q4', isOver: true });
    expect(readPeriod('2026-Q1', '2026-11-30', true)).toMatchObject({
      from: '2026-01-01',
      until: '2026-03-31',
    });
  });

  test.each([
    ['2026-09', false],
    ['2026-Q5', false],
    ['2027-Q1', false],
    ['2026-Q4', true],
  ])('is refused: %s', (name, isOnlyOver) => {
    expect(() => readPeriod(name, '2026-11-30', isOnlyOver)).toThrow();
  });
});
