import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { MAPPINGS_DIR, placeSources } from '../map/language/folders.ts';
import type { Mappings } from '../map/language/load-mappings.ts';
import { isSound, type Understood } from '../pipeline/understand.ts';
import { compareResults, type Described, type Difference } from './prove/compare.ts';
import { runMapping } from './run-mapping.ts';

/** One pair on disk: `<case>.in.<ext>` with `<case>.out.json` (statements), or `<case>.outcome.json` when all
 * of it is held. */
export type Example = { source: string; name: string; input: URL; out: URL; outcome: URL };
/** The result of one example. `before` is what its second file says, `after` what the mapping gives now. */
export type Verdict = Example & { differences: Difference[] };

export function listExamples(mappings: Pick<Mappings, 'names'>, folders: URL[] = [MAPPINGS_DIR]): Example[] {
  const places = placeSources(folders);
  return mappings.names.flatMap((source) => {
    const folder = new URL(`${source}/examples/`, places.get(source));
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

/** The text of an example's second file: statements and issues of each unit, without lineage. */
export function describeResults(results: Understood[]): string {
  return `${JSON.stringify(describeUnits(results), null, 2)}\n`;
}

export function describeUnits(results: Understood[]): Described[] {
  return results.map(({ position, record, issues }) => ({
    ...(position ? { position } : {}),
    ...(record && isSound({ position, record, issues })
      ? { saidAt: record.saidAt, statements: record.statements }
      : {}),
    ...(issues.length > 0 ? { issues } : {}),
  }));
}

export function testExample(mappings: Mappings, example: Example): Verdict {
  const results = runExample(mappings, example);
  const expected = [example.out, example.outcome].filter((file) => existsSync(file));
  const [file] = expected;
  const whole = (before: string, after: string): Verdict => ({
    ...example,
    differences: [{ unit: '', element: 'message', before, after }],
  });
  if (!file) return whole('a second file, which is missing', 'skein map test --update writes it');
  if (expected.length > 1) return whole('one second file', 'out.json and outcome.json');
  // As JSON, so that only what the files say is compared.
  const after = JSON.parse(describeResults(results)) as Described[];
  const differences = compareResults(JSON.parse(readFileSync(file, 'utf8')) as Described[], after);
  if (differences.length === 0 && file !== fileFor(example, results))
    return whole(nameOf(file), nameOf(fileFor(example, results)));
  return { ...example, differences };
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
const nameOf = (file: URL) => file.pathname.split('/').at(-1) ?? '';
