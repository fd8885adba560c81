/** What one event costs beside 10, 1,000 and 10,000 subscriptions of two filters, and how long until the last of as many is told. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { sequence } from '../src/publish/sequencer.ts';
import { freePort, type Running, start, untilReady } from './processes.ts';
import { type Options, say } from './report.ts';
import { type Skein, startSkein } from './skein.ts';
import { createDatabase, type Database, type Postgres } from './store.ts';
import { subscriptionTo } from './subscription.ts';

/** Milliseconds an event, by the two filters that each subscription has; `lastOfAll`: to the last of as many without any. */
export type Matching = { subscriptions: number; perEventMs: Record<string, number>; lastOfAllMs: number };

const SIZES = [10, 1_000, 10_000];
/** One that every event fits, or many, and one that (almost) none does; the values in SQL. */
const SHAPES: Record<string, [kind: string, value: string][]> = {
  'event & patient': [
    ['event', `'episode-started'`],
    ['patient', 'gen_random_uuid()::text'],
  ],
  'stage & service': [
    ['stage', `'pregnancy'`],
    ['service', 'gen_random_uuid()::text'],
  ],
  'event & stage': [
    ['event', `'episode-started'`],
    ['stage', `'after-24m'`],
  ],
};
const EVENTS = 200;
const GIVE_UP_MS = 120_000;

type Bench = { skein: Skein; receiver: Running; hook: string; db: Database; template: string };

/** Figures for each number of subscriptions, in a database of its own, with a Skein of its own for the webhooks. */
export async function benchFilters(server: Postgres, { rounds }: Options): Promise<Matching[]> {
  const db = await createDatabase(server);
  const skein = await startSkein(db);
  const port = await freePort();
  const receiver = start('bench/receiver.ts', { PORT: String(port) });
  const hook = `http://127.0.0.1:${port}/`;
  try {
    await untilReady(receiver, hook);
    const bench = { skein, receiver, hook, db, template: await subscribeOnce(skein, hook) };
    const last = new Map<number, number>();
    for (const subscriptions of SIZES) last.set(subscriptions, await tellAll(bench, subscriptions));
    await skein.running.worker.kill();
    const figures: Matching[] = [];
    for (const subscriptions of SIZES) {
      const perEventMs: Record<string, number> = {};
      for (const shape of Object.keys(SHAPES))
        perEventMs[shape] = await measure(bench, { subscriptions, shape, rounds });
      figures.push({ subscriptions, perEventMs, lastOfAllMs: last.get(subscriptions) ?? 0 });
      say(`${subscriptions} subscriptions: ${JSON.stringify(figures.at(-1))}`);
    }
    return figures;
  } finally {
    for (const running of [skein.running.api, receiver]) await running.kill();
    if (skein.running.worker.child.exitCode === null) await skein.running.worker.kill();
    await db.drop();
  }
}

/** One made as a client does, whose columns all others have. */
async function subscribeOnce({ url }: Skein, hook: string): Promise<string> {
  const body = JSON.stringify(subscriptionTo(hook, 'id-only'));
  const headers = { 'content-type': 'application/fhir+json' };
  const made = await request(`${url}/fhir/Subscription`, { method: 'POST', headers, body });
  const { id } = (await made.body.json()) as { id: string };
  return id;
}

async function replace({ db: { pool }, template }: Bench, count: number, clauses: number): Promise<void> {
  await pool.query('truncate pending, notification, subscription_filter, event, outbox, attempt, told');
  await pool.query('delete from subscription where id <> $1', [template]);
  await pool.query(`update subscription set status = 'off', due_at = null where id = $1`, [template]);
  const { rows } = await pool.query<{ names: string }>(
    `select string_agg(quote_ident(column_name), ', ') as names from information_schema.columns
      where table_name = 'subscription' and column_name not in ('id', 'clauses', 'status', 'due_at')`,
  );
  const names = rows[0]?.names;
  await pool.query(
    `insert into subscription (id, clauses, status, due_at, ${names})
     select gen_random_uuid(), $2, 'active', null, ${names} from subscription, generate_series(1, $1) where id = $3`,
    [count, clauses, template],
  );
}

async function measure(
  bench: Bench,
  { subscriptions, shape, rounds }: { subscriptions: number; shape: string; rounds: number },
): Promise<number> {
  const { pool } = bench.db;
  await replace(bench, subscriptions, 2);
  // What leads is chosen by what the last events had, as it is of whoever subscribes to a Skein at work.
  await publish(bench);
  for (const [clause, [kind, value]] of (SHAPES[shape] ?? []).entries())
    await pool.query(
      `insert into subscription_filter (subscription_id, clause, kind, value)
       select id, $1, $2, ${value} from subscription where id <> $3`,
      [clause, kind, bench.template],
    );
  for (const table of ['subscription', 'subscription_filter']) await pool.query(`vacuum analyze ${table}`);
  await publish(bench);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await publish(bench));
  // Some milliseconds in all: whatever else the machine does makes them more, never less.
  return Math.min(...times);
}

/** Milliseconds for each of as many events, committed before. */
async function publish({ db: { pool } }: Bench): Promise<number> {
  await append(pool, EVENTS);
  const started = performance.now();
  while ((await sequence(pool)) > 0);
  return (performance.now() - started) / EVENTS;
}

async function append(pool: Database['pool'], count: number): Promise<void> {
  const events = Array.from({ length: count }, () => ({
    ...{ code: 'episode-started', category: 'INV', stage: 'pregnancy', journey: randomUUID() },
    ...{ persons: [randomUUID()], services: [randomUUID()] },
    focus: { type: 'EpisodeOfCare', id: randomUUID() },
  }));
  await pool.query('insert into outbox (event) select e from unnest($1::jsonb[]) as e', [
    events.map((event) => JSON.stringify(event)),
  ]);
}

/**
 * Milliseconds from one event committed to the last webhook of as many subscriptions without filters, all at one origin. The
 * event before it made them known as quick: of whom nothing is known yet half as many are told at once.
 */
async function tellAll(bench: Bench, subscriptions: number): Promise<number> {
  const { pool } = bench.db;
  await replace(bench, subscriptions, 0);
  await pool.query('vacuum analyze subscription');
  const arrived = async () => {
    const { body } = await request(bench.hook);
    return (await body.json()) as { count: number; lastAt: number };
  };
  const tellOnce = async (): Promise<number> => {
    const before = await arrived();
    const started = Date.now();
    await append(pool, 1);
    await pool.query('notify skein_outbox');
    for (;;) {
      const { count, lastAt } = await arrived();
      if (count - before.count >= subscriptions) return lastAt - started;
      if (Date.now() - started > GIVE_UP_MS)
        throw new Error(`only ${count - before.count} of ${subscriptions} webhooks came`);
      await pause(20);
    }
  };
  await tellOnce();
  return tellOnce();
}
