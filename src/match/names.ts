/** Name agreement: what counts as the same given name, and what is no name at all. */
import { NICKNAMES } from './nicknames.ts';

const NICKNAME_GROUPS = new Map<string, Set<number>>();
for (const [group, names] of NICKNAMES.entries()) {
  for (const name of names) {
    const groups = NICKNAME_GROUPS.get(name) ?? new Set<number>();
    NICKNAME_GROUPS.set(name, groups.add(group));
  }
}

const PLACEHOLDER =
  /^(baby|babe|infant|newborn|neonate|bby|boy|girl|twin|male|female|unknown|unnamed|not ?named|nn|na|tbc|test|mr|mrs|ms|miss|master)( ?(boy|girl|twin|male|female|of|one|two|a|b|i|ii|1|2|\d))*$/;

/** '' for a null: FHIR keeps one where a name in a list has only an extension. */
export function normaliseName(name: string | null): string {
  return (name ?? '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('.', ' ')
    .replace(/[^\p{L}\p{N} ]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Her name, not the baby's. */
const OF_MOTHER = /^(baby|babe|infant|newborn|bby|boy|girl|twin|son|daughter)( (boy|girl|a|b|1|2|i|ii))* of /;

/** "Baby Smith", "Twin 1", "Baby of Ruth", "Unknown": a name that names nobody. */
export function isPlaceholder(given: string): boolean {
  return given === '' || PLACEHOLDER.test(given) || OF_MOTHER.test(given);
}

/** The name in full of each group of nicknames that it is in, else itself: what all of a group share. */
export const fullNames = (name: string): string[] =>
  [...(NICKNAME_GROUPS.get(name) ?? [])].map((group) => NICKNAMES[group]?.[0] ?? name);

/** One name, or two of one group of nicknames. */
export function isNickname(a: string, b: string): boolean {
  if (a === b) return true;
  const groups = NICKNAME_GROUPS.get(a);
  const others = NICKNAME_GROUPS.get(b);
  return groups !== undefined && others !== undefined && [...groups].some((group) => others.has(group));
}

/** A given name in full: neither a placeholder nor initials alone. */
export const isFullName = (given: string[]): boolean => wordsOf(given).some((word) => word.length > 1);

/** The words of given names, however the sender splits them. */
function wordsOf(given: string[]): string[] {
  const names = given.map(normaliseName).filter((name) => !isPlaceholder(name));
  return names.flatMap((name) => name.split(' ')).filter((word) => !isPlaceholder(word));
}

/**
 * Two given-name lists: `agree` (the first of either is a name or nickname in the other), `conflict`, or
 * `unknown` where one has no full name. A middle name in common is not enough: brothers and sisters, twins
 * too, often share one.
 */
export function compareGiven(a: string[], b: string[]): 'agree' | 'conflict' | 'unknown' {
  const [mine, theirs] = [wordsOf(a), wordsOf(b)];
  const [first, second] = [mine[0], theirs[0]];
  if (first === undefined || second === undefined) return 'unknown';
  const shares = (names: string[], one: string) =>
    one.length > 1 && names.some((name) => isNickname(name, one));
  if (shares(theirs, first) || shares(mine, second) || mine.join('') === theirs.join('')) {
    return mine.join('').length > 1 ? 'agree' : 'unknown';
  }
  const initials = [mine, theirs].some((names) => names.every((name) => name.length === 1));
  return initials && first[0] === second[0] ? 'unknown' : 'conflict';
}
