import type { Context } from '../../context.ts';
import type { Recipient } from '../../model.ts';
import { isFailing, type Stored } from './stored.ts';

const WAKE = `update subscription set woken = true, woken_at = greatest(now(), woken_at + interval '1 minute'),
  soon_at = least(soon_at, greatest(now(), woken_at + interval '1 minute')), due_at = least(due_at, now())
  where id in (select id from subscription where id = any($1) and not woken
    and (status = 'error' or status = 'active' and attempts > 0) order by id for no key update)`;

/**
 * A sign of life of whoever asks about these subscriptions of its own: the next try of those that are failing
 * is due at once, or a minute after the last one that was due by such a sign. What is off stays off.
 */
export async function noteSignOfLife(ctx: Context, recipient: Recipient, asked: Stored[]): Promise<void> {
  const failing = asked.filter(
    (one) => isFailing(one) && (recipient.kind === 'system' || one.system === null),
  );
  if (failing.length === 0) return;
  await ctx.db.query(WAKE, [failing.map(({ id }) => id)]);
  ctx.signals.emit('settled');
}
