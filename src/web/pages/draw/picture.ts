/** The whole picture of a family: axis, lanes, today. Two are sent, and the style sheet shows one. */
import type { Lane } from '../journey/lanes.ts';
import { monthOf, sayCount } from '../words.ts';
import { type Age, drawAges, drawMonths, drawToday } from './axis.ts';
import { drawItem } from './marks.ts';
import { foldRows, type Placed, packRows, placeItem, type Sheet } from './place.ts';
import { round, scaleTo, type Window } from './scale.ts';
import { group, rect, type Shape, text } from './shape.ts';
import { shorten, wrap } from './text-width.ts';

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
  age: Age | null;
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
