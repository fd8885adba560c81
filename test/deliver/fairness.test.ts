/** Many slow receivers beside quick ones, a worker that stops, and ten thousand that are due at once. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import { CLAIM } from '../../src/deliver/subscribe/stored.ts';
import { startSequencer } from '../../src/publish/sequencer.ts';
import { testDatabase } from '../support/database.ts';
import { numbersOf, type Receiver, startReceiver } from '../support/receiver.ts';
import { appendEvents, episodeEvent, loopbackContext, subscribeActive, subscriptionRow } from './support.ts';

const database = await testDatabase();
const { pool } = database;
let receivers: Receiver[] = [];
let stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await Promise.all(receivers.map((one) => one.close()));
  [stops, receivers] = [[], []];
  await pool.query('truncate outbox, pending, event, notification, attempt, subscription cascade');
});

async function listen(): Promise<Receiver> {
  const receiver = await startReceiver();
  receivers.push(receiver);
  return receiver;
}

async function work(): Promise<void> {
  const ctx = loopbackContext(database);
  const delivery = await startDelivery(ctx);
  const sequencer = startSequencer(ctx);
  stops.push(
    () => sequencer.stop(),
    () => delivery.stop(),
  );
}

/** As many more like one of them, at paths of their own. */
async function multiply(id: string, count: number, path: string): Promise<void> {
  const { rows } = await pool.query<{ names: string }>(
    `select string_agg(quote_ident(column_name), ', ') as names from information_schema.columns
      where table_name = 'subscription' and column_name not in ('id', 'endpoint')`,
  );
  const names = rows[0]?.names;
  await pool.query(
    `with made as (insert into subscription (id, endpoint, ${names})
       select gen_random_uuid(), origin || $2 || n, ${names} from subscription, generate_series(1, $3) as g (n)
        where id = $1 returning id)
     insert into subscription_filter (subscription_id, clause, kind, value)
       select made.id, clause, kind, value from made, subscription_filter where subscription_id = $1`,
    [id, path, count],
  );
}

/** What is open at each receiver now, and was at most. */
function count(receiver: Receiver, respond: (path: string) => Promise<number>) {
  const open = { now: 0, most: 0 };
  receiver.respond = async ({ path }) => {
    if (!path.startsWith('/slow')) return 200;
    open.now += 1;
    open.most = Math.max(open.most, open.now);
    const answer = await respond(path);
    open.now -= 1;
    return answer;
  };
  return open;
}

test('six hundred slow ones over five origins have half of the runs, and the quick go on beside them', async () => {
  const origins = await Promise.all(Array.from({ length: 5 }, listen));
  let release = () => {};
  const released = new Promise<number>((resolve) => {
    release = () => resolve(200);
  });
  const open = origins.map((origin) => count(origin, () => released));
  for (const { url } of origins) {
    const slow = await subscribeActive(pool, `${url}/slow`, {
      timeout: 30,
      filters: ['event=episode-ended'],
    });
    await multiply(slow, 119, '/slow');
    for (const n of [1, 2, 3, 4])
      await subscribeActive(pool, `${url}/quick${n}`, { filters: ['event=episode-started'] });
  }
  await work();
  const quickAll = (number: number) =>
    Promise.all(
      origins.map((origin) =>
        origin.until(
          (posts) => [1, 2, 3, 4].every((n) => numbersOf(posts, `/quick${n}`).includes(number)),
          20_000,
        ),
      ),
    );
  await appendEvents(pool, [episodeEvent()]);
  await quickAll(1);
  await appendEvents(pool, [episodeEvent({ code: 'episode-ended' })]);
  const all = () => open.reduce((sum, { now }) => sum + now, 0);
  await expect.poll(all, { timeout: 20_000 }).toBe(256);
  for (const number of [2, 3, 4, 5, 6]) {
    await appendEvents(pool, [episodeEvent()]);
    await quickAll(number);
  }
  expect(all()).toBe(256);
  expect(Math.max(...open.map(({ most }) => most))).toBeLessThanOrEqual(64);
  release();
  const slowest = (posts: Receiver['posts']) =>
    posts.filter(({ path }) => path.startsWith('/slow')).length >= 120;
  await Promise.all(origins.map((origin) => origin.until(slowest, 30_000)));
}, 120_000);

test('a worker that stops lets what is in flight end, and begins nothing', async () => {
  const receiver = await listen();
  const id = await subscribeActive(pool, `${receiver.url}/a`);
  let answer = () => {};
  receiver.respond = () =>
    new Promise((resolve) => {
      answer = () => resolve(200);
    });
  await work();
  const [stopDelivery] = stops.splice(1) as [() => Promise<void>];
  await appendEvents(pool, [episodeEvent(), episodeEvent()]);
  await receiver.until(({ length }) => length === 1);
  const stopped = stopDelivery();
  answer();
  await stopped;
  expect(numbersOf(receiver.posts)).toEqual([1]);
  expect(await subscriptionRow(pool, id)).toMatchObject({ delivered_number: '1', lease_owner: null });
  // What was claimed at that very moment is handed back, and says so.
  const { rows } = await pool.query(
    `select outcome from attempt where subscription_id = $1 and outcome is distinct from 'not-sent'`,
    [id],
  );
  expect(rows).toEqual([{ outcome: 'ok' }]);
});

type Node = { 'Node Type': string; 'Actual Rows': number; Plans?: Node[] };
const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

test('a claim sorts what it may take, not all of ten thousand that are due', async () => {
  const receiver = await listen();
  const id = await subscribeActive(pool, `${receiver.url}/a`);
  await multiply(id, 9_999, '/a');
  await pool.query(`update subscription set due_at = now() - interval '1 second', mean_ms = 10`);
  await pool.query(
    `update subscription set mean_ms = 9000, origin = 'http://127.0.0.2:1' where random() < 0.5`,
  );
  for (const analyze of [false, true]) {
    if (analyze) await pool.query('analyze subscription');
    const { rows } = await pool.query(`explain (analyze, format json) ${CLAIM}`, [
      ...[randomUUID(), 2, [receiver.url], [100], [0], 128, 32, 32],
    ]);
    const nodes = nodesOf(rows[0]['QUERY PLAN'][0].Plan);
    const sorts = nodes.filter((node) => node['Node Type'].includes('Sort'));
    const most = Math.max(...sorts.map((node) => node['Actual Rows']), 0);
    expect(most).toBeLessThanOrEqual(32 * 8);
    for (const sort of sorts)
      for (const below of sort.Plans ?? []) expect(below['Actual Rows']).toBeLessThanOrEqual(32 * 8);
  }
  const { rows } = await pool.query(
    'select count(*)::int as n from subscription where lease_owner is not null',
  );
  expect(rows[0].n).toBe(64);
});
