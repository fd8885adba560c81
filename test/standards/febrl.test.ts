/** The FEBRL data sets, where STANDARDS_DATA has them: a regression test of comparators and learning, not of families. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MATCHING } from '../../src/access/decide/matching.ts';
import { evaluateFebrl } from '../../src/workbench/evaluate/evaluate.ts';
import { readFebrl } from '../../src/workbench/evaluate/read-truth.ts';

const FOLDER = join(process.env.STANDARDS_DATA ?? '../shared/data', 'matching');
const LEAST_F1 = 0.995;

describe.skipIf(!existsSync(FOLDER))('FEBRL', () => {
  it.each([
    ['dataset1.csv', true],
    ['dataset1.csv', false],
    ['dataset2.csv', true],
    ['dataset2.csv', false],
  ])('%s, identifier %s: nearly all found and nobody joined wrongly', (name, identifier) => {
    const truth = readFebrl(readFileSync(join(FOLDER, name)), { file: 0, identifier });
    const { f1, falseLinks } = evaluateFebrl(truth, MATCHING);
    expect(falseLinks).toBe(0);
    expect(f1).toBeGreaterThanOrEqual(LEAST_F1);
  });
});
