import type { Context } from '../context.ts';
import type { Message } from '../model.ts';
import { type Held, messageKey, withFacts } from '../save/load.ts';
import type { Db } from '../store/pool.ts';

/** Runs `work` with what the id of a message came to so far, under the lock of the id. */
export function withMessage<T>(
  ctx: Context,
  { system, identifier }: Message,
  work: (client: Db, earlier: Held['earlier']) => Promise<T>,
): Promise<T> {
  const sender = { systemId: system.id, identifier };
  const lock = messageKey(ctx.key, system.id, identifier);
  return withFacts(ctx.db, [lock], sender, (client, { earlier }) => work(client, earlier));
}
