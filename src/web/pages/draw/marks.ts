/** The shapes of one item: its number and label, bar, contacts, and the end of a referral. */
import { numberWidth, type Placed, type Sheet } from './place.ts';
import { round } from './scale.ts';
import { circle, group, line, path, rect, type Shape, text } from './shape.ts';

const NEAR = 15;
const RADIUS = 6;

/** `top`: of its row. */
export function drawItem(sheet: Sheet, placed: Placed, top: number): Shape {
  const { item, label, labelX } = placed;
  const base = top + 15;
  const kinds = [
    `app-item--${item.kind}`,
    item.isOwn ? 'app-item--own' : '',
    item.isExistence ? 'app-item--exists' : '',
    item.state ? `app-item--${item.state}` : '',
  ];
  return group(`app-item ${kinds.filter(Boolean).join(' ')}`, [
    text('app-item__n', labelX, base, String(item.n)),
    text('app-item__label', round(labelX + numberWidth(item, sheet.size)), base, label),
    ...(item.kind === 'referral' ? drawReferral(placed, top + 27) : drawCare(sheet, placed, top + 22)),
  ]);
}

function drawCare(sheet: Sheet, placed: Placed, top: number): Shape[] {
  const { item, start, end } = placed;
  const middle = top + 5;
  const goesOn = item.to === null;
  return [
    ...(item.kind === 'care' ? [path('app-item__bar', barOf(sheet, placed, top))] : []),
    ...clusters(sheet, item.dots).flatMap((one) => drawDots(one, middle)),
    ...clusters(sheet, item.plans).flatMap(({ x, n }) => {
      const from = round(goesOn ? end + 9 : Math.max(end, start));
      const lead = from < x - RADIUS ? [line('app-item__toLimit', from, round(x - RADIUS), middle)] : [];
      return [...lead, ...(n > 1 ? pill(x, middle, n) : [circle('app-item__plan', x, middle, RADIUS)])];
    }),
  ];
}

/** An arrow at its end goes on, one at its start began before the picture. */
function barOf({ scale }: Sheet, { item, start, end }: Placed, top: number): string {
  const began = item.from < scale.window.from;
  const head = item.to === null ? `H${round(end - 1)}l9 5l-9 5` : `H${end}v10`;
  return `M${start} ${top}${head}H${start}${began ? 'l-5 -5z' : 'z'}`;
}

type Cluster = { x: number; n: number };

/** Those inside the picture; nearer than 15 px they are one, in their middle. */
function clusters({ scale }: Sheet, days: number[]): Cluster[] {
  const inside = days.filter((day) => day >= scale.window.from && day <= scale.window.to).map(scale.x);
  const groups: number[][] = [];
  for (const x of inside) {
    const last = groups.at(-1);
    if (last && x - (last.at(-1) as number) < NEAR) last.push(x);
    else groups.push([x]);
  }
  return groups.map((all) => ({
    x: round(((all[0] as number) + (all.at(-1) as number)) / 2),
    n: all.length,
  }));
}

const drawDots = ({ x, n }: Cluster, y: number): Shape[] =>
  n > 1 ? pill(x, y, n) : [circle('app-item__dot', x, y, RADIUS)];

function pill(x: number, y: number, n: number): Shape[] {
  const width = n > 9 ? 28 : 22;
  return [
    rect('app-item__dot', { x: round(x - width / 2), y: y - 8, width, height: 16, rx: 8 }),
    text('app-item__count', x, y + 4.5, String(n), { 'text-anchor': 'middle' }),
  ];
}

function drawReferral({ item: { state }, start, end }: Placed, y: number): Shape[] {
  const sent = [
    line('app-item__wait', start, end, y),
    path('app-item__sent', `M${start} ${y - 6}l10 6l-10 6z`),
  ];
  if (state === 'waiting') return [...sent, circle('app-item__open', end, y, 7)];
  if (state === 'sent') return sent;
  const sign =
    state === 'accepted'
      ? `M${round(end - 4)} ${y}l3 3.5l5 -6.5`
      : `M${round(end - 3.5)} ${y - 3.5}l7 7m0 -7l-7 7`;
  return [...sent, circle('app-item__end', end, y, 8), path('app-item__tick', sign)];
}
