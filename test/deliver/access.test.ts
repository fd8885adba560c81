import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Context } from '../../src/context.ts';
import { EVENT_CODE_URL } from '../../src/deliver/number/notification.ts';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import type { Event, Recipient, System } from '../../src/model.ts';
import { sequence } from '../../src/publish/sequencer.ts';
import { readResource } from '../../src/read/read.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';
import { numbersOf, type Posted, type Receiver, startReceiver, statusIn } from '../support/receiver.ts';
import {
  appendEvents,
  episodeEvent,
  eventually,
  loopbackContext,
  OPERATOR,
  storeFocuses,
  subscribeActive,
  subscriptionRow,
} from './support.ts';

const database = await testDatabase();
const { pool } = database;
const perinatal = await register(database, 'specialist-perinatal');
const parentInfant = await register(database, 'parent-infant');
const charity = await register(database, 'third-sector');
const motherhood = await register(database, 'maternity-mh');
const as = (system: System): Recipient => ({ kind: 'system', system });

let receiver: Receiver;
let ctx: Context;
let delivery: { stop(): Promise<void> } | null = null;

beforeEach(async () => {
  receiver = await startReceiver();
  ctx = loopbackContext(database);
});
afterEach(async () => {
  await delivery?.stop();
  delivery = null;
  await receiver.close();
  await pool.query('truncate outbox, pending, event, notification, subscription cascade');
});

/** Everything that is told of is there to be read. */
async function publish(events: Event[]): Promise<void> {
  await storeFocuses(pool, events);
  await appendEvents(pool, events);
  await sequence(pool);
  delivery ??= await startDelivery(ctx);
  ctx.signals.emit('settled');
}

async function involve(
  system: System,
  person: string,
  state: 'open' | 'pending' | 'closed' = 'open',
): Promise<void> {
  await pool.query(
    `insert into involvement (person, service, state, since, journey)
     values ($1, $2, $3, now(), (select journey from member where person = $1))`,
    [person, system.service.id, state],
  );
}

/** A mother and her infant, of nobody's care yet. */
async function makeJourney() {
  const [journey, mother, infant] = [randomUUID(), randomUUID(), randomUUID()];
  await pool.query(
    `insert into member (journey, person, role) values ($1, $2, 'mother'), ($1, $3, 'infant')`,
    [...[journey, mother, infant]],
  );
  return { journey, mother, infant };
}

const told = (posts: Posted[], path: string) =>
  posts
    .filter((post) => post.path === path)
    .flatMap(
      ({ bundle }) => statusIn(bundle).parameter?.filter(({ name }) => name === 'notification-event') ?? [],
    );
const codes = (posts: Posted[], path: string) =>
  told(posts, path).map(({ extension }) => extension?.find(({ url }) => url === EVENT_CODE_URL)?.valueCode);
const focuses = (posts: Posted[], path: string) =>
  told(posts, path).map(({ part }) =>
    part
      ?.find(({ name }) => name === 'focus')
      ?.valueReference?.reference?.split('/')
      .at(-1),
  );
const settled = (id: string, number: number) =>
  eventually(
    () => subscriptionRow(pool, id),
    (row) => Number(row.delivered_number) === number && row.lease_owner === null,
  );

test('a service is told of its own patient, without a gap in the numbers for what is withheld', async () => {
  const [hers, other] = [randomUUID(), randomUUID()];
  await involve(perinatal, hers);
  await subscribeActive(pool, `${receiver.url}/p`, { as: as(perinatal) });
  const events = [hers, other, hers, other, hers].map((person) => episodeEvent({ persons: [person] }));
  await publish(events);
  await receiver.until((posts) => numbersOf(posts).length >= 3);
  expect(numbersOf(receiver.posts)).toEqual([1, 2, 3]);
  expect(focuses(receiver.posts, '/p')).toEqual(
    [events[0], events[2], events[4]].map((event) => event?.focus.id),
  );
});

