/** FEBRL (https://github.com/J535D165/FEBRL): how well comparators and learned weights do by themselves. */

import { keysOf } from '../../match/keys.ts';
import type { Model } from '../../match/model.ts';
import type { MatchRecord } from '../../match/record.ts';
import type { Decide, Rules } from '../../match/score-records.ts';
import { soundex } from '../../match/similarity.ts';
import { learnWeights } from './learn.ts';

/**
 * These people are no families, live in another country, and have no other corroboration: so their weights
 * are learned from the file (not from its truth), the prior is one in as many as it has, and who is joined
 * is who has the bits for it.
 */
export function febrlRules(isAsked: Rules['isAsked']): Rules {
  return { decide: byBits, isAsked, keysOf: febrlKeys, hasFamilies: false };
}

export function febrlModel(records: MatchRecord[], model: Model, rules: Rules): Model {
  return { ...learnWeights(records, model, rules), prior: records.length };
}

/** Bits: sixteen to one. */
const ENOUGH = 4;

const byBits: Decide = (_a, _b, { totals, guards }) =>
  totals.stranger >= ENOUGH
    ? { outcome: 'same', reason: 'bits', guards }
    : { outcome: 'none', reason: null, guards };

/** Few people and many mistakes: more keys are affordable, and needed. */
function febrlKeys(record: MatchRecord): string[] {
  const { birthDate, family, given, line, postcode } = record;
  const house = line?.match(/\d+/)?.[0];
  const sounds = [...family, ...given].map(soundex);
  return [
    ...keysOf(record),
    ...(birthDate ? [`born ${birthDate}`] : []),
    ...(line ? [`line ${line}`] : []),
    ...(postcode && house ? [`house ${house} ${postcode}`] : []),
    ...sounds.flatMap((sound) => [
      ...(postcode ? [`${sound} ${postcode}`] : []),
      ...(house ? [`${sound} house ${house}`] : []),
    ]),
  ];
}
