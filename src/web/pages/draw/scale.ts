/** From days to places: one scale for all lanes of a picture. */
import { dayOf, isoOf, shortMonth } from '../words.ts';

/** In days since 1970. */
export type Window = { from: number; to: number };
export type Scale = { window: Window; x: (day: number) => number; width: number };

const PAD = 15;
const LEAST_DAYS = 150;
const BEFORE_STAGE = 14;
const AFTER_TODAY = 42;
const AFTER_LAST = 14;

export type Bounds = {
  today: number;
  stage: number | null;
  first: number | null;
  lastPlanned: number | null;
};

/**
 * From two weeks before the present stage (`whole`: before the first item) to six weeks after today, or past
 * the last that is planned; five months at least.
 */
export function chooseWindow({ today, stage, first, lastPlanned }: Bounds, isWhole: boolean): Window {
  const to = Math.max(today + AFTER_TODAY, lastPlanned === null ? 0 : lastPlanned + AFTER_LAST);
  const start = isWhole ? (first ?? stage) : (stage ?? first);
  const from = Math.min(start ?? today, today) - BEFORE_STAGE;
  return { from: Math.min(from, to - LEAST_DAYS), to };
}

export function scaleTo(window: Window, width: number): Scale {
  const { from, to } = window;
  const x = (day: number) => PAD + ((day - from) / (to - from)) * (width - 2 * PAD);
  return { window, width, x: (day) => round(x(day)) };
}

export const round = (value: number): number => Math.round(value * 10) / 10;

/** First days of the months inside, and what each is called: its year at the first and at each January. */
export function monthsIn({ from, to }: Window): { day: number; name: string }[] {
  const months: { day: number; name: string }[] = [];
  const date = new Date(`${isoOf(from).slice(0, 7)}-01T00:00:00Z`);
  for (date.setUTCMonth(date.getUTCMonth() + 1); ; date.setUTCMonth(date.getUTCMonth() + 1)) {
    const day = dayOf(date.toISOString()) as number;
    if (day >= to) return everyThird(months, from, to);
    const name = shortMonth(day);
    const isYearTold = months.length > 0 && date.getUTCMonth() > 0;
    months.push({ day, name: isYearTold ? name : `${name} ${date.getUTCFullYear()}` });
  }
}

const MANY_DAYS = 15 * 31;

function everyThird(months: { day: number; name: string }[], from: number, to: number) {
  return to - from > MANY_DAYS ? months.filter((_, place) => place % 3 === 0) : months;
}

/** Weeks of age, every four up to 26, then months; none before birth. */
export function agesIn({ from, to }: Window, born: number): { day: number; name: string }[] {
  const marks: { day: number; name: string }[] = [];
  for (let weeks = 4; weeks <= 24; weeks += 4) marks.push({ day: born + weeks * 7, name: `${weeks} weeks` });
  const date = new Date(`${isoOf(born)}T00:00:00Z`);
  for (let months = 7; months <= 24; months++) {
    const at = new Date(date);
    at.setUTCMonth(at.getUTCMonth() + months);
    marks.push({ day: dayOf(at.toISOString()) as number, name: `${months} months` });
  }
  return marks.filter(({ day }) => day > from && day < to);
}
