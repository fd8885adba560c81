/** One person, perhaps, or not: the rules of docs/matching.md applied to one comparison. */
import type { Comparison } from './compare.ts';
import { type Guard, isVetoed } from './guards.ts';
import type { Kind, Model } from './model.ts';
import type { MatchRecord } from './record.ts';

export type Reason =
  | 'number'
  /** A record without any name, by number and birth date: where exactly one named person has both. */
  | 'number-without-name'
  /** A baby who is known to be the only one, called "Baby" or given another name. */
  | 'number-of-single-baby'
  | 'demographics'
  | 'different-numbers'
  | 'bits';

export type Decision = {
  outcome: 'same' | 'review' | 'none';
  reason: Reason | null;
  /** What kept two records that are much alike from being joined. */
  guards: Guard[];
};

export function decide(a: MatchRecord, b: MatchRecord, comparison: Comparison, model: Model): Decision {
  const { guards } = comparison;
  if (!isVetoed(guards)) {
    const reason = byNumber(a, b, comparison) ?? byDemographics(comparison, model);
    if (reason) return { outcome: 'same', reason, guards };
  }
  const reason = forReview(a, b, comparison, model);
  return { outcome: reason ? 'review' : 'none', reason, guards };
}

/** The same verified and untainted number with birth date and given name agreeing. */
function byNumber(a: MatchRecord, b: MatchRecord, { levels, guards }: Comparison): Reason | null {
  if (levels.number !== 'same' || levels.birthDate !== 'same') return null;
  if (guards.includes('number-unverified') || guards.includes('number-tainted')) return null;
  const { given } = levels;
  if (given === 'same') return 'number';
  if (given === 'nickname') return guards.includes('multiple-birth') ? null : 'number';
  if (given === 'similar' && !guards.includes('childs-name-not-exact')) return 'number';
  const isOnly = a.plurality === 'one' && b.plurality === 'one';
  const isInfant = a.age === 'infant' && b.age === 'infant';
  if (isOnly && (given === null || (given !== 'initial' && isInfant))) return 'number-of-single-baby';
  const isBeside = a.nameless !== b.nameless && a.given.length + b.given.length > 0;
  return isBeside && !guards.includes('sex-conflict') ? 'number-without-name' : null;
}

/** Birth date, full given name, address or phone, and enough bits against everybody else. */
function byDemographics({ levels, bits, totals, guards }: Comparison, { thresholds }: Model): Reason | null {
  const { birthDate, given, address, phone, number } = levels;
  if (birthDate !== 'same' || number === 'different' || number === 'near') return null;
  if (given !== 'same' && (given !== 'nickname' || guards.includes('childs-name-not-exact'))) return null;
  if (guards.includes('sex-conflict') || guards.includes('multiple-birth')) return null;
  if (address !== 'same' && address !== 'postcode' && phone !== 'same') return null;
  const { total, family, twin } = thresholds;
  // A tainted number says nothing here, nor does that both name one mother: a reference is not a match.
  const left = (kind: Kind) =>
    totals[kind] -
    (guards.includes('number-tainted') ? (bits.number?.[kind] ?? 0) : 0) -
    (bits.mother?.[kind] ?? 0);
  const isEnough = left('stranger') >= total && left('family') >= family && left('twin') >= twin;
  return isEnough ? 'demographics' : null;
}

/**
 * A child of another family name, with nothing else in common than given name, birth date and sex: so
 * looks the same child before and after an adoption, which is never to be suggested.
 */
function isLikeAdoption(a: MatchRecord, b: MatchRecord, { levels }: Comparison): boolean {
  const { number, family, address, phone, mother } = levels;
  const isChild = a.age !== 'adult' && b.age !== 'adult';
  const isNear = address === 'same' || address === 'postcode' || address === 'line' || phone === 'same';
  return isChild && family === 'different' && !isNear && number !== 'same' && mother !== 'same';
}

/** Likely enough for somebody to look, and not likelier two of one family. */
function forReview(a: MatchRecord, b: MatchRecord, comparison: Comparison, model: Model): Reason | null {
  const { levels, totals, guards } = comparison;
  const { number, given, birthDate, family } = levels;
  const isNamedAlike = given === 'same' && (family === 'same' || family === null) && birthDate === 'same';
  if (isNamedAlike && (number === 'different' || number === 'near')) return 'different-numbers';
  if (isLikeAdoption(a, b, comparison)) return null;
  if (guards.includes('twins') || guards.includes('names-and-birth-conflict')) return null;
  const { total, review, reviewFamily, reviewTwin, reviewAdultTwin } = model.thresholds;
  const least = guards.includes('numbers-conflict') ? total : review;
  if (totals.stranger < least || totals.family < reviewFamily) return null;
  // Who was born alone has no twin; of adults it is rare that both are heard of.
  const isOnly = a.plurality === 'one' || b.plurality === 'one';
  const leastTwin = a.age === 'adult' && b.age === 'adult' ? reviewAdultTwin : reviewTwin;
  return isOnly || totals.twin >= leastTwin ? 'bits' : null;
}
