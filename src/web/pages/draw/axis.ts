/** What all lanes of a picture share: months above, today, and the age of the infant below. */
import { dayAndMonth } from '../words.ts';
import type { Sheet } from './place.ts';
import { agesIn, monthsIn, round } from './scale.ts';
import { group, line, rect, type Shape, text } from './shape.ts';
import { shorten, widthOf } from './text-width.ts';

export type Age = { whose: string; born: number };

export function drawMonths({ scale, size }: Sheet, bottom: number): Shape[] {
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

export function drawToday({ scale, today, size }: Sheet, bottom: number): Shape {
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

export function drawAges({ scale, size }: Sheet, { whose, born }: Age, bottom: number): Shape[] {
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
