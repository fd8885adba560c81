/** Receivers that are away for minutes, days or for good: when they are tried, and what they hear when they are back. */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { claim } from '../../src/deliver/number/claim.ts';
import { tidy } from '../../src/deliver/send/worker.ts';
import { registerSubscriptions } from '../../src/deliver/subscribe/routes.ts';
import type { EventCode } from '../../src/model.ts';
import { testDatabase } from '../support/database.ts';
import { numbersOf, type Posted, statusIn, typeOf } from '../support/receiver.ts';
import { receiving } from './receiving.ts';
import {
  appendEvents,
  episodeEvent,
  eventually,
  loopbackContext,
  subscribe,
  subscribeActive,
  subscriptionRow,
  subscriptionTo,
} from './support.ts';

const database = await testDatabase();
const { pool } = database;
const ctx = loopbackContext(database);
const app = buildApp(ctx, [registerSubscriptions]);
const at = receiving(ctx, database);
afterAll(() => app.close());

async function publish(codes: EventCode[]): Promise<void> {
  const events = codes.map((code) => episodeEvent({ code }));
  await appendEvents(pool, events);
  ctx.signals.emit('committed');
  await eventually(
    () => pool.query('select from outbox'),
    ({ rowCount }) => rowCount === 0,
  );
}

const row = (id: string) => subscriptionRow(pool, id);
const isFree = ({ lease_owner }: Record<string, unknown>) => lease_owner === null;

/** Its codes, in the order in which they were answered with 2xx. */
const codesOf = (posts: Posted[]): (string | undefined)[] =>
  posts.flatMap(({ bundle }) =>
    (statusIn(bundle).parameter ?? [])
      .filter(({ name }) => name === 'notification-event')
      .map(({ extension }) => extension?.[0]?.valueCode),
  );

/** As if it had failed for hours: the next try of the schedule is in five. */
async function failFor(id: string): Promise<void> {
  await eventually(
    () => row(id),
    (one) => Number(one.attempts) > 0 && isFree(one),
  );
  await pool.query(
    `update subscription set attempts = 7, next_attempt_at = now() + interval '5 hours',
      soon_at = now() + interval '1 hour', failing_since = now() - interval '2 hours' where id = $1`,
    [id],
  );
}

test('no more than one Bundle is numbered ahead of who fails, so that contact-stop is next', async () => {
  at.receiver.respond = () => 500;
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  await at.work();
  await publish(Array.from({ length: 30 }, () => 'episode-started' as const));
  await failFor(id);
  expect((await row(id)).last_number).toBe('1');
  const answered = at.receiver.posts.length;
  at.receiver.respond = () => 200;
  await publish(['contact-stop']);
  await at.receiver.until((posts) => numbersOf(posts).includes(31));
  const codes = codesOf(at.receiver.posts.slice(answered));
  expect(codes.indexOf('contact-stop')).toBe(1);
  expect(new Set(codes).size).toBe(2);
  await expect.poll(async () => (await row(id)).urgent_at).toBe(null);
});

test('who takes several Bundles and then fails keeps the numbers it has, in order', async () => {
  at.receiver.respond = (post) => ((numbersOf([post])[0] ?? 0) < 6 ? 200 : 500);
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  await at.work();
  await publish(Array.from({ length: 30 }, () => 'episode-started' as const));
  await failFor(id);
  at.receiver.respond = () => 200;
  await publish(['loss']);
  await at.receiver.until((posts) => numbersOf(posts).includes(31));
  const numbers = numbersOf(at.receiver.posts);
  expect([...new Set(numbers)]).toEqual(Array.from({ length: 31 }, (_, index) => index + 1));
});

