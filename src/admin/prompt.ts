/** `skein prompt …`: the rules of prompts, what became of what they raised, and one switched on again. */
import { PROMPTS } from '../access/decide/prompt-rules.ts';
import type { Context } from '../context.ts';
import { type Cases, countCases, readOff, switchOn } from '../save/prompts.ts';
import type { Db } from '../store/pool.ts';
import type { Done } from './command.ts';

const none = (code: string): Cases => ({ code, cases: 0, completed: 0, dismissed: 0, off: null });

export async function listRules({ db }: Context): Promise<Done> {
  const off = new Map((await readOff(db)).map(({ code, at }) => [code, at]));
  const counted = new Map((await countCases(db)).map((one) => [one.code, one]));
  const codes = Object.keys(PROMPTS).filter((code) => code !== 'every-prompt');
  const rules = codes.map((code) => ({ ...(counted.get(code) ?? none(code)), off: off.get(code) ?? null }));
  const lines = rules.map(
    (one) =>
      `${one.code}: ${one.off ? `off since ${one.off.toISOString().slice(0, 10)}` : 'on'}, ` +
      `${one.cases} raised, ${one.completed} completed, ${one.dismissed} dismissed\n`,
  );
  return { data: rules, text: lines.join('') };
}

export async function switchRuleOn({ db }: Context, code: string): Promise<Done> {
  if (!(await switchOn(db, code))) throw new Error(`no rule of prompts "${code}" is off: skein prompt list`);
  return { data: { code, off: null }, text: `${code}: on\n` };
}

/** For `skein doctor`. */
export async function examineRules(db: Db): Promise<string[]> {
  const counted = new Map((await countCases(db)).map((one) => [one.code, one]));
  return (await readOff(db)).map(({ code, at }) => {
    const { cases, dismissed } = counted.get(code) ?? none(code);
    const day = at.toISOString().slice(0, 10);
    return `${code} switched itself off on ${day}: ${dismissed} of ${cases} were dismissed; mend policy/prompts, then skein prompt on ${code}`;
  });
}
