import type { Context } from '../context.ts';
import { type Claimed, claim, LEASE_SECONDS } from './claim.ts';
import { type Outcome, report, run } from './run.ts';
import type { Sender } from './send.ts';
import { RENEW, SETTLE } from './stored.ts';

/** Runs at once in one process, whatever their origins; claimed in batches so that the database is asked once for many. */
const MAX_RUNS = 512;
const BATCH = 32;
const WATCH_MS = 250;

/** `pump` resolves when nothing more can be claimed, not when everything has been sent. */
export type Drain = { pump(): Promise<void>; stop(): Promise<void> };

type Running = { claimed: Claimed; abort: AbortController; renewedAt: number; done: Promise<void> };

/**
 * Sends what is due to every subscription at once, and to each in order. A slow or dead endpoint holds its own run and its
 * own share of the runs (capped per origin), nobody else's: outcomes are written for whichever runs have ended.
 */
export function openDrain(ctx: Context, sender: Sender): Drain {
  const running = new Map<string, Running>();
  let ended: Outcome[] = [];
  let settling: Promise<void> | null = null;
  let pumping: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  const start = (claimed: Claimed): void => {
    const abort = new AbortController();
    const done = run({ ctx, sender, abort }, claimed)
      .then((outcome) => {
        ended.push(outcome);
        report(ctx, outcome);
      })
      .catch((error: unknown) => ctx.log.error({ event: 'deliver.run', subscription: claimed.stored.id, err: error }))
      .finally(() => {
        running.delete(claimed.lease + claimed.stored.id);
        settleSoon();
      });
    running.set(claimed.lease + claimed.stored.id, { claimed, abort, renewedAt: claimed.claimedAt, done });
  };

  const settleSoon = (): Promise<void> => {
    settling ??= settleAll().finally(() => {
      settling = null;
      if (ended.length > 0) void settleSoon();
      else if (!stopped)
        pump().catch((error: unknown) => ctx.log.error({ event: 'deliver.claim', err: error }, 'the sweep retries'));
    });
    return settling;
  };
  // What ends while a batch is being written makes the next batch. A batch that cannot be written is done again after its leases.
  const settleAll = async (): Promise<void> => {
    await new Promise(setImmediate);
    const batch = ended;
    ended = [];
    if (batch.length === 0) return;
    await settle(ctx, batch).catch((error: unknown) =>
      ctx.log.error({ event: 'deliver.settle', err: error, runs: batch.length }),
    );
  };

  const pump = (): Promise<void> => {
    again = true;
    pumping ??= claimAll().finally(() => {
      pumping = null;
      if (again && !stopped && running.size < MAX_RUNS) settleSoon();
    });
    return pumping;
  };
  const claimAll = async (): Promise<void> => {
    while (again && !stopped && running.size < MAX_RUNS) {
      again = false;
      const limit = Math.min(BATCH, MAX_RUNS - running.size);
      const claimed = await claim(ctx, { limit, inFlight: countOrigins(running) });
      for (const one of claimed) start(one);
      if (claimed.length > 0) again = true;
    }
  };

  const watch = setInterval(() => void watchLeases(ctx, running), WATCH_MS);
  return {
    pump,
    async stop() {
      stopped = true;
      await pumping?.catch((error: unknown) => ctx.log.error({ event: 'deliver.claim', err: error }));
      for (const { abort } of running.values()) abort.abort();
      await Promise.all([...running.values()].map(({ done }) => done));
      while (settling) await settling;
      clearInterval(watch);
    },
  };
}

function countOrigins(running: Map<string, Running>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { claimed } of running.values()) {
    counts.set(claimed.stored.origin, (counts.get(claimed.stored.origin) ?? 0) + 1);
  }
  return counts;
}

type Held = { id: string; version: number; lease: string };

/** Renews the leases of runs under way; aborts those whose lease or whose owner's word (another version) is gone. */
async function watchLeases(ctx: Context, running: Map<string, Running>): Promise<void> {
  const now = performance.now();
  const old = [...running.values()].filter(({ renewedAt }) => now - renewedAt > WATCH_MS);
  if (old.length === 0) return;
  try {
    const leases = [...new Set(old.map(({ claimed }) => claimed.lease))];
    const { rows } = await ctx.db.query<Held>({ name: 'deliver-renew', text: RENEW, values: [leases, LEASE_SECONDS, old.map(({ claimed }) => claimed.stored.id)] });
    const held = new Map(rows.map((row) => [row.lease + row.id, row.version]));
    for (const one of old) {
      const { stored, lease } = one.claimed;
      if (held.get(lease + stored.id) === stored.version) one.renewedAt = now;
      else one.abort.abort();
    }
  } catch (error) {
    ctx.log.warn({ event: 'deliver.renew', err: error }, 'leases not renewed');
  }
  // Not renewed in time, somebody else may be sending by now.
  for (const one of old) if (now - one.renewedAt > (LEASE_SECONDS - 0.5) * 1000) one.abort.abort();
}

async function settle(ctx: Context, ended: Outcome[]): Promise<void> {
  const of = <T>(pick: (outcome: Outcome) => T): T[] => ended.map(pick);
  await ctx.db.query({
    name: 'deliver-settle',
    text: SETTLE,
    values: [
      ...[
        of((o) => o.claimed.stored.id),
        of((o) => o.claimed.lease),
        of((o) => o.claimed.stored.version),
        of((o) => o.verdict),
      ],
      ...[
        of((o) => o.seconds),
        of((o) => o.claimed.stored.deliveredNumber + 1),
        of((o) => o.delivered),
        of((o) => o.sent),
      ],
      ...[
        of((o) => o.more),
        of((o) => o.outcome),
        of((o) => o.http),
        of((o) => o.claimed.attempt),
        of((o) => o.attempts),
      ],
    ],
  });
}
