/** The picture of a family, whatever is in it: nothing lies on anything else, and what is open is never folded. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawPicture, type Format, type Scene } from '../../../src/web/pages/draw/picture.ts';
import { foldRows, packRows, placeItem } from '../../../src/web/pages/draw/place.ts';
import { agesIn, chooseWindow, monthsIn, scaleTo } from '../../../src/web/pages/draw/scale.ts';
import type { Shape } from '../../../src/web/pages/draw/shape.ts';
import { shorten, widthOf, wrap } from '../../../src/web/pages/draw/text-width.ts';
import type { Item } from '../../../src/web/pages/journey/items.ts';
import { makeJourneyPage } from '../../../src/web/pages/journey/page.ts';
import { ageOf, dateTime, dayOf, listOf, nameTogether } from '../../../src/web/pages/words.ts';
import { ago, journeyWith, NOW } from './bundles.ts';

const TODAY = dayOf(NOW.toISOString()) as number;
const WINDOW = { from: TODAY - 110, to: TODAY + 45 };

const anItem = fc
  .record({
    from: fc.integer({ min: TODAY - 400, max: TODAY + 20 }),
    length: fc.option(fc.integer({ min: 0, max: 200 })),
    label: fc.string({ minLength: 1, maxLength: 60 }),
    dots: fc.array(fc.integer({ min: TODAY - 100, max: TODAY }), { maxLength: 12 }),
    plans: fc.array(fc.integer({ min: TODAY, max: TODAY + 40 }), { maxLength: 3 }),
    kind: fc.constantFrom('care' as const, 'referral' as const),
  })
  .map(({ from, length, label, ...rest }): Item => {
    const to = length === null ? null : from + length;
    const said = { strong: label, what: '', when: '', contacts: '' };
    const labels = [`${label}, since then`, label, label.slice(0, 5)];
    return { ...rest, ...said, n: 0, references: [''], from, to, labels, isOwn: false, isExistence: false };
  });
const lanesOf = (items: Item[]) => [
  {
    ...{ kind: 'mother' as const, name: 'Tamsin', role: 'mother', sentence: 'No care is shown.' },
    items: items.map((item, place) => ({ ...item, n: place + 1 })),
  },
];

const wordsIn = (shapes: Shape[], className: string): string[] =>
  shapes.flatMap(({ attrs, text = '', inside = [] }) =>
    attrs.class === className ? [text] : wordsIn(inside, className),
  );

const numbersIn = (shapes: Shape[]): number[] => wordsIn(shapes, 'app-item__n').map(Number);

test.each(['wide', 'narrow', 'column'] as const)('in a %s picture no two items of a row meet', (kind) => {
  const width = { wide: 1118, narrow: 343, column: 520 }[kind];
  const sheet = { scale: scaleTo(WINDOW, width), today: TODAY, size: 15 };
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 40 }), (items) => {
      const placed = items.map((item) => placeItem(sheet, item));
      for (const { labelX, label } of placed) {
        expect(labelX).toBeGreaterThanOrEqual(14);
        expect(labelX + widthOf(label, 15)).toBeLessThanOrEqual(width);
      }
      const rows = packRows(placed);
      for (const row of rows)
        for (const [place, one] of row.entries())
          for (const other of row.slice(place + 1))
            expect(one.left >= other.right || one.right <= other.left).toBe(true);
      const { rows: shown, folded } = foldRows(rows, TODAY);
      expect(shown.flat().length + folded.length).toBe(items.length);
      expect(folded.filter(({ to, plans }) => to === null || to >= TODAY || plans.length > 0)).toEqual([]);
    }),
  );
});

test('every number is in both pictures, or is counted as being in the table', () => {
  fc.assert(
    fc.property(fc.array(anItem, { maxLength: 30 }), (items) => {
      const scene: Scene = { lanes: lanesOf(items), window: WINDOW, today: TODAY, age: null };
      for (const kind of ['wide', 'narrow'] as const) {
        const { shapes } = drawPicture(scene, { id: 'x', kind });
        const numbers = numbersIn(shapes);
        const note = wordsIn(shapes, 'app-lane__empty').join(' ');
        const told = [...note.matchAll(/(\d+) (?:ended before|more that ended)/g)].map(([, n]) => Number(n));
        expect(new Set(numbers).size).toBe(numbers.length);
        const counted = told.length > 0 ? told.reduce((sum, n) => sum + n, 0) : 0;
        expect(numbers.length + counted).toBe(items.length);
      }
    }),
    { numRuns: 50 },
  );
});

test('picture and table of one page have the same numbers, and the same again for the telephone', () => {
  const formats: Format[] = [
    { id: 'a', kind: 'wide' },
    { id: 'b', kind: 'narrow' },
  ];
  const page = makeJourneyPage(
    journeyWith((place) => place),
    { isWhole: false, formats },
  );
  const rows = page.rows.map(({ n }) => n);
  expect(rows).toEqual([1, 2]);
  for (const { shapes } of page.pictures) expect(numbersIn(shapes)).toEqual(rows);
});

test('a window holds the present stage, today and six weeks more, and five months at least', () => {
  const bounds = { today: TODAY, stage: TODAY - 92, first: TODAY - 300, lastPlanned: null };
  expect(chooseWindow(bounds, false)).toEqual({ from: TODAY - 108, to: TODAY + 42 });
  expect(chooseWindow(bounds, true).from).toBe(TODAY - 314);
  expect(chooseWindow({ ...bounds, stage: TODAY, lastPlanned: TODAY + 90 }, false)).toEqual({
    from: TODAY - 46,
    to: TODAY + 104,
  });
});

test('months have names, each third of many; ages are in weeks, then months', () => {
  const names = (from: string, to: string) =>
    monthsIn({ from: dayOf(from) as number, to: dayOf(to) as number }).map(({ name }) => name);
  expect(names('2026-08-15', '2027-01-20')).toEqual(['Sep 2026', 'Oct', 'Nov', 'Dec', 'Jan 2027']);
  expect(names('2025-01-15', '2026-12-01').length).toBe(8);
  const born = TODAY - 200;
  expect(agesIn({ from: born, to: TODAY + 60 }, born).map(({ name }) => name)).toEqual([
    ...['4 weeks', '8 weeks', '12 weeks', '16 weeks', '20 weeks', '24 weeks', '7 months', '8 months'],
  ]);
});

test('text is wrapped and cut by its width', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 30, max: 400 }), (text, width) => {
      expect(wrap(text, 15, width).join(' ')).toBe(text);
      const cut = shorten(text, 15, width);
      expect(widthOf(cut, 15) <= width || [...cut].length <= 2).toBe(true);
    }),
  );
});

test.each([
  [0, '0 days'],
  [1, '1 day'],
  [7, '1 week'],
  [181, '25 weeks'],
  [182, '5 months'],
  [800, '2 years'],
  [-1, ''],
])('somebody born %i days ago is said to be %s old', (days, words) => {
  expect(ageOf(dayOf(ago(days)) as number, TODAY)).toBe(words);
});

test('dates, times, lists and names are as people write them', () => {
  expect(dateTime(new Date('2026-07-01T08:30:00Z'))).toBe('1 July 2026, 9:30am');
  expect(dateTime(new Date('2026-12-01T14:00:00Z'))).toBe('1 December 2026, 2pm');
  expect(listOf(['A', 'B', 'C'])).toBe('A, B and C');
  const kit = { given: 'Kit', family: 'Penrose' };
  expect(nameTogether([{ given: 'Tamsin', family: 'Penrose' }, kit])).toBe('Tamsin and Kit Penrose');
  expect(nameTogether([{ given: 'Ada', family: 'Zola' }, kit])).toBe('Ada Zola and Kit Penrose');
  expect(nameTogether([])).toBe('');
});
