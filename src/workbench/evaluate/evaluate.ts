/** A file of records of which it is known who is who, scored as intake does it, beside the truth. */
import type { Model } from '../../match/model.ts';
import { ALL_RULES, scoreRecords } from '../../match/score-records.ts';
import { febrlModel, febrlRules } from './febrl.ts';
import { allPairs, type Figures, figuresOf } from './figures.ts';
import type { Truth } from './read-truth.ts';

export function evaluateRecords(truth: Truth[], model: Model): Figures {
  const scored = scoreRecords(recordsOf(truth), model, ALL_RULES);
  const children = truth.filter(({ record: { age } }) => age === 'infant' || age === 'child');
  const births = new Set(children.map(({ person }) => person)).size;
  return figuresOf(scored, { personOf: personsOf(truth), births });
}

/** One file, in which anybody may be anybody; or two, of which only pairs across count. */
export function evaluateFebrl(truth: Truth[], model: Model): Figures {
  const fileOf = new Map(truth.map(({ record, file }) => [record.id, file]));
  const isAcross = new Set(fileOf.values()).size > 1;
  const rules = febrlRules((a, b) => !isAcross || fileOf.get(a.id) !== fileOf.get(b.id));
  const records = recordsOf(truth);
  const scored = scoreRecords(records, febrlModel(records, model, rules), rules);
  const across = (ids: string[]) => {
    const first = ids.filter((id) => fileOf.get(id) === 0).length;
    return first * (ids.length - first);
  };
  return figuresOf(scored, { personOf: personsOf(truth), births: 0 }, isAcross ? across : allPairs);
}

const recordsOf = (truth: Truth[]) => truth.map(({ record }) => record);
const personsOf = (truth: Truth[]) => new Map(truth.map(({ record, person }) => [record.id, person]));