test('contact-stop and loss are tried at once in the longest wait, then every minute for an hour', async () => {
  at.receiver.respond = () => 500;
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  await at.work();
  await publish(['contact-stop']);
  await failFor(id);
  const posts = at.receiver.posts.length;
  await publish(['contact-stop']);
  await at.receiver.until(({ length }) => length === posts + 1);
  const wait = `select attempts, extract(epoch from soon_at - now())::float8 as soon,
    extract(epoch from next_attempt_at - now())::float8 as next from subscription where id = $1 and lease_owner is null`;
  type Waits = { attempts: number; soon: number; next: number };
  const waits = async (): Promise<Waits> => {
    const found = await eventually(
      () => pool.query<Waits>(wait, [id]),
      ({ rowCount }) => rowCount === 1,
    );
    return found.rows[0] as Waits;
  };
  const first = await waits();
  expect(first.soon).toBeLessThanOrEqual(60);
  expect(first.soon).toBeGreaterThan(30);
  expect([first.attempts, first.next > 4 * 3600]).toEqual([7, true]);
  await pool.query(
    `update subscription set urgent_at = urgent_at - interval '61 minutes', soon_at = now() where id = $1`,
    [id],
  );
  await at.receiver.until(({ length }) => length === posts + 2);
  expect(at.receiver.posts.slice(posts).map(typeOf)).toEqual(['event-notification', 'handshake']);
  await expect.poll(async () => (await waits()).soon).toBeGreaterThan(3000);
});

test('contact-stop is tried in error, and its 2xx makes the subscription active', async () => {
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  await pool.query(
    `update subscription set status = 'error', sent_at = now(), due_at = now(), soon_at = now() + interval '1 hour'
      where id = $1`,
    [id],
  );
  await at.work();
  await publish(['episode-started']);
  expect(at.receiver.posts).toEqual([]);
  await publish(['contact-stop']);
  await at.receiver.until((posts) => numbersOf(posts).includes(2));
  expect(codesOf(at.receiver.posts)).toEqual(['contact-stop', 'episode-started']);
  expect(at.receiver.posts.map(typeOf)).toEqual(['event-notification', 'event-notification']);
  expect((await row(id)).status).toBe('active');
});

test('what came while a try was under way is tried at once after it', async () => {
  let failures = 0;
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  at.receiver.respond = async () => {
    if (failures++ > 0) return 200;
    await publish(['contact-stop']);
    await eventually(
      () => row(id),
      ({ urgent_at }) => urgent_at !== null,
    );
    await pool.query('update subscription set attempts = 7 where id = $1', [id]);
    return 500;
  };
  await at.work();
  await publish(['episode-started']);
  await at.receiver.until((posts) => numbersOf(posts).includes(2));
  expect(codesOf(at.receiver.posts)).toEqual(['episode-started', 'episode-started', 'contact-stop']);
});

test.each([1, 3])(
  'a retraction stays behind the loss that it takes back (%i in a Bundle)',
  async (maxCount) => {
    const person = '5f0c0000-0000-4000-8000-000000000001';
    const focus = { type: 'Patient', id: person };
    at.receiver.respond = () => 500;
    const id = await subscribeActive(pool, `${at.receiver.url}/a`, { maxCount });
    await appendEvents(
      pool,
      (['episode-started', 'loss', 'loss-retracted'] as const).map((code) =>
        episodeEvent({ code, focus, persons: [person] }),
      ),
    );
    await at.work();
    await eventually(
      () => row(id),
      ({ attempts }) => Number(attempts) > 0,
    );
    at.receiver.respond = () => 200;
    await at.receiver.until(
      (posts) => codesOf(posts).includes('episode-started') && codesOf(posts).includes('loss-retracted'),
    );
    const codes = [...new Set(codesOf(at.receiver.posts))];
    expect(codes).toEqual(['loss', 'loss-retracted', 'episode-started']);
  },
);

test.each(['$status', '$events', ''])(
  'asking for %s makes the next try due, after ten hours away',
  async (operation) => {
    at.receiver.respond = () => 503;
    const id = await subscribeActive(pool, `${at.receiver.url}/a`);
    await at.work();
    await publish(['episode-started']);
    await failFor(id);
    at.receiver.respond = () => 200;
    expect((await app.inject(`/fhir/Subscription/${id}/${operation}`.replace(/\/$/, ''))).statusCode).toBe(
      200,
    );
    await at.receiver.until((posts) => posts.length >= 2);
    await expect
      .poll(async () => row(id))
      .toMatchObject({ attempts: 0, delivered_number: '1', next_attempt_at: null });
    expect(at.receiver.posts.map(typeOf)).toEqual(['event-notification', 'event-notification']);
  },
);

