import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import { startSequencer } from '../../src/publish/sequencer.ts';
import { testDatabase } from '../support/database.ts';
import { numbersOf, type Receiver, startReceiver } from '../support/receiver.ts';
import { testRedis } from '../support/redis.ts';
import { appendEvents, episodeEvent, eventually, loopbackContext, subscribeActive } from './support.ts';

const database = await testDatabase();
const { pool } = database;
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const events = (count: number) => range(1, count).map(() => episodeEvent());
const AWAY = 'REDIS_URL: the queue does not answer: deliveries go on, found every second';
// An index of its own, since it is flushed.
const redis = testRedis(11);

let receiver: Receiver;
let children: ChildProcess[] = [];
let stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  for (const child of children) child.kill('SIGKILL');
  [stops, children] = [[], []];
  await receiver.close();
  await pool.query('truncate outbox, pending, event, notification, subscription cascade');
});

function startChild(env: Record<string, string>): ChildProcess {
  const settings = { DATABASE_URL: database.url, WEBHOOK_ALLOW: '127.0.0.1', ...env };
  const file = fileURLToPath(new URL('worker-process.ts', import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  return child;
}

async function start(env: Record<string, string> = {}) {
  const ctx = loopbackContext(database, env);
  const delivery = await startDelivery(ctx);
  const sequencer = startSequencer(ctx);
  stops.push(
    () => sequencer.stop(),
    () => delivery.stop(),
  );
  return ctx;
}

/** What one run of a subscription sends at most (NUMBER_LIMIT): who died in the middle of it had told nobody. */
const RUN = 16;

/** Every number, in order, each at least once: repeats are those of the run that was under way when something died. */
function expectAllInOrder(numbers: number[], count: number): void {
  expect([...new Set(numbers)]).toEqual(range(1, count));
  expect(numbers.length).toBeLessThanOrEqual(count + RUN);
  const backward = numbers.filter((value, index) => value < (numbers[index - 1] ?? 0));
  expect(backward.length).toBeLessThanOrEqual(1);
}

for (const [name, env] of [
  ['PostgreSQL', {}],
  ['Redis', redis && { REDIS_URL: redis }],
] as const) {
  test.skipIf(!env)(
    `a worker killed in mid-send loses nothing and another goes on within 5 s (queue on ${name})`,
    async () => {
      for (const path of ['/a', '/b']) await subscribeActive(pool, receiver.url + path);
      let slow = true;
      receiver.respond = ({ path }) =>
        path === '/a' && slow && numbersOf(receiver.posts, '/a').length > 3 ? 'hang' : 200;
      const first = startChild(env as Record<string, string>);
      await appendEvents(pool, events(30));
      await receiver.until((posts) => numbersOf(posts, '/a').length > 3, 15_000);
      first.kill('SIGKILL');
      await once(first, 'exit');
      const killed = performance.now();
      slow = false;
      const seen = receiver.posts.length;
      await start(env as Record<string, string>);
      await receiver.until((posts) => posts.slice(seen).some(({ path }) => path === '/a'), 10_000);
      expect(performance.now() - killed).toBeLessThan(5_000);
      await receiver.until(
        (posts) => ['/a', '/b'].every((path) => numbersOf(posts, path).includes(30)),
        15_000,
      );
      for (const path of ['/a', '/b']) expectAllInOrder(numbersOf(receiver.posts, path), 30);
    },
  );
}

test('two workers share the subscriptions and no subscription is sent to by both', async () => {
  const paths = range(1, 12).map((index) => `/s${index}`);
  for (const path of paths) await subscribeActive(pool, receiver.url + path);
  await start();
  await start();
  for (const _ of range(1, 5)) await appendEvents(pool, events(5));
  await receiver.until((posts) => paths.every((path) => numbersOf(posts, path).includes(25)), 15_000);
  for (const path of paths) expect(numbersOf(receiver.posts, path)).toEqual(range(1, 25));
});

describe.skipIf(!redis)('with a Redis that forgets everything', () => {
  test('events go on being delivered, none lost and none twice', async () => {
    const client = new Redis(redis as string);
    await subscribeActive(pool, `${receiver.url}/a`);
    const ctx = await start({ REDIS_URL: redis as string });
    for (const round of range(1, 10)) {
      await appendEvents(pool, events(5));
      ctx.signals.emit('committed');
      await client.flushdb();
      await receiver.until((posts) => numbersOf(posts).length >= round * 3, 10_000);
    }
    await receiver.until((posts) => numbersOf(posts).length >= 50, 10_000);
    client.disconnect();
    expect(numbersOf(receiver.posts)).toEqual(range(1, 50));
  });
});

test('without the Redis it was told of, events are delivered by the sweep, and stopping does not hang', async () => {
  await subscribeActive(pool, `${receiver.url}/a`);
  const ctx = loopbackContext(database, { REDIS_URL: 'redis://127.0.0.1:1' });
  const delivery = await startDelivery(ctx);
  const sequencer = startSequencer(ctx);
  await appendEvents(pool, events(3));
  await receiver.until((posts) => numbersOf(posts).length === 3);
  const app = buildApp(ctx, []);
  expect((await app.inject('/health/ready')).json()).toEqual({ status: 'ready', reasons: [AWAY] });
  await app.close();
  const began = performance.now();
  await Promise.all([sequencer.stop(), delivery.stop()]);
  expect(performance.now() - began).toBeLessThan(5_000);
});

describe('a Redis that goes away and comes back', () => {
  /** Like a Redis behind a firewall: `cut` ends what is connected and refuses what comes, `mend` listens again. */
  async function startProxy(to: string) {
    const { port, hostname } = new URL(to);
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      const behind = connect(Number(port || 6379), hostname);
      for (const end of [socket, behind]) {
        sockets.add(end);
        end.on('error', () => end.destroy());
      }
      socket.pipe(behind).pipe(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const at = (server.address() as AddressInfo).port;
    const cut = async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    };
    return { port: at, cut, mend: () => once(server.listen(at, '127.0.0.1'), 'listening') };
  }

  test.skipIf(!redis)(
    'delays nothing beyond the sweep, and is told by /health/ready, which stays ready',
    async () => {
      await subscribeActive(pool, `${receiver.url}/a`);
      const proxy = await startProxy(redis as string);
      const ctx = await start({ REDIS_URL: `redis://127.0.0.1:${proxy.port}/11` });
      const app = buildApp(ctx, []);
      const health = async () => {
        const { statusCode, body } = await app.inject('/health/ready');
        return [statusCode, JSON.parse(body).reasons.length];
      };
      const deliver = async (until: number) => {
        await appendEvents(pool, events(3));
        ctx.signals.emit('committed');
        await receiver.until((posts) => numbersOf(posts).length === until, 10_000);
      };
      await expect.poll(health).toEqual([200, 0]);
      await deliver(3);
      await proxy.cut();
      await expect.poll(health).toEqual([200, 1]);
      expect((await app.inject('/health/ready')).json()).toEqual({ status: 'ready', reasons: [AWAY] });
      await deliver(6);
      await proxy.mend();
      await expect.poll(health, { timeout: 25_000 }).toEqual([200, 0]);
      await deliver(9);
      await proxy.cut();
      await app.close();
      expect(numbersOf(receiver.posts)).toEqual(range(1, 9));
    },
    40_000,
  );
});

test('a store whose connections are all cut loses nothing and is used again within 5 s', async () => {
  await subscribeActive(pool, `${receiver.url}/a`);
  await start();
  await appendEvents(pool, events(40));
  await receiver.until((posts) => numbersOf(posts).length > 5);
  await pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  const cut = performance.now();
  const more = async () =>
    appendEvents(pool, events(1)).then(
      () => true,
      () => false,
    );
  await eventually(more, (done) => done);
  await receiver.until((posts) => numbersOf(posts).includes(41), 10_000);
  expect(performance.now() - cut).toBeLessThan(5_000);
  expectAllInOrder(numbersOf(receiver.posts), 41);
});
