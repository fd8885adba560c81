/** The workbench: mappings checked, proven by their examples, run and explained; no store, no network. Data
 * on stdout, messages on stderr. */
import { readOptions } from '../command/read-options.ts';
import { MappingError } from '../map/language/yaml-file.ts';
import { suggest } from '../map/run.ts';
import { type Command, type Flags, OPTIONS, WrongUse } from './command.ts';
import { check } from './commands/check.ts';
import { coverage } from './commands/coverage.ts';
import { explain } from './commands/explain.ts';
import { impact } from './commands/impact.ts';
import { evaluate } from './commands/match-evaluate.ts';
import { tune } from './commands/match-tune.ts';
import { create } from './commands/new.ts';
import { run } from './commands/run.ts';
import { schema } from './commands/schema.ts';
import { test } from './commands/test.ts';
import { validate } from './commands/validate.ts';
import { complain, print, printJson } from './terminal.ts';

const COMMANDS: Record<string, Command> = {
  'map new': create,
  'map check': check,
  'map test': test,
  'map run': run,
  'map explain': explain,
  'map coverage': coverage,
  'map impact': impact,
  'map schema': schema,
  validate,
  'match evaluate': evaluate,
  'match tune': tune,
};

const list = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(14)} ${summary}\n`);
const GROUPS = ['map', 'match'];
const verbsOf = (group: string) =>
  `: ${group} is followed by one of ${Object.keys(COMMANDS)
    .flatMap((name) => (name.startsWith(`${group} `) ? (name.split(' ')[1] ?? []) : []))
    .join(', ')}`;
const HELP = `Usage: skein map COMMAND | skein match COMMAND | skein validate FILE   [--json] [--dir FOLDER]

${list.join('')}
Examples:
  skein map test
  skein map run --mapping hl7v2-adt message.hl7
  skein map coverage --help

--dir names another folder of mappings than the one that ships. FILE may be - for standard input.
Exit codes: 0 all is well; 1 something is wrong with a mapping, an example or the input; 2 used wrongly.
`;

/** Runs `map …`, `match …` or `validate …` and gives the exit code. */
export async function runWorkbench(args: string[]): Promise<number> {
  try {
    return await runCommand(args);
  } catch (error) {
    if (error instanceof MappingError) {
      complain(error.message);
      if (args.includes('--json')) printJson({ problems: error.problems });
      return 1;
    }
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!missing && !(error instanceof WrongUse)) throw error;
    complain(`skein: ${error.message}${missing ? '' : `\nTry ${helpOf(args)}.`}`);
    return 2;
  }
}

const nameIn = (args: string[]): string => {
  const words = args.filter((arg) => !arg.startsWith('-'));
  return GROUPS.includes(words[0] ?? '') ? words.slice(0, 2).join(' ') : (words[0] ?? '');
};

const helpOf = (args: string[]): string =>
  nameIn(args) in COMMANDS ? `skein ${nameIn(args)} --help` : 'skein map --help';

async function runCommand(args: string[]): Promise<number> {
  const name = nameIn(args);
  const command = COMMANDS[name];
  if (!command && !GROUPS.includes(name)) {
    const meant = suggest(name, Object.keys(COMMANDS)) || verbsOf(name.split(' ')[0] ?? '');
    throw new WrongUse(`there is no command "${name}"${meant}`);
  }
  const { values, positionals } = readArgs(args, command);
  if (values.help || !command) print(command?.help ?? HELP);
  else return await command.run(positionals.slice(name.split(' ').length), values);
  return 0;
}

function readArgs(args: string[], command: Command | undefined): { values: Flags; positionals: string[] } {
  const names = ['json', 'help', 'dir', ...(command?.options ?? [])] as const;
  const options = Object.fromEntries(names.map((name) => [name, OPTIONS[name]]));
  return readOptions(args, options) as { values: Flags; positionals: string[] };
}
