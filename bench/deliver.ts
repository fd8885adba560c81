/** From a message posted to the last webhook answered, for 1, 10 and 100 subscriptions, beside a bare loop that posts the same. */
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { openPoster } from './load.ts';
import { freePort, type Running, start, untilReady } from './processes.ts';
import { referral } from './referral.ts';
import { median, type Options, say } from './report.ts';
import { type Skein, startSkein } from './skein.ts';
import { createDatabase, type Database, type Postgres } from './store.ts';
import { subscriptionTo } from './subscription.ts';

export type Delivery = {
  subscriptions: number;
  /** Milliseconds from one message posted, nothing else under way, to its last webhook. */
  lastWebhookMs: number;
  /** Webhooks per second, from all events committed to the last one answered. */
  perSecond: number;
  barePerSecond: number;
};
type Arrived = { count: number; lastAt: number; lastBody: string };
type Bench = {
  skein: Skein;
  receiver: Running;
  hook: string;
  db: Database;
  next: () => { body: string; headers: Record<string, string> };
};

/** Webhooks in one measurement, and the connections that the worker keeps to one origin. */
const WEBHOOKS = 10_000;
const MAX_MESSAGES = 200;
const CONNECTIONS = 128;
const BATCH = 50;
const GIVE_UP_MS = 120_000;

export async function benchDeliver(server: Postgres, { rounds }: Options): Promise<Delivery[]> {
  const db = await createDatabase(server);
  const skein = await startSkein(db);
  const port = await freePort();
  const receiver = start('bench/receiver.ts', { PORT: String(port) });
  const hook = `http://127.0.0.1:${port}/`;
  let n = 0;
  try {
    await untilReady(receiver, hook);
    await db.pool.query('create table bare (id bigint generated always as identity, sent jsonb not null)');
    const bench = { skein, receiver, hook, db, next: () => referral(n++) };
    const figures: Delivery[] = [];
    for (const subscriptions of [1, 10, 100]) {
      await subscribe(bench, subscriptions - (figures.at(-1)?.subscriptions ?? 0));
      figures.push(await measure(bench, subscriptions, rounds));
    }
    return figures;
  } finally {
    for (const running of [skein.running.api, skein.running.worker, receiver]) await running.kill();
    await db.drop();
  }
}

async function measure(bench: Bench, subscriptions: number, rounds: number): Promise<Delivery> {
  const messages = Math.min(MAX_MESSAGES, Math.ceil(WEBHOOKS / subscriptions));
  const rates: number[] = [];
  const bare: number[] = [];
  const single: number[] = [];
  await burst(bench, { subscriptions, messages: Math.ceil(messages / 4) });
  for (let round = 1; round <= rounds; round++) {
    single.push((await burst(bench, { subscriptions, messages: 1 })).ms);
    const { ms, webhooks } = await burst(bench, { subscriptions, messages, held: true });
    rates.push(webhooks / (ms / 1000));
    bare.push(await runBare(bench, webhooks, subscriptions));
    say(
      `round ${round}: ${subscriptions} subscriptions: ${rates.at(-1)?.toFixed(0)}/s, bare ${bare.at(-1)?.toFixed(0)}/s`,
    );
  }
  return {
    subscriptions,
    lastWebhookMs: median(single),
    perSecond: median(rates),
    barePerSecond: median(bare),
  };
}

/**
 * Posts messages and waits until every subscription has been told of each. `held`: the worker stands still meanwhile, and its time
 * counts from when it may go on, so that taking the messages in is no part of it.
 */
async function burst(bench: Bench, { subscriptions, messages, held = false }: Burst) {
  const before = await arrived(bench);
  const { worker } = bench.skein.running;
  if (held) worker.child.kill('SIGSTOP');
  const posted = Date.now();
  await postAll(bench, messages);
  const started = held ? Date.now() : posted;
  if (held) worker.child.kill('SIGCONT');
  const webhooks = messages * subscriptions;
  for (;;) {
    const { count, lastAt } = await arrived(bench);
    if (count - before.count >= webhooks) return { ms: Math.max(1, lastAt - started), webhooks };
    if (Date.now() - started > GIVE_UP_MS)
      throw new Error(`only ${count - before.count} of ${webhooks} webhooks came`);
    await pause(10);
  }
}

type Burst = { subscriptions: number; messages: number; held?: boolean };

async function postAll({ skein, next }: Bench, messages: number): Promise<void> {
  const lanes = Math.min(8, messages);
  const poster = openPoster(`${skein.url}/fhir/$process-message`, lanes, next);
  let left = messages;
  const runLane = async (lane: number) => {
    while (left-- > 0) if (!(await poster.send(lane))) throw new Error('a referral was not accepted');
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
  await poster.close();
}

async function arrived({ hook }: Bench): Promise<Arrived> {
  const { body } = await request(hook);
  return (await body.json()) as Arrived;
}

/** The same bodies over the same number of connections, with one committed write per 50: what no delivery can do without. */
async function runBare(bench: Bench, webhooks: number, subscriptions: number): Promise<number> {
  const { lastBody } = await arrived(bench);
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  let left = webhooks;
  const batch: number[] = [];
  const runLane = async () => {
    while (left > 0) {
      left -= 1;
      const { body, statusCode } = await request(bench.hook, {
        method: 'POST',
        body: lastBody,
        dispatcher: agent,
      });
      await body.dump();
      batch.push(statusCode);
      if (batch.length < BATCH) continue;
      const sent = JSON.stringify(batch.splice(0));
      await bench.db.pool.query({
        name: 'bare',
        text: 'insert into bare (sent) values ($1)',
        values: [sent],
      });
    }
  };
  const started = performance.now();
  // As many at once as the worker may have: one per subscription, in order.
  await Promise.all(Array.from({ length: Math.min(CONNECTIONS, subscriptions) }, runLane));
  const rate = webhooks / ((performance.now() - started) / 1000);
  await agent.close();
  return rate;
}

async function subscribe({ skein, hook, db }: Bench, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const { statusCode, body } = await request(`${skein.url}/fhir/Subscription`, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(subscriptionTo(hook, 'id-only')),
    });
    const answer = await body.text();
    if (statusCode !== 201) throw new Error(`no subscription: ${statusCode} ${answer}`);
  }
  for (;;) {
    const { rows } = await db.pool.query<{ waiting: number }>(
      "select count(*)::int as waiting from subscription where status <> 'active'",
    );
    if (rows[0]?.waiting === 0) return;
    await pause(50);
  }
}
