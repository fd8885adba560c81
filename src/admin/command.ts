/** What a command is that needs the store: its help, its options, and what it does. */
import { type Given, type Options, readOptions } from '../command/read-options.ts';
import { WrongUse } from '../command/wrong-use.ts';

/**
 * What a command gives: `data` with --json, else `text`; `code` where it is not 0. `about`: persons, by id,
 * whom it tells of besides those of the resources that it names.
 */
export type Done = { data: object; text: string; code?: number; about?: string[] };

/** `run` takes what follows the command's name, and gives its text on stdout and its exit code. */
export type Command = {
  summary: string;
  help: string;
  run: (args: string[]) => Promise<{ text: string; code: number }>;
};
export type Commands = Record<string, Command>;

type Made<O extends Options> = {
  summary: string;
  /** Usage, purpose, examples. */
  help: string;
  options: O;
  /** Names of the words that follow, and how many of them must: all, where it is left out. */
  words?: string[];
  least?: number;
  run: (flags: Given<O>['values'], words: string[]) => Promise<Done>;
};

export const text = { type: 'string' } as const;
export const yes = { type: 'boolean' } as const;
const OF_ALL = { json: yes, help: { type: 'boolean', short: 'h' } } as const;

/** A command that reads its own options, refuses words that it does not take, and knows --help and --json. */
export function command<const O extends Options>(made: Made<O>): Command {
  const { summary, help, options, words = [], least = words.length, run } = made;
  return {
    summary,
    help,
    run: async (args) => {
      const { values, positionals } = readOptions(args, { ...options, ...OF_ALL });
      const { help: asked, json } = values as { help?: boolean; json?: boolean };
      if (asked) return { text: help, code: 0 };
      const { [positionals.length]: missing } = words.slice(0, least);
      const extra = positionals[words.length];
      if (missing !== undefined) throw new WrongUse(`${missing} is missing`);
      if (extra !== undefined) throw new WrongUse(`"${extra}" is not understood here`);
      const done = await run(values as Given<O>['values'], positionals);
      return { text: json ? `${JSON.stringify(done.data, null, 2)}\n` : done.text, code: done.code ?? 0 };
    },
  };
}

/** Names in columns of about a hundred, for a help text. */
export const listOf = (names: readonly string[]): string =>
  [...names]
    .sort()
    .join(', ')
    .replace(/(.{80,100}?,) /g, '$1\n  ');
