import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import { startSequencer } from '../../src/publish/sequencer.ts';
import { testDatabase } from '../support/database.ts';
import { numbersOf, type Receiver, startReceiver, typeOf } from '../support/receiver.ts';
import { testRedis } from '../support/redis.ts';
import {
  appendEvents,
  episodeEvent,
  eventually,
  loopbackContext,
  subscribe,
  subscribeActive,
  subscriptionRow,
} from './support.ts';

const database = await testDatabase();
let stops: (() => Promise<void>)[] = [];
let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  stops = [];
  await receiver.close();
  await database.pool.query("update subscription set status = 'off'");
});

async function start(env: Record<string, string> = {}): Promise<ReturnType<typeof loopbackContext>> {
  const ctx = loopbackContext(database, env);
  const delivery = await startDelivery(ctx);
  const sequencer = startSequencer(ctx);
  stops.push(
    () => sequencer.stop(),
    () => delivery.stop(),
  );
  return ctx;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

for (const [name, url] of [
  ['PostgreSQL', undefined],
  ['Redis', testRedis()],
] as const) {
  describe.skipIf(url === null)(`with the queue on ${name}`, () => {
    const env: Record<string, string> = url ? { REDIS_URL: url } : {};

    test('a new subscription is active after its handshake and is told each event once, in order', async () => {
      const ctx = await start(env);
      const { id, secret } = await subscribe(database.pool, `${receiver.url}/a`);
      ctx.signals.emit('settled');
      await eventually(
        () => subscriptionRow(database.pool, id),
        ({ status }) => status === 'active',
      );
      await appendEvents(
        database.pool,
        range(1, 40).map(() => episodeEvent()),
      );
      ctx.signals.emit('committed');
      await receiver.until((posts) => numbersOf(posts).length >= 40);
      expect(receiver.posts.map(typeOf)).toEqual([
        'handshake',
        ...range(1, 40).map(() => 'event-notification'),
      ]);
      expect(numbersOf(receiver.posts)).toEqual(range(1, 40));
      for (const { body, headers } of receiver.posts) {
        new Webhook(secret).verify(body, headers as Record<string, string>);
      }
      await eventually(
        () => subscriptionRow(database.pool, id),
        (row) => row.delivered_number === '40' && row.lease_owner === null,
      );
    });

    test('a retry has the same id and body, and nothing overtakes it', async () => {
      let failures = 2;
      receiver.respond = (post) => (numbersOf([post])[0] === 3 && failures-- > 0 ? 500 : 200);
      const ctx = await start(env);
      const id = await subscribeActive(database.pool, `${receiver.url}/b`);
      await appendEvents(
        database.pool,
        range(1, 6).map(() => episodeEvent()),
      );
      ctx.signals.emit('committed');
      await receiver.until((posts) => numbersOf(posts).length >= 4);
      // The second try comes after about a second, the third after about five: not waited for here.
      await eventually(
        () => subscriptionRow(database.pool, id),
        ({ attempts }) => attempts === 2,
        15_000,
      );
      await database.pool.query('update subscription set next_attempt_at = now() where id = $1', [id]);
      await receiver.until((posts) => numbersOf(posts).includes(6), 15_000);
      expect(numbersOf(receiver.posts)).toEqual([1, 2, 3, 3, 3, 4, 5, 6]);
      const tries = receiver.posts.filter((post) => numbersOf([post])[0] === 3);
      expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
      expect(new Set(tries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    });
  });
}

test('an endpoint that hangs and one that is dead delay nobody else', async () => {
  receiver.respond = ({ path }) => (path === '/hangs' ? 'hang' : 200);
  const ctx = await start();
  await subscribeActive(database.pool, `${receiver.url}/hangs`, { timeout: 10 });
  await subscribeActive(database.pool, 'http://127.0.0.1:1/dead');
  await subscribeActive(database.pool, `${receiver.url}/works`);
  const began = performance.now();
  await appendEvents(
    database.pool,
    range(1, 100).map(() => episodeEvent()),
  );
  ctx.signals.emit('committed');
  await receiver.until((posts) => numbersOf(posts, '/works').length >= 100);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(numbersOf(receiver.posts, '/works')).toEqual(range(1, 100));
  expect(numbersOf(receiver.posts, '/hangs')).toEqual([1]);
});
