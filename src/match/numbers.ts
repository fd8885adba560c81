/** What the records that have one number, or one mother, say together of it. */
import { isConflict } from './guards.ts';
import { dateLevel, givenLevel, levelsOf } from './levels.ts';
import type { MatchRecord } from './record.ts';

/** A child so much younger than somebody else with the number is hers. */
const GENERATION = 10 * 365.25 * 86_400_000;

/**
 * All records that have one number, marked: `mothers` where it is the mother's on her baby, `tainted` where
 * people who cannot be one have it verified. Both for the number only; neither is a statement of who the
 * record is. A birth date one keystroke away taints nothing, and neither does another name of an only child.
 */
export function judgeNumber(records: MatchRecord[]): MatchRecord[] {
  const marked = records.map((record) =>
    record.number !== undefined && (record.motherNumber === record.number || isYounger(record, records))
      ? { ...record, standing: 'mothers' as const }
      : record,
  );
  const claims = marked.filter(({ verified, standing }) => verified && standing === 'counts');
  const isTainted = claims.some((a, at) => claims.slice(at + 1).some((b) => isIncompatible(a, b)));
  if (!isTainted) return marked;
  return marked.map((record) =>
    record.standing === 'counts' ? { ...record, standing: 'tainted' as const } : record,
  );
}

/** Nobody's unverified number takes a verified one away from a child. */
const isYounger = ({ birthDate, age, verified }: MatchRecord, others: MatchRecord[]): boolean =>
  birthDate !== undefined &&
  age !== 'adult' &&
  others.some(
    (other) =>
      other.birthDate !== undefined &&
      (other.verified || !verified) &&
      Date.parse(birthDate) - Date.parse(other.birthDate) > GENERATION &&
      dateLevel(birthDate, other.birthDate) === 'different',
  );

function isIncompatible(a: MatchRecord, b: MatchRecord): boolean {
  const birthDate = dateLevel(a.birthDate, b.birthDate);
  if (birthDate === 'different') return true;
  const isChild = a.age !== 'adult' || b.age !== 'adult';
  const { given } = levelsOf(a, b);
  if (!isConflict(given, isChild)) return false;
  const isOnly = a.plurality === 'one' && b.plurality === 'one' && birthDate === 'same';
  return !(isOnly && (given === 'similar' || (a.age === 'infant' && b.age === 'infant')));
}

/**
 * How many were born is a fact of the birth: of children with one number, or of one mother, and one birth
 * date, one record says it for all. `several` outweighs `one`.
 */
export function shareBirths(records: MatchRecord[]): MatchRecord[] {
  const said = new Set(records.flatMap(({ plurality }) => plurality ?? []));
  const plurality =
    said.has('several') || isTwinPair(records) ? 'several' : said.has('one') ? 'one' : undefined;
  return records.map((record) => (record.plurality === plurality ? record : { ...record, plurality }));
}

/** Two numbers with two names, both verified: two children, whatever anybody says of how many there were. */
const isTwinPair = (records: MatchRecord[]): boolean =>
  records.some((a, at) =>
    records
      .slice(at + 1)
      .some(
        (b) =>
          a.verified &&
          b.verified &&
          a.number !== undefined &&
          b.number !== undefined &&
          a.number !== b.number &&
          isConflict(givenLevel(a.given, b.given), true),
      ),
  );
