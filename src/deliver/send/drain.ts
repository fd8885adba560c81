import type { Context } from '../../context.ts';
import { runsInUse } from '../../observe/metrics.ts';
import { type Claimed, claim, type InFlight, LEASE_SECONDS } from '../number/claim.ts';
import { SETTLE, type Settled } from '../subscribe/settle.ts';
import { RENEW } from '../subscribe/stored.ts';
import { type Outcome, report, run } from './run.ts';
import type { Sender } from './send.ts';

/**
 * Runs at once in one process, whatever their origins; claimed in batches so that the database is asked once
 * for many.
 */
const MAX_RUNS = 512;
/** Of these, who is slow or not known yet. The rest is kept for the quick. */
const MAX_SLOW = MAX_RUNS / 2;
/** A run that goes on for longer is that of a slow one, whatever was known of it. */
const SLOW_MS = 2_750;
const BATCH = 64;
/** Of a batch: what is due to a quick one meanwhile waits for this one to be claimed. */
const SLOW_BATCH = 8;
/** What ends together with hundreds of others does not wait for all of them. */
const SETTLED_AT_ONCE = 64;
const WATCH_MS = 250;
/** What is in flight when its worker is stopped has so long to end. */
const STOP_MS = 20_000;

type Running = { claimed: Claimed; abort: AbortController; renewedAt: number; done: Promise<void> };

/**
 * Sends what is due to every subscription at once, and to each in order. A slow or dead endpoint holds its
 * own run and its own share of the runs (capped per origin), nobody else's: outcomes are written for
 * whichever runs have ended.
 */
export class Drain {
  readonly #ctx: Context;
  readonly #sender: Sender;
  readonly #running = new Map<string, Running>();
  readonly #watch: NodeJS.Timeout;
  readonly #ended: Outcome[] = [];
  #settling: Promise<void> | null = null;
  #pumping: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(ctx: Context, sender: Sender) {
    this.#ctx = ctx;
    this.#sender = sender;
    this.#watch = setInterval(() => void watchLeases(ctx, this.#running), WATCH_MS);
  }

  /**
   * Claims and starts all that is due. Resolves when nothing more can be claimed, not when everything has
   * been sent.
   */
  pump(): Promise<void> {
    this.#again = true;
    this.#pumping ??= this.#claimAll().finally(() => {
      this.#pumping = null;
      if (this.#again && !this.#stopped && this.#running.size < MAX_RUNS) this.#settleSoon();
    });
    return this.#pumping;
  }

  /**
   * Claims no more. What is in flight ends by itself, by its own deadline or within 20 s, and is aborted then
   * and handed back: another worker, or the next start, goes on at once.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#pumping?.catch((error: unknown) =>
      this.#ctx.log.error({ event: 'deliver.claim', err: error }),
    );
    const running = [...this.#running.values()];
    const late = setTimeout(() => {
      for (const { abort } of running) abort.abort();
    }, STOP_MS);
    await Promise.all(running.map(({ done }) => done));
    clearTimeout(late);
    while (this.#settling) await this.#settling;
    clearInterval(this.#watch);
  }

  async #claimAll(): Promise<void> {
    while (this.#again && !this.#stopped && this.#running.size < MAX_RUNS) {
      this.#again = false;
      const limit = Math.min(BATCH, MAX_RUNS - this.#running.size);
      const { inFlight, slow } = countRuns(this.#running);
      const slowLimit = Math.max(0, Math.min(limit, SLOW_BATCH, MAX_SLOW - slow));
      const claimed = await claim(this.#ctx, { limit, slowLimit, inFlight });
      for (const one of claimed) this.#start(one);
      if (claimed.length > 0) this.#again = true;
    }
  }

  #start(claimed: Claimed): void {
    const abort = new AbortController();
    const name = claimed.lease + claimed.stored.id;
    const whose = { system: claimed.stored.system?.name ?? 'operator' };
    runsInUse.inc(whose);
    const done = run(
      { ctx: this.#ctx, sender: this.#sender, abort, isStopping: () => this.#stopped },
      claimed,
    )
      .then((outcome) => {
        this.#ended.push(outcome);
        report(this.#ctx, outcome);
      })
      .catch((error: unknown) =>
        this.#ctx.log.error({ event: 'deliver.run', subscription: claimed.stored.id, err: error }),
      )
      .finally(() => {
        this.#running.delete(name);
        runsInUse.dec(whose);
        this.#settleSoon();
      });
    this.#running.set(name, { claimed, abort, renewedAt: claimed.claimedAt, done });
  }

  /**
   * What ends while a batch is being written makes the next batch; then what became due meanwhile is claimed.
   */
  #settleSoon(): void {
    this.#settling ??= this.#settleEnded().finally(() => {
      this.#settling = null;
      if (this.#ended.length > 0) this.#settleSoon();
      else if (!this.#stopped) {
        this.pump().catch((error: unknown) =>
          this.#ctx.log.error({ event: 'deliver.claim', err: error }, 'the sweep retries'),
        );
      }
    });
  }

  /** A batch that cannot be written is found and sent again when its leases have run out. */
  async #settleEnded(): Promise<void> {
    await new Promise(setImmediate);
    const batch = this.#ended.splice(0, SETTLED_AT_ONCE);
    if (batch.length === 0) return;
    const lost = (error: unknown) =>
      this.#ctx.log.error({ event: 'deliver.settle', err: error, runs: batch.length });
    await settle(this.#ctx, batch).catch(lost);
  }
}

function countRuns(running: Map<string, Running>): { inFlight: InFlight; slow: number } {
  const inFlight: InFlight = new Map();
  const now = performance.now();
  for (const { claimed } of running.values()) {
    const { origin, quick } = claimed.stored;
    const { count, slow } = inFlight.get(origin) ?? { count: 0, slow: 0 };
    const isSlow = !quick || now - claimed.claimedAt > SLOW_MS;
    inFlight.set(origin, { count: count + 1, slow: slow + (isSlow ? 1 : 0) });
  }
  return { inFlight, slow: [...inFlight.values()].reduce((sum, { slow }) => sum + slow, 0) };
}

type Held = { id: string; version: number; lease: string };

/**
 * Renews the leases of runs under way; aborts those whose lease or whose owner's word (another version) is
 * gone.
 */
async function watchLeases(ctx: Context, running: Map<string, Running>): Promise<void> {
  const now = performance.now();
  const old = [...running.values()].filter(({ renewedAt }) => now - renewedAt > WATCH_MS);
  if (old.length === 0) return;
  try {
    const leases = [...new Set(old.map(({ claimed }) => claimed.lease))];
    const { rows } = await ctx.db.query<Held>({
      name: 'deliver-renew',
      text: RENEW,
      values: [leases, LEASE_SECONDS, old.map(({ claimed }) => claimed.stored.id)],
    });
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
  await ctx.db.query({
    name: 'deliver-settle',
    text: SETTLE,
    values: [JSON.stringify(ended.map(settledOf))],
  });
}

function settledOf({ claimed, times, ...outcome }: Outcome): Settled {
  const { stored, lease, attempt } = claimed;
  const { id, version, deliveredNumber, urgentAt, wokenAt } = stored;
  const ms = times.length > 0 ? times.reduce((sum, one) => sum + one, 0) / times.length : null;
  return { ...outcome, id, lease, version, first: deliveredNumber + 1, attempt, ms, urgentAt, wokenAt };
}
