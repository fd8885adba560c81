import pg from 'pg';
import type { Context } from '../context.ts';
import { beat } from '../observe/metrics.ts';
import { beginSpan } from '../observe/trace.ts';
import { LowWater } from '../store/low-water.ts';
import { type Db, transaction } from '../store/pool.ts';
import { CHOOSE_LEADS, PUBLISH } from './match.ts';
import { recheckChanges } from './recheck-changes.ts';
import { matchRechecks } from './rechecks.ts';

const LOCK = 5_170_002;
const LIMIT = 500;
const POLL_MS = 1_000;
const OBSERVE_MS = 5_000;
/**
 * Under load a pass takes what 50 ms have brought: one for each commit cost a twentieth of what taking a
 * message in costs.
 */
const GATHER_MS = 50;
/** What time or another policy takes away is said within this. */
const RECHECK_MS = 60_000;
const LATE_MS = 5_000;
const CHANNEL = 'skein_outbox';

/**
 * What one pass did. `traces`: of what it took; `looked`: subscriptions that it found by their leading
 * filter; `busy`: another process is sequencing and will see these rows.
 */
type Pass = {
  taken: number;
  appended: number;
  looked: number;
  oldest: Date | null;
  traces: string[];
  rechecks: boolean;
  busy: boolean;
};

const IDLE: Pass = {
  taken: 0,
  appended: 0,
  looked: 0,
  oldest: null,
  traces: [],
  rechecks: false,
  busy: false,
};

/**
 * Turns committed outbox rows into pending rows and gives their number, at most 500. Atomic, and one at a
 * time in the whole cluster. Safe to repeat. Since save locks persons and journeys before it allocates ids,
 * id order is commit order for one family; between unrelated families no order is promised.
 */
export async function sequence(db: pg.Pool, lowWater = '0'): Promise<number> {
  return (await runPass(db, lowWater)).taken;
}

async function runPass(db: pg.Pool, lowWater: string): Promise<Pass> {
  const began = Date.now();
  const pass = await alone(db, async (client): Promise<Pass> => {
    const { rows } = await client.query<Omit<Pass, 'busy'>>({
      name: 'publish',
      text: PUBLISH,
      values: [lowWater, LIMIT],
    });
    return { ...IDLE, ...rows[0] };
  });
  for (const trace of pass?.traces ?? []) beginSpan('publish', trace, began).end();
  if (pass) await chooseLeads(db, pass);
  if (!pass?.rechecks) return pass ?? { ...IDLE, busy: true };
  const appended = await alone(db, (client) => matchRechecks(client, lowWater));
  return { ...pass, appended: pass.appended + (appended ?? 0), busy: appended === null };
}

/** A pass that found this many in vain, and ten for each that it told, found them by the wrong filters. */
const IN_VAIN = 1_000;
const CHOOSE_MS = 10_000;
const chosen = new WeakMap<pg.Pool, number>();

/**
 * Has what leads chosen again where it is not what the fewest events fit any more: at most every ten seconds,
 * since where every filter of a subscription is a common one, no choice helps.
 */
async function chooseLeads(db: pg.Pool, { looked, appended }: Pass): Promise<void> {
  if (looked < IN_VAIN + 10 * appended) return;
  if (Date.now() - (chosen.get(db) ?? 0) < CHOOSE_MS) return;
  chosen.set(db, Date.now());
  await db.query(CHOOSE_LEADS);
}

