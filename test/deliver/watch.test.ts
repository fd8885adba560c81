/** What operators see of deliveries that fail: whom to ring, how far the schedule is used up, a clock that is wrong. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepContact } from '../../src/access/register/duty-contacts.ts';
import { describeUnheard, noticeUnheard } from '../../src/deliver/send/urgent-alerts.ts';
import { noticeClock, watchDeliveries } from '../../src/deliver/send/watch.ts';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import { deliveryGauges } from '../../src/observe/metrics.ts';
import { readMetrics } from '../../src/observe/scrape.ts';
import { sequence } from '../../src/publish/sequencer.ts';
import { compareClocks, storeTime } from '../../src/store/store-time.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';
import { startReceiver } from '../support/receiver.ts';
import { appendEvents, episodeEvent, loopbackContext, subscribeActive } from './support.ts';

const database = await testDatabase();
const { pool } = database;
type Line = Record<string, unknown>;
let lines: Line[] = [];
const ctx = {
  ...loopbackContext(database),
  log: pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
};
const named = (event: string) => lines.filter((line) => line.event === event);

beforeEach(() => {
  lines = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await pool.query('truncate outbox, pending, event, notification, urgent_alert, subscription cascade');
});

const later = (minutes: number) =>
  pool.query(`update event set at = at - make_interval(mins => $1)`, [minutes]);

test('a contact-stop that is not delivered after 15 minutes is told once, with whom to ring', async () => {
  const system = await register(database, 'health-visiting');
  await keepContact(pool, system.service.id, {
    phone: '01632 960130',
    hours: '24/7',
    confirmed: '2026-01-31',
  });
  const id = await subscribeActive(pool, 'http://127.0.0.1:1/away', { as: { kind: 'system', system } });
  await appendEvents(pool, [episodeEvent({ code: 'contact-stop', to: [system.service.id] })]);
  await sequence(pool);
  await watchDeliveries(ctx);
  expect(named('urgent.unheard')).toEqual([]);
  await later(16);
  await watchDeliveries(ctx);
  await watchDeliveries(ctx);
  expect(named('urgent.unheard')).toMatchObject([
    { code: 'contact-stop', cause: 'not-delivered', subscription: id },
  ]);
  expect(await describeUnheard(pool)).toEqual([
    expect.stringMatching(/is not delivered: ring 01632 960130 \(24\/7\)$/),
  ]);
  expect(await noticeUnheard(pool)).toHaveLength(1);
  expect(await readMetrics(pool)).toContain('skein_urgent_unheard{cause="not-delivered"} 1');
  await pool.query('delete from pending');
  expect(await describeUnheard(pool)).toEqual([]);
});

test('a service concerned that no active subscription serves is told of at once, and not once it is told', async () => {
  const system = await register(database, 'maternity');
  const as = { kind: 'system', system } as const;
  const deaf = await subscribeActive(pool, 'http://127.0.0.1:1/deaf', {
    as,
    filters: ['event=episode-started'],
  });
  await appendEvents(pool, [episodeEvent({ code: 'loss', to: [system.service.id] })]);
  await sequence(pool);
  await watchDeliveries(ctx);
  await watchDeliveries(ctx);
  expect(named('urgent.unheard')).toMatchObject([
    { code: 'loss', cause: 'no-subscription', service: system.service.id },
  ]);
  expect(await describeUnheard(pool)).toEqual([
    expect.stringMatching(/no active subscription.*: no duty contact is known/),
  ]);
  await pool.query('delete from subscription_filter where subscription_id = $1', [deaf]);
  expect(await describeUnheard(pool)).toEqual([]);
});

test('the schedule of tries is warned of at 50, 70, 90 and 100 %, each once', async () => {
  const id = await subscribeActive(pool, 'http://127.0.0.1:1/away');
  const percents: unknown[] = [];
  // 243.6 hours: 75.6 of the table and a week.
  for (const hours of [100, 122, 123, 171, 220]) {
    await pool.query(
      `update subscription set attempts = 20, failing_since = now() - make_interval(hours => $2) where id = $1`,
      [id, hours],
    );
    await watchDeliveries(ctx);
  }
  await pool.query(`update subscription set status = 'error' where id = $1`, [id]);
  for (const _ of [1, 2]) await watchDeliveries(ctx);
  for (const line of named('subscription.schedule')) percents.push(line.percent);
  expect(percents).toEqual([50, 70, 90, 100]);
  const { values } = await deliveryGauges.failing.get();
  expect(values.filter(({ value }) => value > 0)).toMatchObject([{ labels: { percent: '100' }, value: 1 }]);
  expect((await deliveryGauges.subscriptions.get()).values).toMatchObject([
    { labels: { status: 'error' }, value: 1 },
  ]);
});

test('a worker whose clock is over 30 s off uses the time of the store, and says so', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const real = performance.timeOrigin + performance.now();
  vi.setSystemTime(real - 10_000);
  await watchDeliveries(ctx);
  expect([storeTime() - Date.now(), named('clock.wrong'), noticeClock()]).toEqual([0, [], []]);
  vi.setSystemTime(real - 600_000);
  const receiver = await startReceiver();
  const id = await subscribeActive(pool, `${receiver.url}/a`);
  await appendEvents(pool, [episodeEvent({ persons: [randomUUID()] })]);
  await sequence(pool);
  await watchDeliveries(ctx);
  await watchDeliveries(ctx);
  expect(named('clock.wrong')).toHaveLength(1);
  expect(noticeClock()).toEqual([expect.stringMatching(/^the clock of this machine is \d+ s behind/)]);
  const delivery = await startDelivery(ctx);
  await receiver.until(({ length }) => length === 1);
  await delivery.stop();
  const sent = Number(receiver.posts[0]?.headers['webhook-timestamp']) * 1000;
  expect(Math.abs(sent - real)).toBeLessThan(60_000);
  const { rows } = await pool.query('select numbered_at from notification where subscription_id = $1', [id]);
  expect(Math.abs(rows[0].numbered_at.getTime() - real)).toBeLessThan(60_000);
  await receiver.close();
  vi.useRealTimers();
  await compareClocks(pool);
  expect(noticeClock()).toEqual([]);
});
