/** Rules of prompts that switched themselves off: a fact, which link is told. */
import { PROMPTS } from '../access/decide/prompt-rules.ts';
import type { Context } from '../context.ts';
import { countPrompts } from '../observe/metrics.ts';
import { countCases, readOff, switchOff } from '../save/prompts.ts';

const stores = new WeakMap<Buffer, ReadonlyMap<string, number>>();
const NONE: ReadonlyMap<string, number> = new Map();

/** Since when each is off (milliseconds), as far as has been read. */
export const rulesOff = (key: Buffer): ReadonlyMap<string, number> => stores.get(key) ?? NONE;

/** Reads which are off: to be done again and again in every process that links. */
export async function followRules({ db, key }: Pick<Context, 'db' | 'key'>): Promise<void> {
  stores.set(key, new Map((await readOff(db)).map(({ code, at }) => [code, at.getTime()])));
}

/** Switches off what most of its owners dismissed. What was raised stays; nothing new is. */
export async function judgeRules(ctx: Context): Promise<void> {
  const { share, atLeast } = PROMPTS['every-prompt']?.switchOff ?? { share: 1, atLeast: 0 };
  for (const { code, cases, dismissed, off } of await countCases(ctx.db)) {
    if (off !== null || cases < atLeast || dismissed <= cases * share) continue;
    await switchOff(ctx.db, code);
    ctx.log.warn({ event: 'prompt.off', code, cases, dismissed }, 'a rule of prompts switched itself off');
  }
  countPrompts(await countCases(ctx.db));
  await followRules(ctx);
}