test('an event about two people is told only to who may know of both', async () => {
  const { journey, mother, infant: baby } = await makeJourney();
  const stranger = randomUUID();
  await involve(perinatal, mother);
  await subscribeActive(pool, `${receiver.url}/p`, { as: as(perinatal) });
  const known = episodeEvent({ journey, persons: [mother, baby], code: 'member-linked' });
  await publish([episodeEvent({ persons: [mother, stranger] }), known]);
  await receiver.until((posts) => numbersOf(posts).length >= 1);
  expect(focuses(receiver.posts, '/p')).toEqual([known.focus.id]);
});

test('referral-received goes to the referrer and the named receiver, even one with no sector, and to nobody else', async () => {
  const person = randomUUID();
  for (const system of [perinatal, parentInfant, charity]) await involve(system, person);
  await subscribeActive(pool, `${receiver.url}/p`, { as: as(perinatal) });
  await subscribeActive(pool, `${receiver.url}/c`, { as: as(charity), content: 'empty' });
  await subscribeActive(pool, `${receiver.url}/i`, { as: as(parentInfant) });
  const services = [perinatal.service.id, charity.service.id];
  await publish([
    episodeEvent({
      ...{ code: 'referral-received', category: 'REF', persons: [person], services },
      focus: { type: 'ServiceRequest', id: randomUUID() },
    }),
    episodeEvent({ persons: [person] }),
  ]);
  const expected = { '/p': 2, '/i': 1, '/c': 1 };
  await receiver.until((posts) =>
    Object.entries(expected).every(([path, count]) => numbersOf(posts, path).length >= count),
  );
  expect(codes(receiver.posts, '/p')).toEqual(['referral-received', 'episode-started']);
  expect(codes(receiver.posts, '/i')).toEqual(['episode-started']);
  // Empty: a number and a time. The charity may not know of the episode at all.
  expect(codes(receiver.posts, '/c')).toEqual([undefined]);
  expect(focuses(receiver.posts, '/c')).toEqual([undefined]);
});

test('encounters need the opt-in and an open patient; contact-stop needs neither a cause nor a payload', async () => {
  const [open, referred] = [randomUUID(), randomUUID()];
  await involve(perinatal, open);
  await involve(charity, referred, 'pending');
  await subscribeActive(pool, `${receiver.url}/p`, { as: as(perinatal), filters: ['event=encounter'] });
  await subscribeActive(pool, `${receiver.url}/c`, { as: as(charity), content: 'empty' });
  await publish([
    episodeEvent({ code: 'encounter', category: 'ENC', persons: [open] }),
    episodeEvent({ code: 'encounter', category: 'ENC', persons: [referred] }),
    episodeEvent({ code: 'contact-stop', persons: [referred] }),
  ]);
  await receiver.until((posts) => numbersOf(posts).length >= 2);
  expect(codes(receiver.posts, '/p')).toEqual(['encounter']);
  expect(codes(receiver.posts, '/c')).toEqual(['contact-stop']);
});

test('a filter holds by nothing that its owner may not see', async () => {
  const { journey, mother, infant: hers } = await makeJourney();
  await involve(perinatal, hers);
  await involve(charity, hers);
  const filters = [`service=Organization/${parentInfant.service.id}`];
  await subscribeActive(pool, `${receiver.url}/p`, { as: as(perinatal), filters });
  await subscribeActive(pool, `${receiver.url}/c`, {
    as: as(charity),
    content: 'empty',
    filters: ['stage=birth-12m'],
  });
  const about = { journey, stage: 'birth-12m', services: [parentInfant.service.id] };
  // Of the mother it may know that there is a service of some kind, not which; of its own patient it may.
  const own = episodeEvent({ ...about, persons: [hers] });
  const focus = { type: 'Patient', id: randomUUID() };
  const merged = episodeEvent({ ...about, code: 'person-merged', category: 'DEM', persons: [hers], focus });
  const stop = episodeEvent({ ...about, code: 'contact-stop', stage: 'contact-stop', persons: [hers] });
  await publish([episodeEvent({ ...about, persons: [mother] }), merged, own, stop]);
  await receiver.until((posts) => numbersOf(posts, '/p').length >= 3);
  expect(codes(receiver.posts, '/p')).toEqual(['contact-stop', 'person-merged', 'episode-started']);
  expect(told(receiver.posts, '/c')).toEqual([]);
});

