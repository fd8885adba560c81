/** Pairs of records that share a key, found in memory that grows with the records only. */
import { atOnce, type Steps } from '../doors/turns.ts';
import type { MatchRecord } from './record.ts';

/** A key of more records tells too little to be followed. */
export const MOST_OF_ONE_KEY = 100;

/** So many of them take a few milliseconds. */
const STEP = 1_000;

/** Calls back once for each pair of places, the lower first. */
export const eachCandidatePair = (...given: Parameters<typeof pairsInSteps>): void =>
  atOnce(pairsInSteps(...given));

/** The same, for whoever serves others meanwhile (doors/turns.ts). */
export function* pairsInSteps(
  records: MatchRecord[],
  keysOf: (record: MatchRecord) => string[],
  found: (a: number, b: number) => void,
): Steps<void> {
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, records.length)));
  // A key's hash and a record's place in one number that a double holds exactly.
  const hashes = 2 ** 53 / size;
  let entries: Float64Array = new Float64Array(records.length * 12);
  let count = 0;
  for (const [place, record] of records.entries()) {
    if (place % STEP === 0) yield;
    for (const key of keysOf(record)) {
      if (count === entries.length) entries = grown(entries);
      entries[count] = (hashOf(key) % hashes) * size + place;
      count += 1;
    }
  }
  const pairs = pairsOf(entries.subarray(0, count).sort(), size);
  let last = -1;
  for (const [at, pair] of pairs.entries()) {
    if (at % STEP === 0) yield;
    if (pair !== last) found(Math.floor(pair / size), pair % size);
    last = pair;
  }
}

const grown = (values: Float64Array): Float64Array => {
  const more = new Float64Array(values.length * 2);
  more.set(values);
  return more;
};

/** Two keys of one hash only make a pair more. */
function hashOf(key: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < key.length; at += 1) {
    const code = key.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 2097152 * (low >>> 0) + (high >>> 11);
}

/** Sorted, a pair once for each key that it shares. */
function pairsOf(entries: Float64Array, size: number): Float64Array {
  let pairs: Float64Array = new Float64Array(entries.length);
  let count = 0;
  for (let from = 0, to = 0; from < entries.length; from = to) {
    const key = Math.floor(entries[from]! / size);
    while (to < entries.length && Math.floor(entries[to]! / size) === key) to += 1;
    if (to - from > MOST_OF_ONE_KEY) continue;
    for (let i = from; i < to; i += 1)
      for (let j = i + 1; j < to; j += 1) {
        const [a, b] = [entries[i]! % size, entries[j]! % size];
        if (a === b) continue;
        if (count === pairs.length) pairs = grown(pairs);
        pairs[count] = a * size + b;
        count += 1;
      }
  }
  return pairs.subarray(0, count).sort();
}
