/** One person, perhaps, or not: the rules of docs/matching.md applied to one comparison. */
import type { Comparison } from './compare.ts';
import { type Guard, isVetoed } from './guards.ts';
import type { Model } from './model.ts';
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
  if (levels.number !== 'same' || levels.birthDate !== 'same' || guards.includes('number-unverified'))
    return null;
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
function byDemographics({ levels, totals, guards }: Comparison, { thresholds }: Model): Reason | null {
  const { birthDate, given, address, phone, number } = levels;
  if (birthDate !== 'same' || number === 'different' || number === 'near') return null;
  if (given !== 'same' && (given !== 'nickname' || guards.includes('childs-name-not-exact'))) return null;
  if (guards.includes('sex-conflict') || guards.includes('multiple-birth')) return null;
  if (address !== 'same' && address !== 'postcode' && phone !== 'same') return null;
  const { total, family, twin } = thresholds;
  const isEnough = totals.stranger >= total && totals.family >= family && totals.twin >= twin;
  return isEnough ? 'demographics' : null;
}

/** Likely enough for somebody to look, and not likelier two of one family. */
function forReview(a: MatchRecord, b: MatchRecord, comparison: Comparison, model: Model): Reason | null {
  const { levels, totals, guards } = comparison;
  const { number, given, birthDate, family } = levels;
  const isNamedAlike = given === 'same' && (family === 'same' || family === null) && birthDate === 'same';
  if (isNamedAlike && (number === 'different' || number === 'near')) return 'different-numbers';
  if (isVetoed(guards)) return null;
  const { review, reviewFamily, reviewTwin } = model.thresholds;
  if (totals.stranger < review || totals.family < reviewFamily || totals.twin < reviewTwin) return null;
  return 'bits';
}
