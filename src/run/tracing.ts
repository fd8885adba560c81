import type { Config } from '../config.ts';
import type { Context } from '../context.ts';
import { startClock } from '../pipeline/due.ts';
import { CLOCK, runTraces, type Tracing } from '../pipeline/trace.ts';
import { findUntraced } from '../save/traces.ts';
import { openWakes } from '../store/queue.ts';
import { openPds } from '../trace/pds.ts';

/** Null where no PDS is configured. */
export function openTracing(config: Config): Tracing | null {
  const pds = openPds(config);
  return pds && { pds, clock: CLOCK, perSecond: config.PDS_PER_SECOND, minScore: config.PDS_MIN_SCORE };
}

/** Nobody waits for it; to look through 200,000 charts without a number takes half a second (measured). */
const EVERY_MS = 300_000;

/**
 * Traces until stopped, where it is configured: every five minutes a sweep looks for charts to ask about, and
 * wakes one worker of any process through the queue. A wake-up that is lost costs five minutes.
 */
export async function startTracing(ctx: Context, every = EVERY_MS): Promise<() => Promise<void>> {
  const tracing = openTracing(ctx.config);
  if (!tracing) return async () => undefined;
  const stop = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  const wakes = await openWakes(ctx, 'trace', () => {
    running = runTraces(ctx, { ...tracing, signal: stop.signal });
    return running;
  });
  const wakeIfDue = async () => {
    if ((await findUntraced(ctx.db, new Date(), 1)).length > 0) wakes.wake();
  };
  const stopClock = startClock(ctx, { trace: wakeIfDue }, every);
  return async () => {
    stop.abort();
    await stopClock();
    // Its failure is logged by the queue.
    await Promise.allSettled([running]);
    await wakes.close();
    await tracing.pds.close();
  };
}
