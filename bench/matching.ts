/**
 * Synthetic families (`test/families`, made apart from the matcher) scored as intake scores them: the ordinary set and
 * each that makes one thing harder. Every record is kept as the scorer reads it and no more; pairs are streamed.
 */
import { MATCHING } from '../src/access/decide/matching.ts';
import type { Link } from '../src/match/cluster.ts';
import type { MatchRecord } from '../src/match/record.ts';
import { ALL_RULES, scoreRecords } from '../src/match/score-records.ts';
import { figuresOf } from '../src/workbench/evaluate/figures.ts';
import { recordOf } from '../src/workbench/evaluate/read-truth.ts';
import { generate, ORDINARY, STRESS } from '../test/families/generate.ts';
import { round, say } from './report.ts';

const SETS = { ordinary: ORDINARY, ...STRESS };
type Made = {
  records: MatchRecord[];
  personOf: Map<string, string>;
  /** The same child before and after an adoption: never to be brought together, nor suggested. */
  neverWith: Map<string, string>;
  births: number;
};
type Asked = { records: number; seed: number; set: string | undefined };

/** One row for each set. Throws where nothing was made. */
export async function benchMatching(asked: Asked): Promise<Record<string, string | number>[]> {
  const names = Object.keys(SETS).filter((name) => asked.set === undefined || name === asked.set);
  if (names.length === 0) throw new Error(`--set is one of ${Object.keys(SETS).join(', ')}`);
  return names.map((name) => {
    say(`${name}: ${asked.records} records ...`);
    return measure(name as keyof typeof SETS, asked);
  });
}

function measure(set: keyof typeof SETS, asked: Asked): Record<string, string | number> {
  const { records, personOf, neverWith, births } = make(set, asked);
  const began = performance.now();
  const scored = scoreRecords(records, MATCHING, ALL_RULES);
  const seconds = (performance.now() - began) / 1000;
  const figures = figuresOf(scored, { personOf, births });
  const isSealed = ({ a, b }: Link) => neverWith.get(personOf.get(a) ?? '') === personOf.get(b);
  return {
    set,
    falseLinks: figures.falseLinks,
    recall: round(figures.recall, 4),
    clusterRecall: round(figures.clusterRecall, 4),
    wholePersons: round(figures.wholePersons, 4),
    afterReview: round(figures.recallAfterReview, 4),
    perRecord: round(figures.reviewsPerRecord, 4),
    per1000Births: round(figures.reviewsPer1000Births, 0),
    sealedAsked: scored.reviews.filter(isSealed).length,
    pairs: scored.compared,
    seconds: round(seconds, 1),
    megabytes: Math.round(process.memoryUsage.rss() / 2 ** 20),
  };
}

/** Made twice over, the first time for its last birth date, by which somebody is a child. */
function make(set: keyof typeof SETS, { records: most, seed }: Asked): Made {
  const options = { ...SETS[set], records: most, seed, split: 'dev' as const };
  let asOf = '';
  for (const { record } of generate(options)) if (record.birth_date > asOf) asOf = record.birth_date;
  const made: Made = { records: [], personOf: new Map(), neverWith: new Map(), births: 0 };
  const children = new Set<string>();
  for (const { record: row, truth } of generate(options)) {
    const record = recordOf(row, asOf);
    made.records.push(record);
    made.personOf.set(record.id, row.person_id);
    if (record.age === 'infant' || record.age === 'child') children.add(row.person_id);
    if (!truth.never_with) continue;
    made.neverWith.set(row.person_id, truth.never_with);
    made.neverWith.set(truth.never_with, row.person_id);
  }
  if (made.records.length === 0) throw new Error('--records is 1 or more');
  return { ...made, births: children.size };
}
