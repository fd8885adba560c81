import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { bitsOf, FIELDS, type Field, KINDS, LEVELS, type Model, type Weight } from '../../match/model.ts';
import { readPolicyFile } from './policy-file.ts';

const Probability = z.number().gt(0).lte(1);
const Row = z.strictObject({
  same: Probability,
  stranger: Probability,
  family: Probability,
  twin: Probability,
});
const weightsOf = (field: Field) =>
  z.strictObject(Object.fromEntries(LEVELS[field].map((level) => [level, Row])));

const File = z
  .strictObject({
    version: z.int().min(1),
    prior: z.number().min(2),
    thresholds: z.strictObject({
      total: z.number(),
      family: z.number(),
      twin: z.number(),
      review: z.number(),
      reviewFamily: z.number(),
      reviewTwin: z.number(),
      reviewAdultTwin: z.number(),
    }),
    sharedBy: z.int().min(1),
    weights: z.strictObject(Object.fromEntries(FIELDS.map((field) => [field, weightsOf(field)]))),
  })
  .superRefine(({ weights, thresholds }, context) => {
    const complain = (path: string[], message: string) =>
      context.addIssue({ code: 'custom', path: ['weights', ...path], message });
    for (const field of FIELDS) {
      const levels = Object.entries(weights[field] as Record<string, Weight>);
      for (const column of ['same', ...KINDS] as const) {
        const sum = levels.reduce((total, [, weight]) => total + weight[column], 0);
        if (Math.abs(sum - 1) > 0.001) complain([field], `${column} adds up to ${sum.toFixed(4)}, not to 1`);
      }
      for (const [at, [level, weight]] of levels.entries()) {
        const above = levels[at - 1];
        // As rounded: learned weights may be equal.
        if (above && bitsOf(weight).stranger > bitsOf(above[1]).stranger + 0.001)
          complain([field, level], `speaks more for one person than ${above[0]}, which is more agreement`);
      }
    }
    if (thresholds.review > thresholds.total)
      context.addIssue({ code: 'custom', path: ['thresholds', 'review'], message: 'is over total' });
  });

/** Reads the weights of matching. Throws one Error naming file and line of everything wrong with it. */
export function parseMatching(text: string, file: string): Model {
  const { weights, ...rest } = readPolicyFile(File, text, file);
  const known = weights as Model['weights'];
  const bits = Object.fromEntries(
    FIELDS.map((field) => [
      field,
      Object.fromEntries(Object.entries(known[field]).map(([level, weight]) => [level, bitsOf(weight)])),
    ]),
  ) as Model['bits'];
  return { ...rest, weights: known, bits };
}

export const MATCHING_FILE = new URL('../../../policy/matching.yaml', import.meta.url);

/** The weights that ship; a pure stage is given them. */
export const MATCHING: Model = parseMatching(readFileSync(MATCHING_FILE, 'utf8'), 'policy/matching.yaml');