test('signs of life make one try a minute due, and use up nothing of the schedule', async () => {
  at.receiver.respond = () => 503;
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  await at.work();
  await publish(['episode-started']);
  await failFor(id);
  for (const posts of [2, 2]) {
    await app.inject(`/fhir/Subscription/${id}/$status`);
    await at.receiver.until(({ length }) => length === posts);
    await eventually(
      () => row(id),
      (one) => isFree(one),
    );
  }
  const { attempts, woken } = await row(id);
  const { rows } = await pool.query(
    "select soon_at > now() + interval '30 seconds' as later from subscription",
  );
  expect([attempts, woken, rows, at.receiver.posts.length]).toEqual([7, true, [{ later: true }], 2]);
});

test('a probe that is answered makes the try due, which alone makes it active', async () => {
  let refused = true;
  at.receiver.respond = (post) => (typeOf(post) === 'handshake' || !refused ? 200 : 500);
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  await at.work();
  await publish(['episode-started']);
  await failFor(id);
  await pool.query(
    `update subscription set status = 'error', next_attempt_at = null, attempts = 0, sent_at = now(),
    soon_at = now() where id = $1`,
    [id],
  );
  await at.receiver.until(({ length }) => length === 3);
  expect(at.receiver.posts.map(typeOf)).toEqual(['event-notification', 'handshake', 'event-notification']);
  await expect.poll(async () => row(id)).toMatchObject({ status: 'error', lease_owner: null });
  refused = false;
  await pool.query('update subscription set soon_at = now() where id = $1', [id]);
  await expect.poll(async () => row(id)).toMatchObject({ status: 'active', delivered_number: '1' });
  const tries = at.receiver.posts.filter((post) => typeOf(post) === 'event-notification');
  expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
});

test('one 410 stops sending and keeps the queue; off after a second, what waited is told when it is on again', async () => {
  const away = () => (at.receiver.respond = () => 410);
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  await at.work();
  away();
  await publish(['episode-started', 'episode-changed', 'episode-ended']);
  await expect
    .poll(async () => row(id))
    .toMatchObject({ status: 'error', error: 'http-410', lease_owner: null });
  at.receiver.respond = () => 200;
  await pool.query('update subscription set soon_at = now() where id = $1', [id]);
  await at.receiver.until((posts) => new Set(numbersOf(posts)).size === 3);
  await expect.poll(async () => row(id)).toMatchObject({ status: 'active', gone_at: null });

  away();
  await publish(['episode-started', 'episode-changed']);
  await expect.poll(async () => row(id)).toMatchObject({ status: 'error', lease_owner: null });
  await pool.query(
    `update subscription set gone_at = now() - interval '1 hour', soon_at = now() where id = $1`,
    [id],
  );
  await expect.poll(async () => row(id)).toMatchObject({ status: 'off', error: 'http-410' });
  await pool.query(`update subscription set updated_at = now() - interval '80 days' where id = $1`, [id]);
  await tidy(pool);
  at.receiver.respond = () => 200;
  const resource = { ...subscriptionTo(`${at.receiver.url}/a`), id };
  const put = { method: 'PUT', url: `/fhir/Subscription/${id}`, payload: resource } as const;
  expect((await app.inject(put)).statusCode).toBe(200);
  await at.receiver.until((posts) => new Set(numbersOf(posts)).size === 5);
  expect([...new Set(numbersOf(at.receiver.posts))]).toEqual([1, 2, 3, 4, 5]);
});

