import type { Context } from '../../context.ts';
import { beat } from '../../observe/metrics.ts';
import type { Db } from '../../store/pool.ts';
import { openWakes } from '../../store/queue.ts';
import { Drain } from './drain.ts';
import { openSender } from './send.ts';
import { warnReferrers } from './unreached.ts';
import { startWarnings } from './warnings.ts';
import { watchDeliveries } from './watch.ts';

const SWEEP_MS = 1_000;
const WATCH_MS = 5_000;
const WARN_MS = 60_000;
const TIDY_MS = 600_000;
/** How long `$events` reaches back. */
export const KEEP_DAYS = 90;

/**
 * Delivers until stopped: woken through the queue when publish appended something, anywhere, and by a sweep
 * that finds whatever is due in PostgreSQL every second. The queue may lose everything; that costs at most
 * the sweep's second.
 */
export async function startDelivery(ctx: Context): Promise<{ stop(): Promise<void> }> {
  const sender = openSender(ctx.config.WEBHOOK_ALLOW);
  const drain = new Drain(ctx, sender);
  const warnings = startWarnings(ctx);
  const wakes = await openWakes(ctx, 'deliver', () => drain.pump());
  ctx.signals.on('settled', wakes.wake);
  let tidiedAt = 0;
  let watchedAt = Number.NEGATIVE_INFINITY;
  let warnedAt = Number.NEGATIVE_INFINITY;
  const sweep = async (): Promise<void> => {
    try {
      await ctx.db.query(EXPIRE);
      await drain.pump();
      beat('deliver');
      if (performance.now() - watchedAt > WATCH_MS) {
        watchedAt = performance.now();
        await watchDeliveries(ctx);
      }
      if (performance.now() - warnedAt > WARN_MS) {
        warnedAt = performance.now();
        await warnReferrers(ctx);
      }
      if (Date.now() - tidiedAt < TIDY_MS) return;
      tidiedAt = Date.now();
      await tidy(ctx.db);
    } catch (error) {
      ctx.log.error({ event: 'deliver.sweep', err: error }, 'sweep failed; the next one tries again');
    }
  };
  const timer = setInterval(sweep, SWEEP_MS);
  void sweep();
  return {
    async stop() {
      clearInterval(timer);
      ctx.signals.off('settled', wakes.wake);
      await drain.stop();
      await wakes.close();
      await warnings.stop();
      await sender.close();
    },
  };
}

const EXPIRE = `update subscription set status = 'off', error = 'ended', version = version + 1, updated_at =
  now()
  where ends_at <= now() and status <> 'off'`;

/** Safe to repeat, and at once from several workers. */
export async function tidy(db: Db): Promise<void> {
  for (const statement of TIDY) await db.query(statement);
}

/** How long who is in error is probed. */
const PROBED_DAYS = 30;

/**
 * Who stays in error for a month is off; what waits for it is kept until `waits_until`, and then not told any
 * more. What was told goes by retention (src/retain).
 */
const TIDY = [
  `update subscription set status = 'off', error = 'unreachable', version = version + 1, updated_at = now(),
      waits_until = now() + make_interval(days => ${KEEP_DAYS})
    where status = 'error' and updated_at < now() - interval '${PROBED_DAYS} days'`,
  `delete from pending p using subscription s where s.id = p.subscription_id and s.status = 'off'
    and coalesce(s.waits_until <= now(), s.updated_at < now() - interval '1 minute')`,
  `delete from withheld where at < now() - make_interval(days => ${KEEP_DAYS})`,
  `delete from told t using subscription s where s.id = t.subscription_id and s.status = 'off'
    and s.updated_at < now() - make_interval(days => ${KEEP_DAYS})`,
];
