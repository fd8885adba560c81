/** From records to persons, as intake does it, for a whole file at once. */

import { atOnce, type Steps } from '../doors/turns.ts';
import { pairsInSteps } from './candidate-pairs.ts';
import { cluster, type Link } from './cluster.ts';
import { type Comparison, compare } from './compare.ts';
import { type Decision, decide } from './decide.ts';
import { isVetoed } from './guards.ts';
import { keysOf } from './keys.ts';
import type { Model } from './model.ts';
import { prepareRecords } from './prepare.ts';
import type { MatchRecord } from './record.ts';

export type Decide = (a: MatchRecord, b: MatchRecord, comparison: Comparison, model: Model) => Decision;
/** `records`: as they were compared, knowing of one another. */
export type Scored = {
  records: MatchRecord[];
  clusters: string[][];
  links: Link[];
  reviews: Link[];
  compared: number;
};

export type Rules = {
  decide: Decide;
  /** Which pairs may be one person at all: of two files, those across. */
  isAsked: (a: MatchRecord, b: MatchRecord) => boolean;
  keysOf: (record: MatchRecord) => string[];
  /** Are there families, whose numbers, births and vetoes count? */
  hasFamilies: boolean;
};
export const ALL_RULES: Rules = { decide, isAsked: () => true, keysOf, hasFamilies: true };

export const scoreRecords = (...given: Parameters<typeof scoreInSteps>): Scored =>
  atOnce(scoreInSteps(...given));

/** The same, for whoever serves others meanwhile (doors/turns.ts). */
export function* scoreInSteps(given: MatchRecord[], model: Model, rules: Rules): Steps<Scored> {
  const records = rules.hasFamilies ? prepareRecords(given, model) : given;
  const [links, reviews]: [Link[], Link[]] = [[], []];
  let compared = 0;
  yield* pairsInSteps(records, rules.keysOf, (one, other) => {
    const [a, b] = [records[one]!, records[other]!];
    if (!rules.isAsked(a, b)) return;
    compared += 1;
    const comparison = compare(a, b, model);
    const { outcome, reason } = rules.decide(a, b, comparison, model);
    if (outcome === 'none' || reason === null) return;
    const link = { a: a.id, b: b.id, bits: comparison.totals.stranger, reason };
    (outcome === 'same' ? links : reviews).push(link);
  });
  const byId = new Map(records.map((record) => [record.id, record]));
  const vetoes = (x: string, y: string) =>
    rules.hasFamilies && isVetoed(compare(byId.get(x)!, byId.get(y)!, model).guards);
  const { clusters, refused } = cluster(records, links, vetoes);
  return { records, clusters, links, reviews: [...reviews, ...refused], compared };
}
