/** Warnings that a subscriber fails: to the contact that it has, to whoever runs Skein, and in nobody's way. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openSender } from '../../src/deliver/send/send.ts';
import { newSecret, verify } from '../../src/deliver/send/sign.ts';
import { sendWarnings } from '../../src/deliver/send/warnings.ts';
import { watchDeliveries } from '../../src/deliver/send/watch.ts';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import { setContact } from '../../src/deliver/subscribe/contact.ts';
import { sequence } from '../../src/publish/sequencer.ts';
import { testDatabase } from '../support/database.ts';
import { type Posted, type Receiver, startReceiver } from '../support/receiver.ts';
import { appendEvents, episodeEvent, loopbackContext, subscribeActive } from './support.ts';

const database = await testDatabase();
const { pool } = database;
let receiver: Receiver;
const ALERT_SECRET = newSecret();
const context = (env: Record<string, string> = {}) => loopbackContext(database, env);
const sender = openSender(['127.0.0.1']);
const at = (path: string): Posted[] => receiver.posts.filter((one) => one.path === path);

beforeAll(async () => {
  receiver = await startReceiver();
});
beforeEach(() => {
  receiver.posts.length = 0;
  receiver.respond = () => 200;
});
afterEach(() => pool.query('truncate outbox, pending, event, notification, subscription cascade'));
afterAll(async () => {
  await sender.close();
  await receiver.close();
});

const secretOf = async (id: string): Promise<string> =>
  (await pool.query('select secret from subscription where id = $1', [id])).rows[0].secret;
const isSigned = ({ headers, body }: Posted, secret: string): boolean => {
  const of = (name: string) => String(headers[`webhook-${name}`]);
  return verify(secret, { id: of('id'), timestamp: of('timestamp'), signature: of('signature') }, body);
};

/** Failing for so many of the 243.6 hours of its schedule. */
async function failing(hours: number, path = '/contact'): Promise<string> {
  const id = await subscribeActive(pool, 'http://127.0.0.1:1/away');
  await setContact(context(), id, receiver.url + path);
  await failFor(id, hours);
  return id;
}
const failFor = (id: string, hours: number) =>
  pool.query(
    `update subscription set attempts = 20, failing_since = now() - make_interval(hours => $2) where id = $1`,
    [id, hours],
  );

test('the contact is told once at 50, 70, 90 and 100 %, of ids alone, signed as notifications are', async () => {
  const ctx = context();
  const id = await failing(100);
  for (const hours of [100, 122, 123, 171, 220]) {
    await failFor(id, hours);
    await watchDeliveries(ctx);
    await sendWarnings(ctx, sender);
  }
  await pool.query(`update subscription set status = 'error' where id = $1`, [id]);
  for (const _ of [1, 2]) {
    await watchDeliveries(ctx);
    await sendWarnings(ctx, sender);
  }
  const told = at('/contact').map(({ body }) => JSON.parse(body));
  expect(told.map(({ data }) => data)).toEqual(
    [50, 70, 90, 100].map((percent) => ({ subscription: id, percent })),
  );
  expect(Object.keys(told[0])).toEqual(['type', 'timestamp', 'data']);
  const secret = await secretOf(id);
  for (const post of at('/contact')) expect(isSigned(post, secret)).toBe(true);
});

test('that somebody named a contact, and took it back, is on record', async () => {
  const ctx = context();
  const id = await failing(1);
  await setContact(ctx, id, null);
  const sql = `select outcome from audit where interaction = 'subscription-contact' and ids = $1`;
  expect((await ctx.db.query(sql, [[id]])).rows).toEqual([{ outcome: 'done' }, { outcome: 'done' }]);
});

test('whoever runs Skein is told at ALERT_URL, under a secret of its own', async () => {
  const ctx = context({ ALERT_URL: `${receiver.url}/operator`, ALERT_SECRET });
  const id = await failing(130);
  await setContact(ctx, id, null);
  await watchDeliveries(ctx);
  await sendWarnings(ctx, sender);
  expect(at('/contact')).toEqual([]);
  expect(at('/operator').map((post) => isSigned(post, ALERT_SECRET))).toEqual([true]);
});

test('a contact that refuses is tried four times with the same bytes, and one that is well again not at all', async () => {
  const ctx = context();
  receiver.respond = () => 503;
  const id = await failing(130);
  await watchDeliveries(ctx);
  for (const _ of [1, 2, 3, 4, 5, 6]) {
    await sendWarnings(ctx, sender);
    await pool.query('update warning set due_at = now()');
  }
  expect(at('/contact')).toHaveLength(4);
  expect(new Set(at('/contact').map(({ headers, body }) => headers['webhook-id'] + body)).size).toBe(1);
  await failFor(id, 180);
  await watchDeliveries(ctx);
  await pool.query('update subscription set attempts = 0, failing_since = null where id = $1', [id]);
  await sendWarnings(ctx, sender);
  expect(at('/contact')).toHaveLength(4);
  expect((await pool.query('select from warning')).rowCount).toBe(0);
});

test('an address that is not public is refused when it is registered, and when it is sent to', async () => {
  const id = await failing(130);
  const guarded = context({ WEBHOOK_ALLOW: '' });
  for (const url of [
    receiver.url,
    'http://example.org/',
    'https://10.0.0.1/',
    'https://a:b@example.org/',
    'nowhere',
  ])
    await expect(setContact(guarded, id, url), url).rejects.toMatchObject({ status: 422 });
  await expect(setContact(guarded, crypto.randomUUID(), null)).rejects.toMatchObject({ status: 404 });
  const strict = openSender([]);
  await watchDeliveries(guarded);
  await sendWarnings(guarded, strict);
  await strict.close();
  expect(receiver.posts).toEqual([]);
});

test('a contact that never answers keeps no delivery waiting', async () => {
  receiver.respond = ({ path }) => (path === '/contact' ? 'hang' : 200);
  await failing(130);
  const well = await subscribeActive(pool, `${receiver.url}/well`);
  const delivery = await startDelivery(context());
  await receiver.until(() => at('/contact').length === 1);
  await appendEvents(pool, [episodeEvent()]);
  await sequence(pool);
  await receiver.until(() => at('/well').length === 1);
  expect(at('/contact')).toHaveLength(1);
  await delivery.stop();
  expect((await pool.query('select delivered_number from subscription where id = $1', [well])).rows).toEqual([
    { delivered_number: '1' },
  ]);
});
