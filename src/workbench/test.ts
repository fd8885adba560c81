import { loadMappings } from '../map/load-mappings.ts';
import { type Command, folderOf } from './command.ts';
import { listExamples, testExample, updateExample } from './examples.ts';
import { complain, print, printJson } from './terminal.ts';

export const test: Command = {
  summary: 'every example pair; --update writes what the mappings say now',
  options: ['update', 'mapping'],
  help: `Usage: skein map test [--mapping NAME] [--update] [--dir FOLDER] [--json]

Runs every example and compares with its second file. --update writes that file anew: read the change before committing it.

Examples:
  skein map test
  skein map test --mapping hl7v2-adt --update

Exit codes: 0 all pass; 1 some do not, or a mapping does not load; 2 used wrongly.
`,
  run: async (_, flags) => {
    const mappings = await loadMappings(folderOf(flags));
    const examples = listExamples(mappings, folderOf(flags)).filter(
      ({ source }) => flags.mapping === undefined || source === flags.mapping,
    );
    if (flags.update) for (const example of examples) updateExample(mappings, example);
    const verdicts = examples.map((example) => testExample(mappings, example));
    const failed = verdicts.filter(({ passed }) => !passed);
    if (flags.json)
      printJson(
        verdicts.map(({ source, name, passed, difference }) => ({
          source,
          name,
          passed,
          ...(difference && { difference }),
        })),
      );
    else print(`${verdicts.length - failed.length} of ${verdicts.length} examples pass\n`);
    for (const { source, name, difference } of flags.json ? [] : failed) complain(`${source}/${name}: ${difference}`);
    return failed.length > 0 ? 1 : 0;
  },
};
