import { loadMappings } from '../../map/language/load-mappings.ts';
import type { Json } from '../../model.ts';
import { type Command, foldersOf, refuseFiles, wrongMapping } from '../command.ts';
import { listExamples, testExample, updateExample, type Verdict } from '../examples.ts';
import type { Difference } from '../prove/compare.ts';
import { complain, paint, print, printJson, showProgress } from '../terminal.ts';

/** At most this many differences are printed, about a screen; `--json` has all. */
const MOST_SHOWN = 20;

export const test: Command = {
  summary: 'every example pair; --update writes what the mappings say now',
  options: ['update', 'mapping'],
  help: `Usage: skein map test [--mapping NAME] [--update] [--dir FOLDER] [--json]

Runs every example and compares what it becomes, checked against its profiles, with its second file,
element by element. --update writes that file anew: read the change before committing it.

Examples:
  skein map test
  skein map test --mapping hl7v2-adt --update
  skein map test --json | jq '.[] | select(.passed | not)'

Exit codes: 0 all pass; 1 some do not, or a mapping does not load; 2 used wrongly.
`,
  run: async (files, flags) => {
    refuseFiles(files, '--mapping NAME tests one');
    const mappings = await loadMappings(foldersOf(flags));
    const { mapping } = flags;
    if (mapping !== undefined && !mappings.names.includes(mapping)) throw wrongMapping(mappings);
    const examples = listExamples(
      { names: mapping === undefined ? mappings.names : [mapping] },
      foldersOf(flags),
    );
    if (flags.update) for (const example of examples) updateExample(mappings, example);
    const progress = showProgress('examples');
    const verdicts = examples.map((example, index) => {
      progress.step(index, examples.length);
      return testExample(mappings, example);
    });
    progress.end();
    const failed = verdicts.filter(({ differences }) => differences.length > 0);
    if (flags.json) printJson(verdicts.map(toJson));
    else print(`${verdicts.length - failed.length} of ${verdicts.length} examples pass\n`);
    for (const verdict of flags.json ? [] : failed) complain(describe(verdict));
    return failed.length > 0 ? 1 : 0;
  },
};

function toJson({ source, name, differences }: Verdict) {
  return {
    source,
    name,
    passed: differences.length === 0,
    differences: differences.map(({ before, after, ...at }) => ({ ...at, expected: before, got: after })),
  };
}

function describe({ source, name, differences }: Verdict): string {
  const rest = differences.length - MOST_SHOWN;
  return [
    `${source}/${name}: ${differences.length} difference${differences.length > 1 ? 's' : ''}`,
    ...differences.slice(0, MOST_SHOWN).map(describeOne),
    ...(rest > 0 ? [`  and ${rest} more: --json has them all`] : []),
  ].join('\n');
}

function describeOne({ unit, element, before, after }: Difference): string {
  return [
    `  ${unit ? `${unit}: ` : ''}${element}`,
    paint('stderr', 'red', `    - expected ${textOf(before)}`),
    paint('stderr', 'green', `    + got      ${textOf(after)}`),
  ].join('\n');
}

const textOf = (value: Json | undefined) => (value === undefined ? 'nothing' : String(value));
