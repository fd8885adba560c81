/** What was told and is not to be read any more was taken back: for any family, after every message. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { number, numbering } from '../../src/deliver/number/number.ts';
import { lockSubscriptions } from '../../src/deliver/subscribe/subscriptions.ts';
import type { Event, Recipient, System } from '../../src/model.ts';
import { sequence } from '../../src/publish/sequencer.ts';
import { findRows } from '../../src/read/rows.ts';
import { showAll } from '../../src/read/versions.ts';
import { family, type Heard, PEOPLE, SENDERS } from '../support/any-family.ts';
import { testDatabase } from '../support/database.ts';
import { hear, register } from '../support/hear.ts';
import { patient, record, relative, resourceStatement, type Someone } from '../support/records.ts';
import { subscribeActive } from './support.ts';

const database = await testDatabase();
const { pool } = database;
const systems: System[] = [];
for (const { name } of SENDERS) systems.push(await register(database, name));
const TABLES =
  'statement, resource, resource_history, involvement, member, assertion, tainted, outbox, event';
const OUT = 'pending, notification, told, subscription, index_token, index_date, index_string';
const TAKES_BACK = ['withdrawn', 'member-unlinked', 'person-merged'];
/** Told also of what may not be read, to whom it was told of before. */
const APART = [...TAKES_BACK, 'person-unmerged', 'loss-retracted'];
const MOST = 1_000;

type Notified = { number: string; event: Event };
type Subscriber = { id: string; recipient: Recipient; name: string };

async function subscribeAll(): Promise<Subscriber[]> {
  await pool.query(`truncate ${TABLES}, ${OUT} cascade`);
  const subscribers: Subscriber[] = [];
  for (const system of systems) {
    const recipient: Recipient = { kind: 'system', system };
    const filters = ['event=encounter,contact-stop'];
    // Encounters are told by opt-in alone.
    for (const ask of system === systems[0] ? [{}, { filters }] : [{}])
      subscribers.push({
        ...{ recipient, name: system.name },
        id: await subscribeActive(pool, 'https://receiver.example/', { as: recipient, ...ask }),
      });
  }
  return subscribers;
}

async function numberAll(ids: string[]): Promise<void> {
  while ((await sequence(pool)) > 0);
  for (;;) {
    const results = await numbering(pool, async (client) =>
      number(client, { stored: await lockSubscriptions(client, ids), limit: MOST, sending: false }),
    );
    if (!results.some(({ pending }) => pending)) return;
  }
}

async function notified({ id }: Subscriber): Promise<Notified[]> {
  const { rows } = await pool.query<Notified>(
    `select number, event from notification n join event e on e.id = n.event_id where subscription_id = $1 order by number`,
    [id],
  );
  return rows;
}

const nameOf = ({ event }: Notified) => `${event.focus.type}/${event.focus.id}`;

async function check(subscriber: Subscriber, before: number): Promise<void> {
  const all = await notified(subscriber);
  expect(all.map(({ number }) => Number(number))).toEqual(all.map((_, index) => index + 1));
  const names = [...new Set(all.map(nameOf))];
  const seen = await showAll(pool, subscriber.recipient, await findRows(pool, names));
  const readable = new Set(seen.map(({ resourceType, id }) => `${resourceType}/${id}`));
  const fresh = all.slice(before).filter(({ event }) => !APART.includes(event.code));
  const told = (one: Notified) => `${subscriber.name}: ${one.event.code} ${nameOf(one)}`;
  expect(fresh.filter((one) => !readable.has(nameOf(one))).map(told)).toEqual([]);
  const last = new Map(all.map((one) => [nameOf(one), one]));
  const silent = [...last.values()].filter(
    (one) => !readable.has(nameOf(one)) && !TAKES_BACK.includes(one.event.code),
  );
  expect(silent.map(told)).toEqual([]);
}

/** Before anything random: a mother, her newborn, and care of one or the other by every service. */
const known: Heard[] = SENDERS.map((sender, n) => {
  const [mother, infant] = [PEOPLE[0], PEOPLE[3]] as [Someone, Someone];
  const [who, local] = n % 2 === 0 ? [infant, 'H3'] : [mother, 'H0'];
  const statements = [
    patient('patient', { ...who, local }),
    ...(who === infant ? [relative('mother', 'patient', ['GESTM'], { nhs: mother.nhs as string })] : []),
    resourceStatement('episode', `https://skein.example/Id/episode|${local.slice(1)}.1`, {
      ...{ resourceType: 'EpisodeOfCare', status: 'active', patient: { reference: '#patient' } },
      period: { start: '2026-08-21' },
    }),
  ];
  return [sender, record('2026-08-31T00:00:00Z', statements)];
});

async function tell(random: Heard[]): Promise<void> {
  const subscribers = await subscribeAll();
  const counts = new Map<string, number>();
  for (const [{ name }, record] of [...known, ...random]) {
    const system = systems.find((one) => one.name === name) as System;
    await hear(database, system, structuredClone(record));
    await numberAll(subscribers.map(({ id }) => id));
    for (const subscriber of subscribers) {
      await check(subscriber, counts.get(subscriber.id) ?? 0);
      counts.set(subscriber.id, (await notified(subscriber)).length);
    }
  }
}

test(
  'nothing told becomes unreadable in silence, and nothing is told that cannot be read',
  async () => {
    await fc.assert(fc.asyncProperty(family, tell), { numRuns: Number(process.env.RUNS ?? 6) });
  },
  60 * 60_000,
);
