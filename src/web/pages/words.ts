/**
 * The words of pages: dates, ages, lists, as
 * https://service-manual.nhs.uk/content/formatting-dates-and-times has them.
 */
import { sayDate } from '../../read/journey/words.ts';

const DAY_MS = 86_400_000;
const LONDON = 'Europe/London';
const TIME = new Intl.DateTimeFormat('en-GB', {
  ...{ hour: 'numeric', minute: '2-digit', hour12: true, timeZone: LONDON },
});
/** Three letters each: `Intl` writes Sept. */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', timeZone: 'UTC' });
const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const DAY_OF_TIME = new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', timeZone: LONDON });

/** Days since 1970; null for what is no date. A month or a year counts from its first day. */
export function dayOf(date: string | undefined): number | null {
  const time = Date.parse((date ?? '').slice(0, 10));
  return Number.isNaN(time) ? null : Math.floor(time / DAY_MS);
}

export const isoOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The day it is in London. */
export const todayOf = (now: Date): number => dayOf(DAY_OF_TIME.format(now)) as number;

/** `29 August 2026`. */
export const longDate = (day: number): string => sayDate(isoOf(day));

/** `29 Aug`, with its year where that is not the year of `today`. */
export function shortDate(day: number, today: number): string {
  const date = `${new Date(day * DAY_MS).getUTCDate()} ${shortMonth(day)}`;
  const year = isoOf(day).slice(0, 4);
  return year === isoOf(today).slice(0, 4) ? date : `${date} ${year}`;
}

/** `Aug`. */
export const shortMonth = (day: number): string => MONTHS[new Date(day * DAY_MS).getUTCMonth()] as string;

/** `29 August`. */
export const dayAndMonth = (day: number): string => DAY.format(day * DAY_MS);

/** `August 2026`. */
export const monthOf = (day: number): string => MONTH.format(day * DAY_MS);

/** `9:30am`, `2pm`. */
export function timeOf(at: Date): string {
  return TIME.format(at).replace(':00', '').replace(/\s/g, '').toLowerCase();
}

/** `29 August 2026, 9:30am`. */
export const dateTime = (at: Date): string => `${longDate(todayOf(at))}, ${timeOf(at)}`;

const count = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

/** In days to one week, in weeks to 26, in months to 24, then in years. '' of what is not born. */
export function ageOf(born: number, today: number): string {
  const days = today - born;
  if (days < 0) return '';
  if (days < 7) return count(days, 'day');
  if (days < 26 * 7) return count(Math.floor(days / 7), 'week');
  const months = monthsBetween(born, today);
  return months < 24 ? count(months, 'month') : count(Math.floor(months / 12), 'year');
}

export function monthsBetween(from: number, to: number): number {
  const [a, b] = [new Date(from * DAY_MS), new Date(to * DAY_MS)];
  const months = (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
  return months - (b.getUTCDate() < a.getUTCDate() ? 1 : 0);
}

/** `A, B and C`. */
export function listOf(words: string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export const sayCount = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

export const lowered = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);

/** `Tamsin and Kit Penrose`: family names once where all share one. '' of nobody who has a name. */
export function nameTogether(names: { given?: string; family?: string }[]): string {
  const families = new Set(names.map(({ family = '' }) => family));
  const all = names.map(({ given, family }) => [given, family].filter(Boolean).join(' '));
  const isShared = names.length > 1 && families.size === 1 && names.every(({ given }) => given);
  return isShared
    ? `${listOf(names.map(({ given = '' }) => given))} ${[...families][0]}`.trim()
    : listOf(all);
}
