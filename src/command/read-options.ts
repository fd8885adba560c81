/** The options of any command: those that are not known are refused with the one that was probably meant. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { suggest } from '../map/run.ts';
import { WrongUse } from './wrong-use.ts';

export type Options = NonNullable<ParseArgsConfig['options']>;
export type Given<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>
>;

/** Throws WrongUse. */
export function readOptions<const O extends Options>(args: string[], options: O): Given<O> {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new WrongUse(explain(cause as Error, Object.keys(options)), { cause });
  }
}

function explain({ message }: Error, names: string[]): string {
  const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
  const [first = ''] = message.split('\n');
  if (unknown === undefined) return first;
  const meant = suggest(
    unknown,
    names.map((name) => `--${name}`),
  );
  return `there is no option ${unknown} here${meant || `: it is one of ${listOptions(names)}`}`;
}

const listOptions = (names: string[]) => names.map((name) => `--${name}`).join(', ');