test('a stage that may be read by way of an own patient may be filtered by, whomever the event is about', async () => {
  const { journey, mother, infant: hers } = await makeJourney();
  // Of the mother it may know INV E and no stage; of the infant, its own, every stage.
  await involve(motherhood, hers);
  await subscribeActive(pool, `${receiver.url}/m`, { as: as(motherhood), filters: ['stage=birth-12m'] });
  await publish([episodeEvent({ journey, stage: 'birth-12m', persons: [mother] })]);
  await receiver.until((posts) => numbersOf(posts, '/m').length >= 1);
  expect(codes(receiver.posts, '/m')).toEqual(['episode-started']);
});

test('an event denied between two tries keeps its number and id and says nothing', async () => {
  const person = randomUUID();
  await involve(perinatal, person);
  const id = await subscribeActive(pool, `${receiver.url}/p`, { as: as(perinatal) });
  receiver.respond = () => 503;
  await publish([episodeEvent({ persons: [person] })]);
  await eventually(
    () => subscriptionRow(pool, id),
    ({ attempts }) => attempts === 1,
  );
  receiver.respond = () => 200;
  await pool.query('delete from involvement where person = $1', [person]);
  await pool.query('update subscription set next_attempt_at = now() where id = $1', [id]);
  await settled(id, 1);
  const [first, second] = receiver.posts.slice(-2);
  expect(first?.headers['webhook-id']).toBe(second?.headers['webhook-id']);
  expect(numbersOf(receiver.posts)).toEqual([1, 1]);
  expect(codes(receiver.posts, '/p')).toEqual(['episode-started', undefined]);
  expect(focuses(receiver.posts, '/p')[1]).toBeUndefined();
  const { rows } = await pool.query('select withheld from notification where subscription_id = $1', [id]);
  expect(rows).toEqual([{ withheld: true }]);
});

test('contact-stop overtakes what waits, and several events share a Bundle where the client asked for it', async () => {
  const id = await subscribeActive(pool, `${receiver.url}/o`, { maxCount: 3 });
  await publish(
    ['episode-started', 'episode-changed', 'contact-stop', 'episode-ended'].map((code) =>
      episodeEvent({ code: code as Event['code'] }),
    ),
  );
  await settled(id, 4);
  expect(receiver.posts.map((post) => numbersOf([post]))).toEqual([[1, 2, 3], [4]]);
  expect(codes(receiver.posts, '/o')).toEqual([
    'contact-stop',
    'episode-started',
    'episode-changed',
    'episode-ended',
  ]);
});

