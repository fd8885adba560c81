/** `skein clock …`: on which day a trial is, so that a family can be seen to grow. */
import { WrongUse } from '../command/wrong-use.ts';
import { type Config, isOnThisMachine } from '../config.ts';
import type { Context } from '../context.ts';
import { settleAllDue } from '../pipeline/due.ts';
import { asOf, countReceivedAfter, followClock, keepDay } from '../store/clock.ts';
import type { Done } from './command.ts';

const today = (at = new Date()): string => at.toISOString().slice(0, 10);

export async function showClock(ctx: Context): Promise<Done> {
  const set = await followClock(ctx);
  const text = set === null ? `the real day: ${today()}\n` : `${set}, set for a trial (really ${today()})\n`;
  return { data: { day: set ?? today(), real: set === null }, text };
}

/**
 * Sets the day, null for the real one, and tells what has changed by it. A day before the one that it is now
 * needs `back`: what was heard and told since stays heard and told.
 */
export async function setClock(ctx: Context, day: string | null, back = false): Promise<Done> {
  refuseBut(ctx.config);
  const [from, to] = [today(asOf()), day ?? today()];
  if (Number.isNaN(Date.parse(to)) || today(new Date(to)) !== to)
    throw new WrongUse(`"${to}" is no day: write it as 2027-03-01`);
  const isBack = to < from;
  const heard = await countReceivedAfter(ctx.db, to);
  const known = heard > 0 ? `${heard} messages were received after it, and are known on it` : '';
  if ((isBack || heard > 0) && day !== null && !back)
    throw new Error(`${to} is before ${heard > 0 ? `what is known: ${known}` : from}; with --back it is set`);
  await keepDay(ctx.db, day);
  await followClock(ctx);
  // Charts by which families are found: some of one family.
  let computed = 0;
  for (let settled = 1; settled > 0; computed += settled) settled = await settleAllDue(ctx);
  const said = [
    `${day === null ? 'the real day' : 'it is now'} ${to}; ${computed} computed again`,
    ...(isBack ? ['nothing that was told is taken back: skein rebuild makes the views of this day'] : []),
    ...(known && back ? [known] : []),
  ];
  return { data: { day: to, real: day === null, computed, back: isBack }, text: `${said.join('\n')}\n` };
}

/** Wherever there are real families people are asked who they are. */
function refuseBut({ AUTH, DATABASE_URL }: Config): void {
  if (AUTH !== 'none')
    throw new Error(`the clock is set in a trial alone: with AUTH=${AUTH} everything goes by the real day`);
  if (DATABASE_URL !== undefined && !isOnThisMachine(DATABASE_URL))
    throw new Error('the clock is set in a trial alone: this store is on another machine');
}
