/** What an operator sees of deliveries, and sends once more: the same bytes, and nothing that may not be known today. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readStatus } from '../../src/admin/status.ts';
import { describeDelivery, listDeliveries, retryNow } from '../../src/deliver/operate/deliveries.ts';
import { replayDelivered } from '../../src/deliver/operate/replay.ts';
import type { Event } from '../../src/model.ts';
import { runCommand } from '../support/command-line.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';
import { numbersOf, typeOf } from '../support/receiver.ts';
import { receiving } from './receiving.ts';
import {
  appendEvents,
  episodeEvent,
  eventually,
  loopbackContext,
  storeFocuses,
  subscribeActive,
  subscriptionRow,
} from './support.ts';

const database = await testDatabase();
const { pool } = database;
const ctx = loopbackContext(database, { PUBLIC_URL: 'https://skein.example' });
const perinatal = await register(database, 'specialist-perinatal');
const at = receiving(ctx, database);
const NEVER = '5b0f2a9c-1d7e-4c3a-9f40-6a1b2c3d4e5f';

beforeEach(() => at.work());
afterEach(() => pool.query('truncate resource, involvement'));

/** Of people who are in the care of the service. */
async function tell(events: Event[]): Promise<void> {
  await storeFocuses(pool, events);
  await pool.query(
    `insert into involvement (person, service, state, since) select unnest($1::uuid[]), $2, 'open', now()`,
    [events.flatMap(({ persons }) => persons), perinatal.service.id],
  );
  await appendEvents(pool, events);
  ctx.signals.emit('committed');
}
const started = () => episodeEvent({ services: [perinatal.service.id] });
const told = () => at.receiver.posts.filter((post) => typeOf(post) === 'event-notification');
const isUpTo = (id: string, number: number) =>
  eventually(
    () => subscriptionRow(pool, id),
    ({ delivered_number, lease_owner }) => Number(delivered_number) === number && lease_owner === null,
  );
const subscribed = () =>
  subscribeActive(pool, `${at.receiver.url}/hook`, { as: { kind: 'system', system: perinatal } });
const replay = (id: string, from: number, until = from, dryRun = false) =>
  replayDelivered(ctx, id, { from, until, dryRun });

describe('sent once more', () => {
  test('a range comes in order, byte for byte and under the same ids, and the next event after it', async () => {
    const id = await subscribed();
    for (let n = 1; n <= 4; n++) {
      await tell([started()]);
      await isUpTo(id, n);
    }
    const first = told();
    expect(numbersOf(first)).toEqual([1, 2, 3, 4]);
    expect(await replay(id, 2, 3)).toMatchObject({ sent: 2, stopped: null });
    const again = told().slice(4);
    expect(again.map(({ body, headers }) => [body, headers['webhook-id']])).toEqual(
      first.slice(1, 3).map(({ body, headers }) => [body, headers['webhook-id']]),
    );
    await tell([started()]);
    await isUpTo(id, 5);
    expect(numbersOf(told().slice(6))).toEqual([5]);
    const { rows } = await pool.query(
      `select first_number::int as first, outcome, basis is not null as based from attempt
        where kind = 'event-notification' order by id`,
    );
    expect(rows.map(({ first }) => first)).toEqual([1, 2, 3, 4, 2, 3, 5]);
    expect(rows.every(({ outcome, based }) => outcome === 'ok' && based)).toBe(true);
    const kept = await pool.query(`select ids from audit where interaction = 'delivery-replay'`);
    expect(kept.rows).toEqual([{ ids: [id] }]);
  });

  test('what may not be known today keeps its number and has no content, and a dry run says so first', async () => {
    const id = await subscribed();
    await tell([started()]);
    await isUpTo(id, 1);
    const hidden = started();
    await tell([hidden]);
    await isUpTo(id, 2);
    await pool.query('delete from involvement where person = $1', [hidden.persons[0]]);
    const dry = await replay(id, 1, 2, true);
    expect(dry.events.map(({ number, told }) => [number, told])).toEqual([
      [1, true],
      [2, false],
    ]);
    expect(told()).toHaveLength(2);
    await replay(id, 1, 2);
    const [, second, one, two] = told();
    expect(second?.body).toContain(hidden.focus.id);
    expect(one?.body).toBe(told()[0]?.body);
    expect([two?.body.includes(hidden.focus.id), numbersOf(two ? [two] : [])]).toEqual([false, [2]]);
  });

  test('what it may know is asked before each, and nothing comes once it is switched off', async () => {
    const id = await subscribed();
    const events = [started(), started(), started()];
    for (const [n, event] of events.entries()) {
      await tell([event]);
      await isUpTo(id, n + 1);
    }
    const during = (number: number, change: () => Promise<unknown>) => {
      at.receiver.respond = async (post) => {
        if (numbersOf([post]).includes(number)) await change();
        return 200;
      };
    };
    during(1, () => pool.query('delete from involvement where person = $1', [events[1]?.persons[0]]));
    const { events: again } = await replay(id, 1, 2);
    expect(again.map(({ told }) => told)).toEqual([true, false]);
    expect(told().at(-1)?.body).not.toContain(events[1]?.focus.id);
    during(1, () => pool.query(`update subscription set status = 'off' where id = $1`, [id]));
    const before = told().length;
    expect(await replay(id, 1, 3)).toMatchObject({ sent: 1, stopped: 'switched-off' });
    expect(told()).toHaveLength(before + 1);
    await expect(replay(id, 1, 1_001)).rejects.toMatchObject({ status: 422 });
  });

  test('it stops where it is not answered, and changes neither status nor tries nor what is next', async () => {
    const id = await subscribed();
    for (let n = 1; n <= 2; n++) {
      await tell([started()]);
      await isUpTo(id, n);
    }
    at.receiver.respond = () => 500;
    expect(await replay(id, 1, 2)).toMatchObject({ sent: 0, stopped: 'http-500' });
    expect(await subscriptionRow(pool, id)).toMatchObject({
      status: 'active',
      attempts: 0,
      lease_owner: null,
    });
    expect(told()).toHaveLength(3);
  });

  test('nothing is sent of what is not answered yet, of an owner’s off-switch, or of nobody', async () => {
    const id = await subscribed();
    await tell([started()]);
    await isUpTo(id, 1);
    at.receiver.respond = () => 500;
    await tell([started()]);
    await at.receiver.until((posts) => numbersOf(posts).includes(2));
    await expect(replay(id, 2)).rejects.toMatchObject({ status: 422 });
    await expect(replay(NEVER, 1)).rejects.toMatchObject({ status: 404 });
    await pool.query(`update subscription set status = 'off' where id = $1`, [id]);
    await expect(replay(id, 1)).rejects.toMatchObject({ status: 422 });
  });
});

