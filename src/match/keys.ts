/** Under which keys a record is looked up: two records of one person share at least one, strangers few. */
import { fullNames } from './names.ts';
import type { MatchRecord } from './record.ts';
import { soundex } from './similarity.ts';

/**
 * For an index of arrays (`text[]`, GIN). A key that more than a hundred records share is not followed: it
 * tells too little. The keys are readable: whoever stores them hashes them first.
 */
export function keysOf(record: MatchRecord): string[] {
  const { number, motherNumber, birthDate, given, family, line, postcode, phones } = record;
  const keys: (string | false | undefined)[] = [number && `number ${number}`];
  const [first] = given;
  const full = given.filter((word) => word.length > 1).flatMap((word) => [word, ...fullNames(word)]);
  const names = [...new Set(full.map(soundOf))];
  const initials = [...new Set([first, ...(first ? fullNames(first) : [])].map((name) => name?.[0] ?? ''))];
  const families = [...new Set(family.map(soundOf))];
  const day = birthDate?.slice(5);
  const year = birthDate?.slice(0, 4);
  for (const name of [...names, ...families]) keys.push(birthDate && `born ${birthDate} ${name}`);
  keys.push(birthDate && motherNumber && `of ${motherNumber} ${birthDate}`);
  keys.push(birthDate && postcode && `at ${birthDate} ${postcode}`);
  keys.push(year && postcode && first && `in ${year} ${postcode} ${first[0]}`);
  // For who has no birth date: many of one name are too many to be followed.
  keys.push(first && family[0] && `called ${first} ${family.join('')}`);
  const house = line?.match(/\d+/)?.[0] ?? line;
  keys.push(postcode && house && first && `lives ${postcode} ${house} ${first[0]}`);
  for (const phone of phones) {
    for (const initial of initials) keys.push(`phone ${phone} ${initial}`);
    keys.push(year && `phone ${phone} ${year}`);
  }
  // Either may be the other's, or the date be struck wrongly.
  for (const name of names.slice(0, 2))
    for (const other of families) {
      const both = [name, other].sort().join(' ');
      keys.push(year && `named ${both} ${year}`, day && `named ${both} ${day}`);
      keys.push(postcode && `named ${both} ${postcode.slice(0, -3)}`);
    }
  return [...new Set(keys.filter((key): key is string => Boolean(key)))];
}

/** Names in other scripts have no Soundex and stand for themselves. */
const soundOf = (word: string): string => soundex(word) || word;
