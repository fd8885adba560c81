/** Weights learned from a file of records, without its truth. */

import { eachCandidatePair } from '../../match/candidate-pairs.ts';
import { compare } from '../../match/compare.ts';
import type { Model } from '../../match/model.ts';
import { prepareRecords } from '../../match/prepare.ts';
import type { MatchRecord } from '../../match/record.ts';
import type { Rules } from '../../match/score-records.ts';
import { countPatterns, tune } from '../../match/tune.ts';

/** As many pairs at random as show how often strangers agree by chance. */
const STRANGERS = 1_000_000;

export function learnWeights(given: MatchRecord[], model: Model, rules: Rules): Model {
  const records = rules.hasFamilies ? prepareRecords(given, model) : given;
  const [candidates, strangers] = [countPatterns(), countPatterns()];
  eachCandidatePair(records, rules.keysOf, (a, b) => {
    const [one, other] = [records[a]!, records[b]!];
    if (rules.isAsked(one, other)) candidates.add(compare(one, other, model).levels);
  });
  for (const [one, other] of pairsAtRandom(records)) {
    const { levels, totals } = compare(one, other, model);
    // By chance a few are of one person or of one family after all.
    if (totals.stranger < -Math.log2(model.prior) + Math.log2(records.length)) strangers.add(levels);
  }
  return tune(model, {
    candidates: candidates.list(),
    strangers: strangers.list(),
    hasFamilies: rules.hasFamilies,
  });
}

/** The same pairs for the same file: a linear congruence chooses them. */
function* pairsAtRandom(records: MatchRecord[]): Generator<[MatchRecord, MatchRecord]> {
  const most = Math.min(STRANGERS, (records.length * (records.length - 1)) / 2);
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * records.length);
  };
  for (let count = 0; count < most; count += 1) {
    const [a, b] = [records[next()]!, records[next()]!];
    if (a !== b) yield [a, b];
  }
}
