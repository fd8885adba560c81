import { type Command, chooseMapping, runFile } from './command.ts';
import { columns, print, printJson } from './terminal.ts';

export const explain: Command = {
  summary: 'each target element with its source and rule; PATH names either',
  options: ['mapping', 'dialect'],
  help: `Usage: skein map explain --mapping NAME [--dialect DIALECT] [--dir FOLDER] [--json] FILE [PATH]

Where each element comes from: its source position and the rule (file:line). PATH narrows it, by target element or, the other way
round, by source field. FILE may be - for standard input.

Examples:
  skein map explain --mapping hl7v2-adt message.hl7
  skein map explain --mapping hl7v2-adt message.hl7 patient.birthDate
  skein map explain --mapping hl7v2-adt message.hl7 PID-5

Exit codes: 0 something was explained; 1 nothing matches; 2 used wrongly.
`,
  run: async ([file, path], flags) => {
    const lines = runFile(await chooseMapping(flags), file, flags).flatMap(({ record }) => record?.lineage ?? []);
    const chosen =
      path === undefined
        ? lines
        : lines.filter(({ element, source }) => element.includes(path) || source.includes(path));
    if (flags.json) printJson(chosen);
    else print(columns(chosen.map(({ element, source, rule }) => [element, source, `(${rule})`])));
    return chosen.length > 0 ? 0 : 1;
  },
};
