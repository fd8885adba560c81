import type { Context } from '../context.ts';
import { findDue, settleDue } from '../save/maintenance-sql.ts';
import { asOf } from '../store/clock.ts';
import { recompute } from './recompute.ts';

/** What waits for time alone waits for days: half a minute more is none. */
const EVERY_MS = 30_000;
const LIMIT = 100;

/**
 * Recomputes the families that time has changed since. Safe to run in several processes; what fails is found
 * again.
 */
export async function settleAllDue(ctx: Context): Promise<number> {
  let settled = 0;
  const at = asOf();
  for (const owner of await findDue(ctx.db, at, LIMIT)) {
    await recompute(ctx, owner, true);
    await settleDue(ctx.db, owner, at);
    settled++;
  }
  return settled;
}

/** Does each again and again, one after the other, until stopped. `tasks`: by what a log calls them. */
export function startClock(
  { log }: Context,
  tasks: Record<string, () => Promise<unknown>>,
  every = EVERY_MS,
): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const ask = () => {
    for (const [event, task] of Object.entries(tasks))
      running = running.then(task).catch((error: unknown) => log.error({ event, err: error }));
  };
  const timer = setInterval(ask, every);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
