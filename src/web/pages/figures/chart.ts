/** Charts, for people who look and for those who do not: shapes, words, and the same as a table. */

/** `parts`: one bar in pieces, from below, in the order of `names`. */
export type Column = { label: string; parts: number[] };
export type Bar = { x: number; y: number; width: number; height: number; fill: string };
export type Chart = {
  id: string;
  title: string;
  /** What it shows, in a sentence. */
  says: string;
  names: { name: string; fill: string }[];
  bars: Bar[];
  ticks: { x: number; text: string }[];
  top: string;
  width: number;
  height: number;
  heads: string[];
  rows: string[][];
};

/** Told apart by lightness as well as by hue; a pattern of words is in the table. */
const FILLS = ['#005eb8', '#ffb81c', '#212b32'];
const [WIDTH, HEIGHT, BASE] = [720, 180, 150];
const EVERY = 4;

type Given = {
  id: string;
  title: string;
  says: string;
  names: string[];
  columns: Column[];
  /** How a number is written. */
  say: (value: number) => string;
  first: string;
};

/** Upright bars over one scale from 0; a label under each fourth, so that none touch. */
export function drawColumns({ id, title, says, names, columns, say, first }: Given): Chart {
  const sums = columns.map(({ parts }) => parts.reduce((sum, part) => sum + part, 0));
  const most = Math.max(...sums, 0);
  const step = WIDTH / Math.max(1, columns.length);
  const bars = columns.flatMap(({ parts }, place) => {
    let below = 0;
    return parts.flatMap((part, nth): Bar[] => {
      const height = most === 0 ? 0 : round((part / most) * (BASE - 20));
      below += height;
      const fill = FILLS[nth % FILLS.length] as string;
      return height > 0
        ? [{ x: round(place * step + 2), y: round(BASE - below), width: round(step - 4), height, fill }]
        : [];
    });
  });
  return {
    ...{ id, title, says, bars, width: WIDTH, height: HEIGHT, top: most === 0 ? '' : say(most) },
    names: names.map((name, nth) => ({ name, fill: FILLS[nth % FILLS.length] as string })),
    ticks: columns.flatMap(({ label }, place) =>
      place % (columns.length > 12 ? EVERY : 1) === 0 ? [{ x: round(place * step + 2), text: label }] : [],
    ),
    heads: [first, ...names],
    rows: columns.map(({ label, parts }) => [label, ...parts.map(say)]),
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;