/** One sequencer in the whole cluster: null where another is at work. */
function alone<T>(db: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T | null> {
  return transaction(db, async (client) => {
    const lock = await client.query<{ got: boolean }>('select pg_try_advisory_xact_lock($1) as got', [LOCK]);
    return lock.rows[0]?.got ? work(client) : null;
  });
}

/**
 * Publishes until stopped: on a commit in this process, on NOTIFY from another, and every second whatever
 * happens.
 */
export function startSequencer(ctx: Context): { stop(): Promise<void> } {
  const low = new LowWater('outbox');
  let observedAt = Date.now();
  let recheckedAt = 0;
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  const drain = async () => {
    do {
      again = false;
      if (Date.now() - observedAt > OBSERVE_MS) {
        observedAt = Date.now();
        await low.observe(ctx.db);
      }
      if (Date.now() - recheckedAt > RECHECK_MS) {
        recheckedAt = Date.now();
        await recheckChanges(ctx.db);
      }
      const pass = await runPass(ctx.db, low.value);
      if (pass.taken === LIMIT) again = true;
      else if (!pass.busy) low.passed();
      beat('publish');
      report(ctx, pass);
    } while (again && !stopped);
  };
  const wake = () => {
    again = true;
    if (stopped || running) return;
    running = drain()
      .catch((error: unknown) =>
        ctx.log.error({ event: 'publish.failed', err: error }, 'publish failed; the poll retries'),
      )
      .finally(() => {
        running = null;
        if (again) wake();
      });
  };
  const gathered = atMostEvery(GATHER_MS, wake);
  ctx.signals.on('committed', gathered);
  const listener = listen(ctx, gathered);
  const poll = setInterval(() => {
    listener.ensure();
    wake();
  }, POLL_MS);
  wake();
  return {
    async stop() {
      stopped = true;
      clearInterval(poll);
      ctx.signals.off('committed', gathered);
      await Promise.all([running, listener.close()]);
    },
  };
}

function report(ctx: Context, pass: Pass): void {
  if (pass.appended > 0) ctx.signals.emit('settled');
  if (pass.taken === 0) return;
  const ageMs = pass.oldest ? Date.now() - pass.oldest.getTime() : 0;
  const line = { event: 'publish.pass', taken: pass.taken, appended: pass.appended, ageMs };
  if (ageMs > LATE_MS) ctx.log.warn(line, 'the outbox is late');
  else ctx.log.debug(line);
}

/**
 * A connection of its own for LISTEN; lost, it is made again by the next `ensure`, and the poll bridges the
 * gap.
 */
function listen(ctx: Context, wake: () => void): { ensure(): void; close(): Promise<void> } {
  let client: pg.Client | null = null;
  const drop = async (lost: pg.Client | null, error?: Error): Promise<void> => {
    if (lost !== client) return;
    client = null;
    if (error) ctx.log.warn({ event: 'publish.listen', err: error }, 'LISTEN lost; polling meanwhile');
    await lost?.end().catch((failure: unknown) => ctx.log.debug({ event: 'publish.listen', err: failure }));
  };
  const ensure = () => {
    if (client) return;
    const fresh = new pg.Client({ ...ctx.db.options, keepAlive: true });
    client = fresh;
    fresh.on('notification', wake);
    fresh.on('error', (error) => drop(fresh, error));
    fresh
      .connect()
      .then(() => fresh.query(`listen ${CHANNEL}`))
      .catch((error: Error) => drop(fresh, error));
  };
  ensure();
  return { ensure, close: () => drop(client) };
}

/** `run` at once, and then no sooner than `ms` after the last time. Calls in between make one call. */
function atMostEvery(ms: number, run: () => void): () => void {
  let last = Number.NEGATIVE_INFINITY;
  let due: NodeJS.Timeout | null = null;
  const go = () => {
    due = null;
    last = performance.now();
    run();
  };
  return () => {
    if (due) return;
    const wait = last + ms - performance.now();
    if (wait <= 0) go();
    else due = setTimeout(go, wait);
  };
}

const notifiers = new WeakMap<Context, () => void>();

/**
 * Call after a commit that wrote events: wakes the sequencer of this process, or of another when this one has
 * none. Never inside the save transaction (NOTIFY serialises commits); at most once in 50 ms. A lost one
 * costs the poll's second, nothing else.
 */
export function announceCommit(ctx: Context): void {
  if (ctx.signals.emit('committed')) return;
  const notify = () => {
    ctx.db
      .query(`notify ${CHANNEL}`)
      .catch((error: unknown) => ctx.log.debug({ event: 'publish.notify', err: error }));
  };
  const notifier = notifiers.get(ctx) ?? atMostEvery(GATHER_MS, notify);
  notifiers.set(ctx, notifier);
  notifier();
}

/** News that has waited so long is not on its way: the sequencer is stuck, or no process has the role. */
const STUCK_SECONDS = 30;
const STUCK = `select 1 from outbox having min(at) < now() - interval '${STUCK_SECONDS} seconds'`;

/** For /health/pager. */
export async function noticeStuck(db: Db): Promise<string[]> {
  const { rowCount } = await db.query(STUCK);
  return rowCount
    ? [`news has waited over ${STUCK_SECONDS} s to be published: skein status says since when`]
    : [];
}