test('what its owner switched off stays off, and is told nothing of meanwhile', async () => {
  at.receiver.respond = () => 500;
  const id = await subscribeActive(pool, `${at.receiver.url}/a`);
  await at.work();
  await publish(['episode-started']);
  await failFor(id);
  const resource = { ...subscriptionTo(`${at.receiver.url}/a`), id };
  const put = (status: string) =>
    app.inject({ method: 'PUT', url: `/fhir/Subscription/${id}`, payload: { ...resource, status } });
  expect((await put('off')).statusCode).toBe(200);
  const posts = at.receiver.posts.length;
  at.receiver.respond = () => 200;
  await app.inject(`/fhir/Subscription/${id}/$status`);
  await publish(['contact-stop']);
  expect(await row(id)).toMatchObject({ status: 'off', waits_until: null, urgent_at: null });
  await put('requested');
  await expect.poll(async () => row(id)).toMatchObject({ status: 'active', delivered_number: '1' });
  expect(at.receiver.posts.slice(posts).map(typeOf)).toEqual(['handshake']);
});

const STATE = fc.record({
  status: fc.constantFrom('requested', 'active', 'error'),
  attempts: fc.integer({ min: 0, max: 60 }),
  heartbeat: fc.constantFrom(null, 1, 3600),
  sent: fc.boolean(),
  waiting: fc.integer({ min: 0, max: 3 }),
  soon: fc.constantFrom(null, -10, 10),
  next: fc.constantFrom(null, -10, 10),
  urgent: fc.boolean(),
  woken: fc.boolean(),
  reply: fc.constantFrom(200, 204, 301, 400, 410, 429, 500, 503),
});

test('whatever is due has something to do, and is not due again at once', async () => {
  const states = fc.sample(STATE, { numRuns: 150, seed: 7 });
  const replies = new Map(states.map(({ reply }, index) => [`/${index}`, reply]));
  at.receiver.respond = ({ path }) => replies.get(path) ?? 500;
  for (const [index, state] of states.entries()) {
    const { id } = await subscribe(pool, `${at.receiver.url}/${index}`);
    const { status, attempts, heartbeat, sent, waiting, soon, next, urgent, woken } = state;
    await pool.query(
      `update subscription set status = $2, attempts = case when $2 = 'error' then 0 else $3 end, heartbeat = $4,
        sent_at = case when $5 then now() - interval '10 seconds' end, soon_at = now() + make_interval(secs => $6),
        next_attempt_at = now() + make_interval(secs => $7), urgent_at = case when $8 then now() end, woken = $9,
        woken_at = case when $9 then now() end, due_at = now() where id = $1`,
      [id, status, attempts, heartbeat, sent, soon, next, urgent, woken],
    );
    await pool.query(
      `with e as (insert into event (id, at, event) select nextval(pg_get_serial_sequence('outbox', 'id')), now(), $2
        from generate_series(1, $3) returning id) insert into pending select $1, 1, id from e`,
      [id, JSON.stringify(episodeEvent()), waiting],
    );
    // One that is well is marked due by an event or a heartbeat alone.
    await pool.query(
      `update subscription set due_at = null where id = $1 and status = 'active' and attempts = 0 and $2 = 0
        and (heartbeat is null or heartbeat > 10 or sent_at is null)`,
      [id, waiting],
    );
  }
  const before = await claim(ctx, { limit: 200, slowLimit: 200, inFlight: new Map() });
  expect(before.filter(({ kind }) => kind === 'none')).toEqual([]);
  expect(before.length).toBeGreaterThan(50);
  await pool.query(
    'update subscription set lease_until = null, due_at = coalesce(due_at, now()) where lease_owner is not null',
  );
  await at.work();
  const quiet = `select status, attempts, heartbeat, sent_at, due_at, soon_at, next_attempt_at, lease_owner, woken, error
    from subscription where coalesce(heartbeat, 9) > 1 and (lease_owner is not null
    or status <> 'off' and due_at is not null and greatest(due_at, least(next_attempt_at, soon_at)) <= now())`;
  await expect.poll(async () => (await pool.query(quiet)).rows, { timeout: 20_000 }).toEqual([]);
  // A failing one is never forgotten.
  const { rows } = await pool.query(
    `select status, attempts from subscription where due_at is null and (status in ('requested', 'error') or attempts > 0)
      and status <> 'off'`,
  );
  expect(rows).toEqual([]);
}, 60_000);
