/** How far two records agree, field by field. Every level is the same whichever record is named first. */
import type { Levels } from './model.ts';
import { isNickname } from './names.ts';
import type { MatchRecord } from './record.ts';
import { jaroWinkler, stringAlignment } from './similarity.ts';

/** Below it names are rather two names than one misspelt. */
const ALIKE = 0.9;

export function levelsOf(a: MatchRecord, b: MatchRecord): Levels {
  const swapped = isSwapped(a, b);
  return {
    number: numberLevel(a, b),
    given: swapped ? 'swapped' : givenLevel(a.given, b.given),
    family: swapped ? 'swapped' : familyLevel(a.family, b.family),
    birthDate: dateLevel(a.birthDate, b.birthDate),
    sex: a.sex === undefined || b.sex === undefined ? null : a.sex === b.sex ? 'same' : 'different',
    address: addressLevel(a, b),
    phone: phoneLevel(a.phones, b.phones),
    mother: motherLevel(a, b),
  };
}

/** One letter put in, left out, replaced, or swapped with its neighbour. */
export function isOneEdit(a: string, b: string): boolean {
  return Math.abs(a.length - b.length) < 2 && stringAlignment(a, b) === 1;
}

/** Misspelt or cut short: one edit, alike all along, or one the beginning or the end of the other. */
export function isAlike(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (long.length < 3 || short.length < 2) return false;
  if (isOneEdit(a, b) || (short.length > 2 && jaroWinkler(a, b) >= ALIKE)) return true;
  return (short.length > 2 && long.startsWith(short)) || (short.length > 3 && long.endsWith(short));
}

/** A mother's number on her baby is compared with none; a tainted one is for people to look at. */
function numberLevel(a: MatchRecord, b: MatchRecord): Levels['number'] {
  if (a.number === undefined || b.number === undefined) return null;
  if (a.standing === 'mothers' || b.standing === 'mothers') return null;
  if (a.number === b.number) return 'same';
  return isOneEdit(a.number, b.number) ? 'near' : 'different';
}

/**
 * By the first name of either, which is to be among the other's: people use their second name, and sources
 * leave it out. A second name in common alone is nothing, since brothers and sisters often share one.
 */
export function givenLevel(a: string[], b: string[]): Levels['given'] {
  const [first, second] = [a[0], b[0]];
  if (first === undefined || second === undefined) return null;
  if (first.length === 1 || second.length === 1) {
    const [initial, name] = first.length === 1 ? [first, b] : [second as string, a];
    return name.some((word) => word[0] === initial) ? 'initial' : 'different';
  }
  const shares = (test: (one: string, other: string) => boolean) =>
    b.some((name) => name.length > 1 && test(first, name)) ||
    a.some((name) => name.length > 1 && test(second, name));
  if (shares((one, other) => one === other) || isSplit(a, b) || isSplit(b, a)) return 'same';
  if (shares(isNickname)) return 'nickname';
  return isAlike(first, second) ? 'similar' : 'different';
}

/** "Yu Xuan" and "Yuxuan Vivian". */
const isSplit = ([first]: string[], [one = '', two = '']: string[]): boolean => first === one + two;

function familyLevel(a: string[], b: string[]): Levels['family'] {
  const [mine, theirs] = [a.join(''), b.join('')];
  if (mine === '' || theirs === '') return null;
  if (mine === theirs) return 'same';
  if (a.length + b.length > 2 && a.some((word) => word.length > 2 && b.includes(word))) return 'part';
  return isAlike(mine, theirs) ? 'similar' : 'different';
}

/** The given name of either is a family name of the other. */
function isSwapped(a: MatchRecord, b: MatchRecord): boolean {
  const [mine, theirs] = [a.given[0], b.given[0]];
  if (mine === undefined || theirs === undefined || mine === theirs) return false;
  return b.family.includes(mine) && a.family.includes(theirs);
}

/** The mother whom both name. Of no weight where either has her number for its own. */
function motherLevel(a: MatchRecord, b: MatchRecord): Levels['mother'] {
  if (a.motherNumber === undefined || b.motherNumber === undefined) return null;
  return a.motherNumber === b.motherNumber ? 'same' : 'different';
}

/** `near`: one key struck wrongly, or two in the wrong order. `month`: day and month the other way round. */
export function dateLevel(a: string | undefined, b: string | undefined): Levels['birthDate'] {
  if (a === undefined || b === undefined) return null;
  if (a === b) return 'same';
  const [one, other] = [a.replaceAll('-', ''), b.replaceAll('-', '')];
  if (one.slice(0, 4) === other.slice(0, 4) && one.slice(4) === other.slice(6) + other.slice(4, 6))
    return 'month';
  return stringAlignment(one, other) === 1 ? 'near' : 'different';
}

function addressLevel(a: MatchRecord, b: MatchRecord): Levels['address'] {
  const line = a.line !== undefined && b.line !== undefined ? isSameLine(a.line, b.line) : null;
  if (a.postcode === undefined || b.postcode === undefined)
    return line === null ? null : line ? 'line' : 'different';
  if (a.postcode === b.postcode) return line ? 'same' : 'postcode';
  if (line) return 'line';
  return sectorOf(a.postcode) === sectorOf(b.postcode) ? 'near' : 'different';
}

const sectorOf = (postcode: string): string => postcode.slice(0, -2);

/** A house number is to be in both where it is in one; words may be misspelt. */
function isSameLine(a: string, b: string): boolean {
  if (a === b) return true;
  const sorted = (line: string) => line.split(' ').sort().join(' ');
  const numbers = (line: string) => line.match(/\d+/g)?.join(' ') ?? '';
  if (numbers(sorted(a)) !== numbers(sorted(b))) return false;
  return jaroWinkler(a, b) >= ALIKE || sorted(a) === sorted(b);
}

function phoneLevel(a: string[], b: string[]): Levels['phone'] {
  if (a.length === 0 || b.length === 0) return null;
  return a.some((phone) => b.includes(phone)) ? 'same' : 'different';
}
