import { isSound } from '../../pipeline/understand.ts';
import { type Command, chooseMapping, readInput, runMessage } from '../command.ts';
import { complain, describeIssue, printJson } from '../terminal.ts';

export const run: Command = {
  summary: 'resources on stdout, issues on stderr',
  options: ['mapping', 'dialect'],
  help: `Usage: skein map run --mapping NAME [--dialect DIALECT] [--dir FOLDER] [--json] FILE

What one message becomes: a JSON array of its resources on stdout, its issues on stderr. With --json
also units, lineage and issues. FILE may be - for standard input.

Examples:
  skein map run --mapping hl7v2-adt message.hl7
  skein map run --mapping third-sector-csv --json referrals.csv | jq '.[].issues'

Exit codes: 0 it would be accepted; 1 some or all of it would be held; 2 used wrongly.
`,
  run: async ([file], flags) => {
    const results = runMessage(await chooseMapping(flags), readInput(file), flags);
    if (flags.json) printJson(results);
    else printJson(results.flatMap(({ record }) => record?.statements.map(({ resource }) => resource) ?? []));
    for (const { issues } of flags.json ? [] : results)
      for (const issue of issues) complain(describeIssue(issue));
    return results.every(isSound) ? 0 : 1;
  },
};
