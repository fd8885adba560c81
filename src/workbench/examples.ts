import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Mappings } from '../map/load-mappings.ts';
import { MAPPINGS_DIR } from '../map/read-mappings.ts';
import { isSound, type Understood } from '../understand.ts';
import { runMapping } from './run-mapping.ts';

/** One pair on disk: `<case>.in.<ext>` with `<case>.out.json` (statements), or `<case>.outcome.json` when all of it is held. */
export type Example = { source: string; name: string; input: URL; out: URL; outcome: URL };
export type Verdict = Example & { passed: boolean; difference: string };

export function listExamples(mappings: Pick<Mappings, 'names'>, dir: URL = MAPPINGS_DIR): Example[] {
  return mappings.names.flatMap((source) => {
    const folder = new URL(`${source}/examples/`, dir);
    const inputs = existsSync(folder) ? readdirSync(folder).filter((file) => file.includes('.in.')) : [];
    return inputs.sort().map((file) => {
      const name = file.slice(0, file.indexOf('.in.'));
      return {
        source,
        name,
        input: new URL(file, folder),
        out: new URL(`${name}.out.json`, folder),
        outcome: new URL(`${name}.outcome.json`, folder),
      };
    });
  });
}

/** What an example's second file says: statements and issues of each unit; lineage is left out. */
export function describeResults(results: Understood[]): string {
  const units = results.map(({ position, record, issues }) => ({
    ...(position ? { position } : {}),
    ...(record && isSound({ position, record, issues })
      ? { saidAt: record.saidAt, statements: record.statements }
      : {}),
    ...(issues.length > 0 ? { issues } : {}),
  }));
  return `${JSON.stringify(units, null, 2)}\n`;
}

export function testExample(mappings: Mappings, example: Example): Verdict {
  const results = runExample(mappings, example);
  const expected = fileFor(example, results);
  const told = existsSync(expected) ? readFileSync(expected, 'utf8') : '';
  const got = describeResults(results);
  return { ...example, passed: told === got, difference: told === got ? '' : firstDifference(told, got) };
}

/** Writes what the mapping says now; a person reviews the change before it is committed. */
export function updateExample(mappings: Mappings, example: Example): void {
  const results = runExample(mappings, example);
  for (const file of [example.out, example.outcome]) rmSync(file, { force: true });
  writeFileSync(fileFor(example, results), describeResults(results));
}

export function runExample(mappings: Mappings, { source, input }: Example): Understood[] {
  const mapping = mappings.get(source);
  if (!mapping) throw new Error(`no mapping ${source}`);
  return runMapping(mapping, readFileSync(input));
}

const fileFor = ({ out, outcome }: Example, results: Understood[]) => (results.some(isSound) ? out : outcome);

/** The lines around the first that differs: `-` expected, `+` now. */
function firstDifference(expected: string, got: string): string {
  const [before, now] = [expected.split('\n'), got.split('\n')];
  const at = before.findIndex((line, index) => line !== now[index]);
  const from = at < 0 ? before.length : at;
  const show = (lines: string[], mark: string) => lines.slice(from, from + 4).map((line) => `${mark} ${line}`);
  return [
    `line ${from + 1}:`,
    ...before.slice(Math.max(0, from - 2), from).map((line) => `  ${line}`),
    ...show(before, '-'),
    ...show(now, '+'),
  ].join('\n');
}
