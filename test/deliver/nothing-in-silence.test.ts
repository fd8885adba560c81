/** What was told and is not to be read any more was taken back: for any family, after every message. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findRows } from '../../src/access/see/rows.ts';
import { showAll } from '../../src/access/see/versions.ts';
import type { Recipient, SourceRecord, System } from '../../src/model.ts';
import { family, type Heard, PEOPLE, SENDERS } from '../support/any-family.ts';
import { testDatabase } from '../support/database.ts';
import { hear, register } from '../support/hear.ts';
import {
  patient,
  record,
  relative,
  resourceStatement,
  type Someone,
  signalStatement,
} from '../support/records.ts';
import { type Notified, notified, numberAll, subscribeActive } from './support.ts';

const database = await testDatabase();
const { pool } = database;
const systems: System[] = [];
for (const { name } of SENDERS) systems.push(await register(database, name));
/** What these two hold of somebody stays with them. */
const charity = await register(database, 'third-sector');
const clinic = await register(database, 'adult-services');
const spine = await register(database, 'national');
clinic.service.kind = 'reproductive-health';
await pool.query('update service set kind = $2 where id = $1', [clinic.service.id, clinic.service.kind]);
systems.push(charity, clinic);
const TABLES =
  'statement, resource, resource_history, involvement, member, assertion, tainted, outbox, event';
const OUT = 'pending, notification, told, subscription, index_token, index_date, index_string';
const TAKES_BACK = ['withdrawn', 'member-unlinked', 'person-merged'];
/** Told also of what may not be read, to whom it was told of before. */
const APART = [...TAKES_BACK, 'person-unmerged', 'loss-retracted'];

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

const nameOf = ({ event }: Notified) => `${event.focus.type}/${event.focus.id}`;

async function check(subscriber: Subscriber, before: number): Promise<void> {
  const all = await notified(pool, subscriber.id);
  expect(all.map(({ number }) => Number(number))).toEqual(all.map((_, index) => index + 1));
  const names = [...new Set(all.map(nameOf))];
  const seen = await showAll(
    pool,
    subscriber.recipient,
    await findRows({ db: pool, recipient: 'pipeline' }, names),
  );
  const readable = new Set(seen.map(({ resourceType, id }) => `${resourceType}/${id}`));
  const fresh = all.slice(before).filter(({ event }) => !APART.includes(event.code));
  const told = (one: Notified) => `${subscriber.name}: ${one.event.code} ${nameOf(one)}`;
  expect(fresh.filter((one) => !readable.has(nameOf(one))).map(told)).toEqual([]);
  // That a loss was none is told, ids only, after what it was told of was taken back, too.
  const telling = all.filter(({ event }) => event.code !== 'loss-retracted');
  const last = new Map(telling.map((one) => [nameOf(one), one]));
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

/** Now and then it is the charity or the clinic that says it. */
const speaker = (usual: System, index: number): System =>
  [charity, clinic, usual, usual][index % 4] as System;

type Signalled = { of: number; as: Parameters<typeof signalStatement>[2] | 'death' };
const signals = fc.array(
  fc.record({
    of: fc.constantFrom(0, 0, 3, 3, 4),
    as: fc.constantFrom<Signalled['as']>(
      { status: 'I' },
      { status: 'R' },
      { status: 'R', by: PEOPLE[2]?.nhs as string },
      { status: 'I', cause: 'identity-change' },
      'death',
    ),
  }),
  { minLength: 2, maxLength: 4 },
);

const signalOf = ({ of, as }: Signalled): SourceRecord => {
  const number = PEOPLE[of]?.nhs as string;
  const said =
    as === 'death' ? signalStatement('death', number) : signalStatement('number-change', number, as);
  return record('2026-10-01T00:00:00Z', [said], 'delta');
};

async function tell(random: Heard[], signalled: Signalled[] = []): Promise<void> {
  const subscribers = await subscribeAll();
  const counts = new Map<string, number>();
  const said: Heard[] = random.flatMap((heard, index) => {
    const signal = signalled[index];
    return signal ? [heard, [spine.service, signalOf(signal)]] : [heard];
  });
  for (const [index, [{ name }, record]] of [...known, ...said].entries()) {
    const usual = systems.find((one) => one.name === name);
    const sender = usual && index >= known.length ? speaker(usual, index) : (usual ?? spine);
    await hear(database, sender, structuredClone(record));
    await numberAll(
      pool,
      subscribers.map(({ id }) => id),
    );
    for (const subscriber of subscribers) {
      await check(subscriber, counts.get(subscriber.id) ?? 0);
      counts.set(subscriber.id, (await notified(pool, subscriber.id)).length);
    }
    // The known family is told to every service that has care of it: there is something to be silent of.
    if (index === known.length - 1)
      expect([...counts.values()].filter((count) => count > 0).length).toBeGreaterThanOrEqual(known.length);
  }
}

test(
  'nothing told becomes unreadable in silence, and nothing is told that cannot be read',
  async () => {
    const heard = fc.asyncProperty(family, (random) => tell(random));
    await fc.assert(heard, { numRuns: Number(process.env.RUNS ?? 20) });
  },
  60 * 60_000,
);

test(
  'the same where numbers are replaced, invalidated or of a changed identity, and where a death is told of one',
  async () => {
    await fc.assert(fc.asyncProperty(family, signals, tell), { numRuns: Number(process.env.RUNS ?? 10) });
  },
  60 * 60_000,
);
