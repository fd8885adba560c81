import { setTimeout as delay } from 'node:timers/promises';
import { createPostgresBackend, Queue, Worker, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import type { Context } from '../context.ts';
import { keyedId } from '../fhir/ids.ts';
import { migrateQueue } from './migrate-queue.ts';
import { openPool } from './pool.ts';

/** A dead worker is noticed within seconds: locks of 4 s, checked every 1.5 s (BullMQ's defaults take a
 * minute). A job is never failed for stalling, and leaves nothing behind. */
const WORKER = {
  concurrency: 1,
  lockDuration: 4_000,
  stalledInterval: 1_500,
  maxStalledCount: 1_000_000,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
};

/** At most one waiting job wakes its worker; a wake-up while it runs adds one more. Jobs carry no data. */
const JOB = {
  deduplication: { id: 'drain', keepLastIfActive: true },
  removeOnComplete: true,
  removeOnFail: true,
};

type Queued = { add(): Promise<unknown>; close(): Promise<void> };

/** Wake-ups for workers in any process. If all are lost, their own sweeps find what is to be done. */
export type Wakes = { wake(): void; close(): Promise<void> };

/** What a queue wakes; each has one of its own. */
export type Work = 'deliver' | 'trace';
type Woken = { name: string; handle: () => Promise<void> };

/**
 * Opens the wake-up queue, on Redis where REDIS_URL is set and else on PostgreSQL (schema `bullmq`), and runs
 * `onWake` for each. The job always completes: what failed is due again in PostgreSQL, a delayed job would
 * swallow the next wake-up.
 */
export async function openWakes(ctx: Context, what: Work, onWake: () => Promise<unknown>): Promise<Wakes> {
  const handle = async () => {
    await onWake().catch((error: unknown) =>
      ctx.log.error({ event: `${what}.failed`, err: error }, 'it failed; the sweep retries'),
    );
  };
  const name = `skein-${what}`;
  const queued = ctx.config.REDIS_URL
    ? openRedis(ctx, { name, url: ctx.config.REDIS_URL, handle })
    : await openPostgres(ctx, { name, handle });
  let adding = false;
  let again = false;
  const wake = (): void => {
    again = adding;
    if (adding) return;
    adding = true;
    queued
      .add()
      .catch((error: unknown) =>
        ctx.log.warn({ event: 'queue.add', err: error }, 'no wake-up; the sweep finds the work'),
      )
      .finally(() => {
        adding = false;
        if (again) wake();
      });
  };
  return { wake, close: () => queued.close() };
}

/** The key prefix is hash-tagged for Redis Cluster and to the store: two installations can share a Redis. */
function openRedis(ctx: Context, { name, url, handle }: Woken & { url: string }): Queued {
  const prefix = `{skein-${keyedId(ctx.key, 'queue').slice(0, 8)}}`;
  const { client, leave } = openClient(ctx, url);
  const queue = new Queue(name, { prefix, connection: client });
  const worker = new Worker(name, handle, {
    ...WORKER,
    prefix,
    connection: { url, maxRetriesPerRequest: null },
  });
  const queued = follow(ctx, queue, worker);
  const close = async () => {
    clients.delete(client);
    await queued.close();
    leave();
  };
  return { add: queued.add, close };
}

/**
 * Skein opens the client itself to see its state. Without an offline queue, a wake-up that cannot be sent
 * fails at once.
 */
function openClient(ctx: Context, url: string): { client: Redis; leave: () => void } {
  const client = new Redis(url, { enableOfflineQueue: false, retryStrategy: () => RECONNECT_MS });
  clients.add(client);
  tellWhereabouts(ctx, client);
  const leave = () => {
    clients.delete(client);
    client.disconnect();
  };
  return { client, leave };
}

/**
 * Keeps an eye on the Redis of REDIS_URL from a process that has no queue of its own, so that it can say as
 * the others do that it is away. Returns how that ends.
 */
export function watchQueue(ctx: Context): () => Promise<void> {
  const { REDIS_URL } = ctx.config;
  const watched = REDIS_URL ? openClient(ctx, REDIS_URL) : undefined;
  return async () => watched?.leave();
}

/** Once when it goes, once when it is back. */
function tellWhereabouts({ log }: Context, client: Redis): void {
  let away = false;
  client.on('error', (error: Error) => {
    if (!away) log.warn({ event: 'queue.away', err: error }, 'REDIS_URL: Redis does not answer');
    away = true;
  });
  client.on('ready', () => {
    if (away) log.info({ event: 'queue.back' }, 'REDIS_URL: Redis answers again');
    away = false;
  });
}

/** Of a server that is only looked at: whoever starts or asks waits no longer. */
const LOOK = { lazyConnect: true, retryStrategy: () => null, connectTimeout: 3_000, commandTimeout: 3_000 };

/** What is wrong with the Redis of REDIS_URL, where there is one. */
export async function examineQueue(url: string | undefined): Promise<string[]> {
  if (!url) return [];
  return policyAt(url).then(describePolicy, () => ['REDIS_URL: Redis does not answer']);
}

/**
 * Throws where the Redis of REDIS_URL may throw away what it holds: it would do so without a word. One that
 * does not answer now is no reason not to start, and is told by health once it does.
 */
export async function refuseEviction(url: string | undefined): Promise<void> {
  const policy = url ? await policyAt(url).catch(() => null) : null;
  const [evicts] = policy === null ? [] : describePolicy(policy);
  if (evicts) throw new Error(evicts);
}

/** Rejects where the server does not answer. */
async function policyAt(url: string): Promise<string | null> {
  const client = new Redis(url, LOOK);
  // The command that is sent tells the same.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await readPolicy(client);
  } finally {
    client.disconnect();
  }
}

