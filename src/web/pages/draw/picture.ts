/** The whole picture of a family: axis, lanes, today. Two are sent, and the style sheet shows one. */
import type { Lane } from '../journey/lanes.ts';
import { dayAndMonth, monthOf, sayCount } from '../words.ts';
import { drawItem } from './marks.ts';
import { foldRows, type Placed, packRows, placeItem, type Sheet } from './place.ts';
import { agesIn, monthsIn, round, scaleTo, type Window } from './scale.ts';
import { group, line, rect, type Shape, text } from './shape.ts';
import { shorten, widthOf, wrap } from './text-width.ts';

/** `kind` wide, narrow or column: as the style sheet knows it. `id` is one of the page's own. */
export type Picture = {
  id: string;
  kind: string;
  width: number;
  height: number;
  size: number;
  title: string;
  description: string;
  shapes: Shape[];
};
/** `age`: whose, and when they were born; none after a loss, or where nobody is born. */
export type Scene = {
  lanes: Lane[];
  window: Window;
  today: number;
  age: { whose: string; born: number } | null;
};
export type Format = { id: string; kind: 'wide' | 'narrow' | 'column' };

const WIDTHS = { wide: 1118, column: 520, narrow: 343 };
const TOP = 58;
const GAP = 4;
const HEAD = 38;
const PITCH = 40;
const LINE = 20;
const AXIS = 34;
/** As the style sheet has it. */
const NAME_SIZE = 17;

export function drawPicture(scene: Scene, { id, kind }: Format): Picture {
  const width = WIDTHS[kind];
  const size = kind === 'wide' ? 15 : 14;
  const sheet: Sheet = { scale: scaleTo(scene.window, width), today: scene.today, size };
  let top = TOP;
  const laid = scene.lanes.map((lane) => {
    const one = layLane(sheet, lane, top);
    top += one.height + GAP;
    return one;
  });
  const bottom = top - GAP;
  const items = scene.lanes.reduce((sum, { items }) => sum + items.length, 0);
  const { from, to } = scene.window;
  return {
    ...{ id, kind, width, size, height: bottom + (scene.age ? AXIS : GAP) },
    title: `Timeline of the family, ${monthOf(from)} to ${monthOf(to)}`,
    description: `${sayCount(items, 'item')} in lanes. The table after this picture says the same in words.`,
    shapes: [
      ...laid.flatMap(({ ground }) => ground),
      ...drawMonths(sheet, bottom),
      drawToday(sheet, bottom),
      // A lane that holds only a sentence has no line of today behind its words.
      ...laid.flatMap(({ cover }) => cover),
      ...laid.map(({ shapes }) => shapes),
      ...(scene.age ? drawAges(sheet, scene.age, bottom) : []),
    ],
  };
}

type Laid = { height: number; ground: Shape[]; cover: Shape[]; shapes: Shape };

function layLane(sheet: Sheet, lane: Lane, top: number): Laid {
  const { scale, today, size } = sheet;
  const { width } = scale;
  const inside = lane.items.filter(({ to }) => to === null || to >= scale.window.from);
  const before = lane.items.length - inside.length;
  const { rows, folded } = foldRows(packRows(inside.map((item) => placeItem(sheet, item))), today);
  const note = inside.length === 0 && before === 0 ? lane.sentence : sayFolded(before, folded.length);
  const lines = note ? wrap(note, size, width - 40) : [];
  const rowsHeight = rows.length * PITCH;
  const height = HEAD + rowsHeight + (lines.length > 0 ? 8 + lines.length * LINE : 0);
  const ground = rect('app-lane__bg', { x: 0, y: top, width, height });
  const now = scale.x(today);
  const future = rect('app-lane__future', { x: now, y: top, width: round(width - now), height });
  return {
    height,
    ground: rows.length > 0 ? [ground, future] : [ground],
    cover:
      rows.length > 0 ? [] : [rect('app-lane__bg', { x: 0, y: top - GAP, width, height: height + 2 * GAP })],
    shapes: group(`app-lane app-lane--${lane.kind}`, [
      rect('app-lane__edge', { x: 0, y: top, width: 5, height }),
      { ...text('app-lane__name', 14, top + 21, shorten(lane.name, NAME_SIZE, width / 2)), after: lane.role },
      ...rows.flatMap((row, place) => drawRow(sheet, row, top + 28 + place * PITCH)),
      ...lines.map((one, place) =>
        text('app-lane__empty', 14, top + HEAD + rowsHeight + 8 + place * LINE, one),
      ),
    ]),
  };
}

const drawRow = (sheet: Sheet, row: Placed[], top: number): Shape[] =>
  row.map((placed) => drawItem(sheet, placed, top));

/** `+ 5 more that ended: in the table`. */
function sayFolded(before: number, folded: number): string {
  const parts = [
    before > 0 ? `${before} ended before this picture begins` : '',
    folded > 0 ? `${folded} more that ended` : '',
  ].filter(Boolean);
  return parts.length > 0 ? `+ ${parts.join(', ')}: in the table` : '';
}

function drawMonths({ scale, size }: Sheet, bottom: number): Shape[] {
  let free = 0;
  return monthsIn(scale.window).flatMap(({ day, name }) => {
    const x = scale.x(day);
    const tick = line('app-axis__tick', x, x, 52, bottom);
    const end = x + 4 + widthOf(name, size);
    if (x + 4 < free || end > scale.width) return [tick];
    free = end + 8;
    return [tick, text('app-axis__label', round(x + 4), 48, name)];
  });
}

function drawToday({ scale, today, size }: Sheet, bottom: number): Shape {
  const x = scale.x(today);
  const label = scale.width > 500 ? `Today, ${dayAndMonth(today)}` : 'Today';
  const width = round(widthOf(label, size) + 22);
  const left = round(Math.min(Math.max(0, x - width / 2), scale.width - width));
  return group('app-today', [
    line('', x, x, 26, bottom),
    rect('', { x: left, y: 3, width, height: 24, rx: 3 }),
    text('', round(left + width / 2), 20, label, { 'text-anchor': 'middle' }),
  ]);
}

function drawAges(
  { scale, size }: Sheet,
  { whose, born }: NonNullable<Scene['age']>,
  bottom: number,
): Shape[] {
  const title = `${shorten(whose, size, scale.width / 3)} age`;
  let free = 14 + widthOf(title, size) + 12;
  const marks = agesIn(scale.window, born).flatMap(({ day, name }) => {
    const x = scale.x(day);
    const half = widthOf(name, size) / 2;
    if (x - half < free || x + half > scale.width) return [];
    free = x + half + 12;
    return [
      line('app-axis__age', x, x, bottom, bottom + 7),
      text('app-axis__label', x, bottom + 22, name, { 'text-anchor': 'middle' }),
    ];
  });
  return [text('app-axis__label', 14, bottom + 22, title), ...marks];
}
