import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isValidNhsNumber } from '../../src/fhir/nhs-number.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { isSound } from '../../src/pipeline/understand.ts';
import { listExamples, runExample, testExample } from '../../src/workbench/examples.ts';

const mappings = await loadMappings();
const examples = listExamples(mappings);

describe('every example pair on disk', () => {
  test.each(examples)('$source/$name maps as its second file says', (example) => {
    expect(testExample(mappings, example).differences).toEqual([]);
  });

  test.each(mappings.names)('%s has five or more, good and bad', (source) => {
    const own = examples.filter((example) => example.source === source);
    const sound = own.filter((example) => runExample(mappings, example).every(isSound)).length;
    expect([own.length >= 5, sound > 0, sound < own.length]).toEqual([true, true, true]);
  });

  test.each(mappings.names)('%s has no second file without a first', (source) => {
    const files = readdirSync(new URL(`${source}/examples/`, MAPPINGS_DIR));
    const cases = new Set(examples.filter((example) => example.source === source).map(({ name }) => name));
    expect(files.filter((file) => !cases.has(file.replace(/\.(in|out|outcome)\..*$/, '')))).toEqual([]);
  });

  test.each(examples.filter(({ name }) => name !== 'bad-nhs-number'))(
    '$source/$name speaks of nobody: numbers begin 999',
    ({ input }) => {
      const numbers =
        readFileSync(input, 'utf8')
          .replace(/(?<=\d) (?=\d)/g, '')
          .match(/(?<![\d-])\d{10}(?!\d)/g) ?? [];
      const real = numbers.filter((number) => isValidNhsNumber(number) && !number.startsWith('999'));
      expect(real).toEqual([]);
    },
  );
});
