/** What goes wrong between a person and a record: slips of typing, of reading, and of the wrong field. */
import { dateOf, dayOf } from './days.ts';
import type { Chance } from './random.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

const replaced = (text: string, at: number, by: string, length = 1) =>
  text.slice(0, at) + by + text.slice(at + length);

/** One letter changed, left out, doubled or swapped with the next. The first letter goes wrong more rarely. */
export function mistyped(chance: Chance, text: string): string {
  if (text.length < 3) return text;
  const at = chance.is(0.1) ? 0 : chance.int(1, text.length - 2);
  const letter = text.charAt(at);
  switch (chance.weighed({ change: 0.4, leave: 0.25, double: 0.1, swap: 0.25 })) {
    case 'change':
      return replaced(text, at, chance.pick([...LETTERS]));
    case 'leave':
      return replaced(text, at, '');
    case 'double':
      return replaced(text, at, letter + letter);
    default:
      return replaced(text, at, text.charAt(at + 1) + letter, 2);
  }
}

/** Another digit; never among the first `keep`. The check digit is right afterwards once in eleven times or so. */
export function digitWrong(chance: Chance, digits: string, keep: number): string {
  const at = chance.int(keep, digits.length - 1);
  return replaced(digits, at, String((Number(digits[at]) + chance.int(1, 9)) % 10));
}

export type DateError = 'day-and-month-swapped' | 'year-wrong' | 'day-wrong' | 'default-date';

/** A date that exists, as somebody wrote it down. */
export function wrongDate(chance: Chance, date: string, error: DateError): string {
  const [year = '', month = '', day = ''] = date.split('-');
  switch (error) {
    case 'day-and-month-swapped':
      return Number(day) <= 12 ? `${year}-${day}-${month}` : dateOf(dayOf(date) + chance.pick([-1, 1]));
    case 'year-wrong':
      return `${Number(year) + chance.pick([-10, -1, 1, 1])}-${month}-${day === '29' ? '28' : day}`;
    case 'day-wrong':
      return dateOf(dayOf(date) + chance.pick([-10, -3, -1, 1, 2, 10]));
    default:
      return chance.is(0.5) ? '1900-01-01' : `${year}-01-01`;
  }
}

const SHORT: Record<string, string> = {
  Road: 'Rd',
  Street: 'St',
  Avenue: 'Ave',
  Lane: 'Ln',
  Drive: 'Dr',
  Close: 'Cl',
};

/** The same address as another clerk writes it. */
export function rewritten(chance: Chance, line: string): string {
  const short = chance.is(0.3)
    ? line.replace(/\b(Road|Street|Avenue|Lane|Drive|Close)$/, (kind) => SHORT[kind] ?? kind)
    : line;
  const turned = chance.is(0.15) ? short.replace(/^(Flat \w+), (.*)$/, '$2, $1') : short;
  return chance.is(0.2) ? turned.toUpperCase() : turned;
}

export function rewrittenPostcode(chance: Chance, postcode: string): string {
  const bare = chance.is(0.12) ? postcode.replace(' ', '') : postcode;
  return chance.is(0.06) ? bare.toLowerCase() : bare;
}
