import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MATCHING, parseMatching } from '../../src/access/decide/matching.ts';
import { evaluateFebrl, evaluateRecords } from '../../src/workbench/evaluate/evaluate.ts';
import { readFebrl, readRecords } from '../../src/workbench/evaluate/read-truth.ts';
import { generate } from '../families/generate.ts';
import { csvHeader, csvLine } from '../families/record.ts';
import { runProgram } from '../support/process.ts';

const csvOf = (records: number, stress = {}) =>
  Buffer.from(
    [
      csvHeader(false),
      ...[...generate({ records, seed: 3, split: 'train', ...stress })].map((one) => csvLine(one, false)),
    ].join('\n'),
  );

it('joins nobody wrongly among synthetic families, however many twins, slips or borrowed numbers', () => {
  for (const stress of [{}, { twins: 0.25 }, { errors: 3 }, { mothersNumber: 0.012 }]) {
    const figures = evaluateRecords(readRecords(csvOf(4000, stress)), MATCHING);
    expect(figures.falseLinks).toBe(0);
    expect(figures.clusterRecall).toBeGreaterThan(0.8);
    expect(figures.recallAfterReview).toBeGreaterThan(0.97);
  }
});

it('gives the same figures for any order of the file', () => {
  const [header = '', ...lines] = csvOf(1500).toString().split('\n');
  const turned = Buffer.from([header, ...lines.reverse()].join('\n'));
  expect(evaluateRecords(readRecords(turned), MATCHING)).toEqual(
    evaluateRecords(readRecords(csvOf(1500)), MATCHING),
  );
});

const FEBRL = `rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state, date_of_birth, soc_sec_id
rec-0-org, alinta, testerley, 4, synthetic street, , inventon, 4011, wa, 19810912, 6988048
rec-0-dup-0, alinta, testerly, 4, synthetic street, , inventon, 4011, wa, 19810912, 6988048
rec-1-org, corey, madeup, 90, fancy crescent, , placeholm, 2776, vic, 19600210, 2635962
rec-1-dup-0, corey, madeup, 90, fancy crescent, , placeholm, 2767, vic, 19600210, 2635962`;

it('reads FEBRL, in one file or in two of which only pairs across count', () => {
  const [header, a, b, c, d] = FEBRL.split('\n');
  const read = (lines: (string | undefined)[], file: number) =>
    readFebrl(Buffer.from([header, ...lines].join('\n')), { file, identifier: true });
  expect(evaluateFebrl(read([a, b, c, d], 0), MATCHING)).toMatchObject({ f1: 1, falseLinks: 0, persons: 2 });
  const two = [...read([a, c], 0), ...read([b, d], 1)];
  expect(evaluateFebrl(two, MATCHING)).toMatchObject({ f1: 1, recall: 1 });
});

async function skein(...args: string[]): Promise<{ code: number | null; output: string }> {
  const program = runProgram(['bin/skein.js', ...args], {});
  return { code: await program.exit(), output: program.output() };
}

it('the command line evaluates and tunes, and says what is used wrongly', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skein-match-'));
  const file = join(folder, 'families.csv');
  writeFileSync(file, csvOf(600));
  const evaluated = await skein('match', 'evaluate', '--format', 'records', '--json', file);
  expect(JSON.parse(evaluated.output)).toMatchObject({ records: 600, falseLinks: 0, precision: 1 });
  const tuned = await skein('match', 'tune', '--format', 'records', file);
  expect(parseMatching(tuned.output, 'tuned').version).toBe(MATCHING.version + 1);
  expect((await skein('match', 'tune', '--format', 'records', file)).output).toBe(tuned.output);
  for (const wrong of [[], ['--format', 'odd', file], ['--format', 'records', '--without-identifier', file]])
    expect((await skein('match', 'evaluate', ...wrong)).code).toBe(2);
});
