/** What only many records together say of each: numbers, births, and what too many people share. */
import type { Model } from './model.ts';
import { judgeNumber, shareBirths } from './numbers.ts';
import type { MatchRecord } from './record.ts';

/** All records of a file, or whatever leads from one to the others; the same for every order. */
export function prepareRecords(records: MatchRecord[], model: Model): MatchRecord[] {
  const known = unshare(records, model);
  const birthOf = (record: MatchRecord, by: string | undefined) =>
    by && record.birthDate && record.age !== 'adult' ? `${by} ${record.birthDate}` : undefined;
  // The last again by number: what a phone or an address tells of one chart holds for all of that number.
  const born = [
    (record: MatchRecord) => record.number,
    (record: MatchRecord) => record.motherNumber,
    placeOf,
    (record: MatchRecord) => record.phones[0],
    (record: MatchRecord) => record.number,
  ].reduce((all, by) => within(all, (record) => birthOf(record, by(record)), shareBirths), known);
  return within(born, ({ number }) => number, judgeNumber);
}

type KeyOf = (record: MatchRecord) => string | undefined;

/** The records, those of one key replaced by what `change` makes of them together. */
function within(
  records: MatchRecord[],
  keyOf: KeyOf,
  change: (together: MatchRecord[]) => MatchRecord[],
): MatchRecord[] {
  const places = new Map<string, number[]>();
  for (const [at, record] of records.entries()) {
    const key = keyOf(record);
    if (!key) continue;
    const known = places.get(key);
    if (known) known.push(at);
    else places.set(key, [at]);
  }
  const changed = [...records];
  for (const together of places.values()) {
    const after = change(together.map((at) => records[at]!));
    for (const [index, at] of together.entries()) changed[at] = after[index]!;
  }
  return changed;
}

/** A phone or an address of more people than a family has is a hostel's, a refuge's or an office's. */
function unshare(records: MatchRecord[], { sharedBy }: Model): MatchRecord[] {
  const phones = sharedAmong(records, sharedBy, ({ phones: all }) => all);
  const places = sharedAmong(records, sharedBy, (record) => placeOf(record) ?? []);
  return records.map((record) => {
    const left = record.phones.filter((phone) => !phones.has(phone));
    const place = placeOf(record);
    const isShared = place !== undefined && places.has(place);
    if (!isShared && left.length === record.phones.length) return record;
    return {
      ...record,
      phones: left,
      ...(isShared ? { line: undefined, postcode: undefined } : {}),
    };
  });
}

/** By the words in any order: "Flat B, 97 Meadow Grove" and "97 Meadow Grove, Flat B" are one place. */
export const placeOf = ({ line, postcode }: MatchRecord): string | undefined =>
  line && postcode && `${line.split(' ').sort().join(' ')} ${postcode}`;

/** What more than so many people have, told apart by birth date. */
function sharedAmong(
  records: MatchRecord[],
  most: number,
  valuesOf: (record: MatchRecord) => string | string[],
): Set<string> {
  const people = new Map<string, string[]>();
  for (const record of records) {
    for (const value of [valuesOf(record)].flat()) {
      const known = people.get(value) ?? [];
      if (known.length > most || record.birthDate === undefined || known.includes(record.birthDate)) continue;
      if (known.push(record.birthDate) === 1) people.set(value, known);
    }
  }
  return new Set([...people].flatMap(([value, dates]) => (dates.length > most ? [value] : [])));
}
