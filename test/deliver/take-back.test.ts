/** When what was told is taken back, once: by time, by another policy, by a change while it is being told. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { POLICY } from '../../src/access/decide/policy.ts';
import { numbering } from '../../src/deliver/number/number.ts';
import type { Event, Recheck, Recipient, System } from '../../src/model.ts';
import { recheckChanges, recheckDue } from '../../src/publish/recheck-changes.ts';
import { sequence } from '../../src/publish/sequencer.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';
import {
  type Ask,
  appendEvents,
  episodeEvent,
  eventually,
  notified,
  numberAll,
  OPERATOR,
  storeFocuses,
  subscribeActive,
} from './support.ts';

const database = await testDatabase();
const { pool } = database;
const perinatal = await register(database, 'specialist-perinatal');
const visiting = await register(database, 'health-visiting');
const DAY = 86_400_000;

afterEach(async () => {
  await pool.query(
    `truncate outbox, pending, event, notification, told, subscription, involvement, member, resource
     cascade`,
  );
});

const subscribe = (system: System | null, ask: Ask = {}) => {
  const recipient: Recipient = system ? { kind: 'system', system } : OPERATOR;
  return subscribeActive(pool, 'https://receiver.example/', { as: recipient, ...ask });
};

type Care = { state?: 'open' | 'pending' | 'closed'; until?: Date; journey?: string };
async function involve({ service }: System, person: string, care: Care = {}): Promise<void> {
  const { state = 'open', until = null, journey = null } = care;
  await pool.query(
    `insert into involvement (person, service, state, since, until, journey)
     values ($1, $2, $3, '2020-01-01', $4, $5)
     on conflict (person, service, journey)
       do update set state = excluded.state, until = excluded.until`,
    [person, service.id, state, until, journey],
  );
}

const end = ({ service }: System) => pool.query('delete from involvement where service = $1', [service.id]);

const recheck = (...events: Event[]) => {
  const ask: Recheck = { code: 'recheck', foci: events.map(({ focus }) => focus.id) };
  return pool.query('insert into outbox (event) values ($1)', [JSON.stringify(ask)]);
};

async function tell(events: Event[], ...ids: string[]): Promise<void> {
  await storeFocuses(pool, events);
  await appendEvents(pool, events);
  await numberAll(pool, ids);
}

const codesOf = async (id: string) => (await notified(pool, id)).map(({ event }) => event.code);
const visit = (person: string) =>
  episodeEvent({
    ...{ code: 'encounter', category: 'ENC', persons: [person] },
    focus: { type: 'Encounter', id: randomUUID() },
  });

test('what cannot be read any more is taken back once, and again after it was told again', async () => {
  const id = await subscribe(perinatal);
  const event = episodeEvent();
  const person = event.persons[0] as string;
  for (let round = 1; round <= 2; round++) {
    await involve(perinatal, person);
    await tell([event], id);
    await recheck(event);
    await numberAll(pool, [id]);
    expect(await codesOf(id)).toHaveLength(round * 2 - 1);
    await end(perinatal);
    for (const _ of [1, 2, 3]) await recheck(event);
    await numberAll(pool, [id]);
    await recheck(event);
    await numberAll(pool, [id]);
    expect((await codesOf(id)).slice(-2)).toEqual(['episode-started', 'withdrawn']);
    expect(await codesOf(id)).toHaveLength(round * 2);
  }
  const [first, back] = await notified(pool, id);
  expect(back?.event).toMatchObject({ focus: first?.event.focus, persons: [], services: [], journey: null });
});

test('it is taken back from whom it was told, whatever they hear, and from nobody else', async () => {
  const event = episodeEvent();
  const [person = ''] = event.persons;
  for (const system of [perinatal, visiting]) await involve(system, person);
  const [chosen, other, operator] = [
    await subscribe(perinatal, { filters: ['event=episode-started'] }),
    await subscribe(visiting, { filters: ['event=episode-ended'] }),
    await subscribe(null),
  ];
  await tell([event], chosen, other, operator);
  await pool.query('delete from involvement');
  await recheck(event);
  await numberAll(pool, [chosen, other, operator]);
  expect(await codesOf(chosen)).toEqual(['episode-started', 'withdrawn']);
  expect(await codesOf(other)).toEqual([]);
  expect(await codesOf(operator)).toEqual(['episode-started']);
});

test('a journey, and somebody who is not the service’s own, are unlinked', async () => {
  const [journey, mother, infant] = [randomUUID(), randomUUID(), randomUUID()];
  await pool.query(
    `insert into member (journey, person, role) values ($1, $2, 'mother'), ($1, $3, 'infant')`,
    [...[journey, mother, infant]],
  );
  await involve(visiting, infant, { journey });
  const about = { journey, persons: [mother, infant], category: 'DEM' } as const;
  const focus = { type: 'Group', id: journey };
  const linked = episodeEvent({ ...about, persons: [...about.persons], code: 'member-linked', focus });
  const patients = [mother, infant].map((id) =>
    episodeEvent({ persons: [id], focus: { type: 'Patient', id } }),
  );
  await storeFocuses(pool, patients);
  const id = await subscribe(visiting);
  await tell([linked], id);
  await pool.query('delete from member');
  await recheck(linked, ...patients);
  await numberAll(pool, [id]);
  const told = (await notified(pool, id)).map(({ event }) => [event.code, event.focus.id]);
  expect(told).toContainEqual(['member-linked', journey]);
  // The infant is its own patient still; the mother it knew through the journey alone.
  expect(told).toContainEqual(['member-unlinked', mother]);
  expect(told).not.toContainEqual(['member-unlinked', infant]);
});

test('a contact-stop whose journey may not be read names the patient whom its receiver waits for', async () => {
  const [mother, infant, journey] = [randomUUID(), randomUUID(), randomUUID()];
  await involve(visiting, mother, { state: 'pending' });
  const id = await subscribe(visiting);
  const focus = { type: 'Group', id: journey };
  await tell([episodeEvent({ code: 'contact-stop', journey, persons: [infant, mother], focus })], id);
  const [stop] = await notified(pool, id);
  expect(stop?.event).toMatchObject({ code: 'contact-stop', focus: { type: 'Patient', id: mother } });
});

test('care that closed long enough ago takes back its contacts when the day comes, not before', async () => {
  const until = new Date(Date.now() - POLICY.closedCareDays * DAY + DAY / 24);
  const contact = visit(randomUUID());
  const person = contact.persons[0] as string;
  await involve(perinatal, person);
  const id = await subscribe(perinatal, { filters: ['event=encounter'] });
  await tell([contact], id);
  expect(await codesOf(id)).toEqual(['encounter']);
  await involve(perinatal, person, { state: 'closed', until });
  const [from, to] = [new Date(Date.now() - DAY), new Date()];
  await recheckDue(pool, from, to);
  await numberAll(pool, [id]);
  expect(await codesOf(id)).toEqual(['encounter']);
  await involve(perinatal, person, { state: 'closed', until: new Date(until.getTime() - DAY / 12) });
  await recheckDue(pool, from, to);
  await recheckDue(pool, from, to);
  await numberAll(pool, [id]);
  expect(await codesOf(id)).toEqual(['encounter', 'withdrawn']);
});

test('an infant who is nobody’s infant any more is taken back from the other members’ services', async () => {
  const [journey, mother, infant] = [randomUUID(), randomUUID(), randomUUID()];
  await pool.query(
    `insert into member (journey, person, role, closes)
     values ($1, $2, 'mother', null), ($1, $3, 'infant', now() + interval '1 hour')`,
    [journey, mother, infant],
  );
  await involve(perinatal, mother, { journey });
  const care = episodeEvent({ persons: [infant], journey });
  const id = await subscribe(perinatal);
  await tell([care], id);
  expect(await codesOf(id)).toEqual(['episode-started']);
  await pool.query(`update member set closes = now() - interval '1 minute' where person = $1`, [infant]);
  await recheckDue(pool, new Date(Date.now() - DAY), new Date());
  await numberAll(pool, [id]);
  expect(await codesOf(id)).toEqual(['episode-started', 'withdrawn']);
});

test('another sector or kind of a service is asked about once, no change not at all', async () => {
  const event = episodeEvent();
  await involve(perinatal, event.persons[0] as string);
  const id = await subscribe(perinatal);
  await tell([event], id);
  await recheckChanges(pool);
  await numberAll(pool, [id]);
  await end(perinatal);
  await recheckChanges(pool);
  await numberAll(pool, [id]);
  expect(await codesOf(id)).toEqual(['episode-started']);
  await pool.query(`update service set kind = 'maternity' where id = $1`, [visiting.service.id]);
  await recheckChanges(pool);
  await numberAll(pool, [id]);
  expect(await codesOf(id)).toEqual(['episode-started', 'withdrawn']);
});

test('what is being told while it is taken away is taken back, too', async () => {
  const event = episodeEvent();
  const id = await subscribe(perinatal);
  await storeFocuses(pool, [event]);
  let published: Promise<number> = Promise.resolve(0);
  await numbering(pool, async (client) => {
    await client.query('insert into told (subscription_id, type, id) values ($1, $2, $3)', [
      ...[id, event.focus.type, event.focus.id],
    ]);
    await recheck(event);
    published = sequence(pool);
    await eventually(waitingForUs, (count) => count === 1);
  });
  await published;
  await numberAll(pool, [id]);
  expect(await codesOf(id)).toEqual(['withdrawn']);
});

/** Sessions of this database that wait for an advisory lock. */
async function waitingForUs(): Promise<number> {
  const { rowCount } = await pool.query(
    `select from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`,
  );
  return rowCount ?? 0;
}
