/** Where the label of an item goes, which of its labels has room, and how far the whole reaches. */
import type { Item } from '../journey/items.ts';
import { round, type Scale } from './scale.ts';
import { shorten, widthOf } from './text-width.ts';

/** `start` and `end`: of the bar, or of a referral's line. `left` to `right`: with all that belongs to it. */
export type Placed = {
  item: Item;
  start: number;
  end: number;
  labelX: number;
  label: string;
  left: number;
  right: number;
};
export type Sheet = { scale: Scale; today: number; size: number };

const EDGE = 14;
const GAP = 7;
const MARGIN = 14;
const LEAST_BAR = 6;
/** Room that a mark takes beyond its place: an arrow, a circle, a tick. */
const MARK = 10;

export function placeItem(sheet: Sheet, item: Item): Placed {
  const { scale, today } = sheet;
  const { from, to } = scale.window;
  const start = scale.x(Math.max(item.from, from));
  const until = item.to ?? Math.max(today, item.from);
  const least = item.kind === 'referral' && item.state !== 'waiting' ? 2 * MARK : LEAST_BAR;
  const end = Math.max(scale.x(Math.min(Math.max(until, from), to)), round(start + least));
  const [label, labelX, width] = chooseLabel(sheet, item, start);
  const marks = [...item.dots, ...item.plans].filter((day) => day >= from && day <= to).map(scale.x);
  return {
    ...{ item, start, end, label, labelX },
    left: Math.min(labelX, start - MARK, ...marks) - MARGIN / 2,
    right: Math.max(labelX + width, end + MARK, ...marks.map((x) => x + MARK)) + MARGIN / 2,
  };
}

export const numberWidth = ({ n }: Item, size: number): number => widthOf(String(n), size) + GAP;

/** The first that stays inside and does not cross today, which it may end before; else the shortest. */
function chooseLabel({ scale, today, size }: Sheet, item: Item, start: number): [string, number, number] {
  const [most, now] = [scale.width - GAP, scale.x(today)];
  const number = numberWidth(item, size);
  for (const label of item.labels) {
    const width = number + widthOf(label, size);
    const inside = Math.min(Math.max(start, EDGE), most - width);
    const crosses = inside < now && inside + width > now;
    const x = crosses ? now - GAP - width : inside;
    if (x >= EDGE) return [label, round(x), width];
  }
  const label = shorten(item.labels.at(-1) ?? '', size, most - EDGE - number);
  const width = number + widthOf(label, size);
  return [label, round(Math.max(EDGE, Math.min(Math.max(start, EDGE), most - width))), width];
}

/** Rows of a lane: by start, longest first, each into the first row where it meets nothing. */
export function packRows(placed: Placed[]): Placed[][] {
  const rows: Placed[][] = [];
  const inOrder = [...placed].sort((a, b) => a.start - b.start || b.end - a.end || a.item.n - b.item.n);
  for (const one of inOrder) {
    const free = rows.find((row) => row.every(({ left, right }) => one.left >= right || one.right <= left));
    if (free) free.push(one);
    else rows.push([one]);
  }
  return rows;
}

const MOST_ROWS = 8;

/** What is open, planned or waiting stays; rows of ended care go first, the oldest before others. */
export function foldRows(rows: Placed[][], today: number): { rows: Placed[][]; folded: Item[] } {
  const isEnded = ({ item: { to, plans } }: Placed) => to !== null && to < today && plans.length === 0;
  const lastOf = (row: Placed[]) => Math.max(...row.map(({ item }) => item.to ?? today));
  const ended = rows.filter((row) => row.every(isEnded)).sort((a, b) => lastOf(a) - lastOf(b));
  const gone = new Set(ended.slice(0, Math.max(0, rows.length - MOST_ROWS)));
  return {
    rows: rows.filter((row) => !gone.has(row)),
    folded: [...gone].flatMap((row) => row.map(({ item }) => item)),
  };
}