describe('full-resource payloads', () => {
  async function store(person: string): Promise<string> {
    const id = randomUUID();
    const content = {
      resourceType: 'EpisodeOfCare',
      id,
      status: 'active',
      patient: { reference: `Patient/${person}` },
    };
    await pool.query(
      `insert into resource (type, id, version, content, owner, persons, authors, digest)
       values ('EpisodeOfCare', $1, 1, $2, $3, array[$3::uuid], array[$4::uuid], '')`,
      [id, JSON.stringify(content), person, randomUUID()],
    );
    return id;
  }

  test('carry the resource for an own open patient only, and the same bytes on a retry though it changed', async () => {
    const [own, closed] = [randomUUID(), randomUUID()];
    await involve(perinatal, own);
    await involve(perinatal, closed, 'closed');
    await pool.query('update involvement set until = now() where person = $1', [closed]);
    await pool.query(`update service set payload_ceiling = 'full-resource' where id = $1`, [
      perinatal.service.id,
    ]);
    const id = await subscribeActive(pool, `${receiver.url}/p`, {
      as: as(perinatal),
      content: 'full-resource',
      maxCount: 2,
    });
    const [episode, old] = [await store(own), await store(closed)];
    receiver.respond = () => 500;
    await publish([
      episodeEvent({ persons: [own], focus: { type: 'EpisodeOfCare', id: episode } }),
      episodeEvent({ persons: [closed], focus: { type: 'EpisodeOfCare', id: old } }),
    ]);
    await eventually(
      () => subscriptionRow(pool, id),
      ({ attempts }) => attempts === 1,
    );
    await pool.query(
      `update resource set version = 2, content = content || '{"status": "finished"}' where id = $1`,
      [episode],
    );
    receiver.respond = () => 200;
    await pool.query('update subscription set next_attempt_at = now() where id = $1', [id]);
    await settled(id, 2);
    expect(new Set(receiver.posts.map(({ body }) => body)).size).toBe(1);
    const [first, second, ...more] = receiver.posts[0]?.bundle.entry?.slice(1) ?? [];
    expect(first?.resource).toMatchObject({ id: episode, status: 'active' });
    expect(first?.resource?.meta?.versionId).toMatch(/^1-/);
    // What it may know of and may not be sent: where it is read.
    expect([second?.resource, second?.request?.url.split('/').at(-1), more]).toEqual([undefined, old, []]);
    const { rows } = await pool.query('select resources from notification where subscription_id = $1', [id]);
    expect(rows.map(({ resources }) => resources)).toEqual([null, null]);
  });

  /** The next version of a stored episode, as save writes it. */
  const change = (id: string, more: object) =>
    pool.query(
      `with former as (
         insert into resource_history (row_id, type, id, version, updated_at, content, persons, authors, service)
         select row_id, type, id, version, updated_at, content, persons, authors, service from resource where id = $1)
       update resource set version = version + 1, updated_at = clock_timestamp(), content = content || $2 where id = $1`,
      [id, JSON.stringify(more)],
    );

  test('have the version and time that a read has: what is hidden from their recipient counts for neither', async () => {
    const own = randomUUID();
    await involve(perinatal, own);
    await pool.query(`update service set payload_ceiling = 'full-resource' where id = $1`, [
      perinatal.service.id,
    ]);
    const ask = { as: as(perinatal), content: 'full-resource' };
    await subscribeActive(pool, `${receiver.url}/p`, ask);
    await subscribeActive(pool, `${receiver.url}/o`, { content: 'full-resource' });
    const id = await store(own);
    for (const display of ['A', 'B']) await change(id, { careManager: { display } });
    const read = (recipient: Recipient) =>
      readResource({ db: pool, key: database.key, recipient }, 'EpisodeOfCare', id);
    const tell = async (count: number) => {
      await publish([episodeEvent({ persons: [own], focus: { type: 'EpisodeOfCare', id } })]);
      await receiver.until((posts) => ['/p', '/o'].every((path) => numbersOf(posts, path).length === count));
      return ['/p', '/o'].map(
        (path) => receiver.posts.filter((post) => post.path === path).at(-1)?.bundle.entry?.[1]?.resource,
      );
    };
    const before = await read(as(perinatal));
    expect(before.meta?.versionId).toMatch(/^1-/);
    expect(await tell(1)).toEqual([before, await read(OPERATOR)]);
    await change(id, { status: 'onhold' });
    const after = await read(as(perinatal));
    expect(after).toMatchObject({ status: 'onhold', meta: { versionId: expect.stringMatching(/^2-/) } });
    expect(await tell(2)).toEqual([after, await read(OPERATOR)]);
    expect((await read(OPERATOR)).meta?.versionId).toBe('4');
  });
});

test('every disclosure has an audit row committed before its bytes arrive', async () => {
  const id = await subscribeActive(pool, `${receiver.url}/o`, { as: OPERATOR });
  const audited: unknown[] = [];
  receiver.respond = async () => {
    const { rows } = await pool.query(
      'select first_number, last_number, outcome from attempt where subscription_id = $1',
      [id],
    );
    audited.push(...rows);
    return 200;
  };
  await publish([episodeEvent()]);
  await settled(id, 1);
  expect(audited).toEqual([{ first_number: '1', last_number: '1', outcome: null }]);
  const { rows } = await pool.query(
    'select outcome, status, delivered_number from attempt where subscription_id = $1',
    [id],
  );
  expect(rows).toEqual([{ outcome: 'ok', status: 200, delivered_number: '1' }]);
});
