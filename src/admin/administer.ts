/** Commands that need the store, and the help of all: data on stdout, messages on stderr. */
import { readOptions } from '../command/read-options.ts';
import { readVersion } from '../command/version.ts';
import { WrongUse } from '../command/wrong-use.ts';
import { Rejected } from '../errors.ts';
import { suggest } from '../map/run.ts';
import type { Command, Commands } from './command.ts';
import { audit } from './commands/audit.ts';
import { auth } from './commands/auth.ts';
import { backup } from './commands/backup.ts';
import { clock } from './commands/clock.ts';
import { deliveries } from './commands/deliveries.ts';
import { glass } from './commands/glass.ts';
import { hold } from './commands/hold.ts';
import { installation } from './commands/installation.ts';
import { messages } from './commands/messages.ts';
import { number } from './commands/number.ts';
import { person } from './commands/person.ts';
import { personRights } from './commands/person-rights.ts';
import { policy } from './commands/policy.ts';
import { prompt } from './commands/prompt.ts';
import { prune } from './commands/prune.ts';
import { secrets } from './commands/secrets.ts';
import { service } from './commands/service.ts';
import { subscription } from './commands/subscription.ts';
import { system } from './commands/system.ts';
import { team } from './commands/team.ts';
import { trace } from './commands/trace.ts';
import { waits } from './commands/waits.ts';

const COMMANDS: Commands = {
  ...{ ...system, ...team, ...service, ...messages, ...deliveries, ...subscription },
  ...{
    ...person,
    ...personRights,
    ...waits,
    ...number,
    ...policy,
    ...prompt,
    ...trace,
    ...auth,
    ...audit,
    ...hold,
    ...glass,
    ...installation,
    ...backup,
    ...secrets,
    ...prune,
    ...clock,
  },
};

/** Those that live elsewhere, so that they load no store; `src/cli.ts` runs them. */
const ELSEWHERE: Record<string, string> = {
  listen: 'what a subscriber is told, shown as it comes; for trial',
  match: 'how well records are told apart and joined, and the weights for it',
  map: 'the workbench: mappings made, checked, tested and explained',
  validate: 'FHIR resources against profiles',
};

/** The first word of each. */
const FIRST = new Set(
  [...Object.keys(COMMANDS), ...Object.keys(ELSEWHERE)].map((name) => name.split(' ')[0] ?? ''),
);

const row = ([name, summary]: [string, string]) => `  ${name.padEnd(18)} ${summary}\n`;
const rowsOf = (commands: Commands) =>
  Object.entries(commands).map(([name, { summary }]) => row([name, summary]));

const HELP = `Usage: skein COMMAND [options]

${Object.entries(ELSEWHERE).map(row).join('')}
${rowsOf(COMMANDS).join('')}
  --version      which Skein this is
  --help         this; after a command, its options and examples

Examples:
  skein system add --help
  skein system add --name epr --ods RXX --team maternity --sector maternity --source hl7v2-adt,hl7v2-siu
  skein replay --held --json

Without DATABASE_URL the embedded store of DATA_DIR is used, running or not.
Exit codes: 0 done; 1 refused or failed; 2 used wrongly.
`;

/** Runs one command and gives its exit code. Throws what the store or the command refuses. */
export async function administer(args: string[]): Promise<number> {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const name = [3, 2, 1].map((length) => words.slice(0, length).join(' ')).find((known) => known in COMMANDS);
  try {
    const command = name === undefined ? undefined : COMMANDS[name];
    const { text, code } = command ? await command.run(without(args, name ?? '')) : explain(args, words);
    process.stdout.write(text);
    return code;
  } catch (error) {
    if (!isWrongUse(error)) throw error;
    const help = ['skein', name, '--help'].filter(Boolean).join(' ');
    process.stderr.write(`skein: ${error.message}\nTry ${help}.\n`);
    return 2;
  }
}

/** What is refused for a value that can never be right is used wrongly, whoever looked at it. */
const isWrongUse = (error: unknown): error is Error =>
  error instanceof WrongUse ||
  (error instanceof Rejected && error.issues.every(({ code }) => code === 'value'));

/** What follows the name of a command; options before it are kept. */
function without(args: string[], name: string): string[] {
  const left = [...args];
  for (const word of name.split(' ')) left.splice(left.indexOf(word), 1);
  return left;
}

/** Help, the version, or what is wrong with what was asked for. */
function explain(args: string[], words: string[]): { text: string; code: number } {
  if (args.length === 0) return { text: HELP, code: 0 };
  const asked = words.join(' ');
  const of = [words.slice(0, 2).join(' '), words[0] ?? ''].find((first) => inGroup(first).length > 0) ?? '';
  const group = inGroup(of);
  const known = words.length === 0 || group.length > 0;
  if (!known)
    throw new WrongUse(
      `there is no command "${asked}"${meantBy(words) || `: it is one of ${[...FIRST].join(', ')}`}`,
    );
  const { values } = readOptions(args, {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  });
  if (values.version) return { text: `skein ${readVersion()}\n`, code: 0 };
  if (values.help) return { text: words.length === 0 ? HELP : helpOfGroup(of), code: 0 };
  const depth = of.split(' ').length;
  const verbs = [...new Set(group.map(([name]) => name.split(' ')[depth]))].join(', ');
  if (words[depth] === undefined) throw new WrongUse(`${of} is followed by one of ${verbs}`);
  const meant = meantBy(words.slice(0, depth + 1)) || `: ${of} is followed by one of ${verbs}`;
  throw new WrongUse(`there is no command "${asked}"${meant}`);
}

const inGroup = (first: string): [string, Command][] =>
  Object.entries(COMMANDS).filter(([name]) => name.startsWith(`${first} `));

function helpOfGroup(first: string): string {
  const group = inGroup(first);
  return `Usage: skein ${first} COMMAND [options]

${rowsOf(Object.fromEntries(group)).join('')}
Options and examples:
${group.map(([name]) => `  skein ${name} --help`).join('\n')}
`;
}

/** By all words, else by the first alone. */
function meantBy(words: string[]): string {
  const [first = '', second] = words;
  const meant = second === undefined ? '' : suggest(words.join(' '), Object.keys(COMMANDS));
  return meant || (FIRST.has(first) ? '' : suggest(first, FIRST));
}