/** INFO tells it where CONFIG is forbidden, as managed servers do; null where neither does. */
async function readPolicy(client: Redis): Promise<string | null> {
  return /^maxmemory_policy:(\S+)/m.exec(await client.info('memory'))?.[1] ?? null;
}

function describePolicy(policy: string | null): string[] {
  if (policy === 'noeviction') return [];
  if (policy === null) return ['REDIS_URL: its maxmemory-policy is not told (INFO): it must be noeviction'];
  return [`REDIS_URL: maxmemory-policy is ${policy}, which throws wake-ups away: set it to noeviction`];
}

const RECONNECT_MS = 1_000;
const SILENT_MS = 1_000;
const clients = new Set<Redis>();

const AWAY = 'REDIS_URL: the queue does not answer: deliveries go on, found every second';

/** What is wrong with the Redis that this process has for its wake-ups, a line each. Never rejects. */
export async function queueNotices(): Promise<string[]> {
  const found = [...clients].map((client) => {
    if (client.status !== 'ready') return [AWAY];
    const told = readPolicy(client).then(describePolicy, () => [AWAY]);
    // One that is connected and silent must not silence whoever asks for health.
    return Promise.race([told, delay(SILENT_MS, [AWAY], { ref: false })]);
  });
  return [...new Set((await Promise.all(found)).flat())];
}

async function openPostgres(ctx: Context, { name, handle }: Woken): Promise<Queued> {
  const { connectionString } = ctx.db.options;
  if (!connectionString) throw new Error('the queue needs the connection string of the pool');
  const { rows } = await ctx.db.query<{ role: string }>('select current_user as role');
  const role = rows[0]?.role ?? null;
  await migrateQueue(ctx.config.MIGRATE_URL ?? connectionString, role);
  const settings = '-c search_path=bullmq -c timezone=UTC';
  const pool = openPool(connectionString, { max: 4, role, settings });
  const bound = withBackend(createPostgresBackend);
  const queue = new bound.Queue(name, { connection: pool });
  const worker = new bound.Worker(name, handle, { ...WORKER, connection: pool });
  const queued = follow(ctx, queue, worker);
  return { add: queued.add, close: () => queued.close().then(() => pool.end()) };
}

type Adding = Pick<Queue, 'close'> & {
  add(name: string, data: object, options: typeof JOB): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
};
type Working = Pick<Worker, 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'ready', listener: () => void): unknown;
};

/** How long a shutdown waits for a Redis or PostgreSQL that no longer answers. */
const CLOSE_MS = 1_000;

function follow(ctx: Context, queue: Adding, worker: Working): Queued {
  const report = (error: Error) =>
    ctx.log.debug({ event: 'queue.error', err: error }, 'queue store unreachable');
  queue.on('error', report);
  worker.on('error', report);
  let ready = false;
  worker.on('ready', () => {
    ready = true;
  });
  return {
    add: () => queue.add('drain', {}, JOB),
    close: async () => {
      // A worker that never connected would wait for ever, so it is closed by force.
      const closed = worker.close(!ready).then(() => queue.close());
      await Promise.race([closed, delay(CLOSE_MS)]);
    },
  };
}
