/** Two records beside each other: how far they agree, how much that says, and what stands in the way. */
import { type Guard, guardsOf } from './guards.ts';
import { levelsOf } from './levels.ts';
import { type Bits, FIELDS, type Field, KINDS, type Levels, type Model } from './model.ts';
import type { MatchRecord } from './record.ts';

export type Comparison = {
  version: number;
  levels: Levels;
  /** Of the fields that both records have. */
  bits: { [F in Field]?: Bits };
  /** Against a stranger with the national prior; against one of the family or of one birth without any. */
  totals: Bits;
  guards: Guard[];
};

/** The same whichever record is named first. */
export function compare(a: MatchRecord, b: MatchRecord, model: Model): Comparison {
  const levels = levelsOf(a, b);
  const bits: Comparison['bits'] = {};
  const totals = { stranger: -Math.log2(model.prior), family: 0, twin: 0 };
  for (const field of FIELDS) {
    const level = levels[field];
    const found = level === null ? undefined : model.bits[field][level];
    if (!found) continue;
    bits[field] = found;
    for (const kind of KINDS) totals[kind] += found[kind];
  }
  return { version: model.version, levels, bits, totals, guards: guardsOf(a, b, levels) };
}