test('those furthest behind are first, with why and when next; one is tried now when asked', async () => {
  const id = await subscribed();
  await tell([started()]);
  await isUpTo(id, 1);
  const well = await subscribeActive(pool, `${at.receiver.url}/well`);
  at.receiver.respond = ({ path }) => (path === '/hook' ? 503 : 200);
  const late = started();
  await tell([late]);
  const [first, second] = await eventually(
    () => listDeliveries(pool),
    ([one]) => one?.failures === 1,
  );
  expect(first).toMatchObject({ id, status: 'active', behind: 1, lastNumber: 2, lastError: 'http-503' });
  expect(first?.nextTry?.getTime()).toBeGreaterThan(Date.now());
  expect(second).toMatchObject({ id: well, service: null, behind: 0, nextTry: null, lastError: null });
  const { events, attempts } = await describeDelivery(pool, id);
  expect(events).toMatchObject([
    { number: 2, code: 'episode-started', focus: `EpisodeOfCare/${late.focus.id}`, state: 'to-be-sent' },
    { number: 1, state: 'delivered' },
  ]);
  expect(attempts[0]).toMatchObject({
    kind: 'event-notification',
    first: 2,
    outcome: 'http-503',
    status: 503,
  });
  expect((await readStatus(pool)).failing).toBe(1);
  at.receiver.respond = () => 200;
  expect(await retryNow(pool, id)).toBe(true);
  ctx.signals.emit('settled');
  await isUpTo(id, 2);
  expect(await retryNow(pool, id)).toBe(false);
});

test('a contact-stop that reached nobody makes status end with 1 and say whom to ring; nobody is named', async () => {
  const skein = (...args: string[]) => runCommand(args, { DATABASE_URL: database.url });
  expect(await skein('status')).toMatchObject({
    code: 0,
    output: expect.stringContaining('to be published: 0'),
  });
  const id = await subscribed();
  at.receiver.respond = () => 500;
  await tell([{ ...started(), code: 'contact-stop' }]);
  await eventually(
    () => subscriptionRow(pool, id),
    ({ attempts }) => attempts === 1,
  );
  await pool.query(`update event set at = at - interval '16 minutes'`);
  const { code, output } = await skein('status');
  expect([code, output.split('\n')[0]]).toEqual([
    1,
    expect.stringMatching(/^URGENT: contact-stop of .*(ring|service set)/),
  ]);
  expect(output).toMatch(/subscriptions active: 1, 1 to be answered/);
  const { output: list } = await skein('deliveries');
  expect(list).toMatch(new RegExp(`^${id} .*, active: 1 of 1 to be answered`));
  expect((await skein('deliveries', NEVER)).code).toBe(1);
  expect((await skein('deliveries', 'replay', id)).code).toBe(2);
  expect((await skein('deliveries', 'replay', id, '--from', '0')).code).toBe(2);
  expect((await skein('deliveries', 'retry', id)).output).toBe(`${id}: what waits is tried now\n`);
});
