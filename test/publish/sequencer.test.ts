import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { Event } from '../../src/model.ts';
import { LowWater } from '../../src/publish/low-water.ts';
import { notifyCommitted, sequence, startSequencer } from '../../src/publish/sequencer.ts';
import { appendEvents, episodeEvent, eventually, subscribeActive } from '../deliver/support.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';

const database = await testDatabase();
const { pool } = database;
const NOWHERE = 'https://receiver.example/hook';

afterEach(async () => {
  await pool.query('truncate outbox, pending, event, notification, subscription cascade');
});

async function publishAll(): Promise<void> {
  while ((await sequence(pool)) > 0);
}

async function pendingOf(id: string): Promise<Event[]> {
  const { rows } = await pool.query<{ event: Event }>(
    'select e.event from pending p join event e on e.id = p.event_id where subscription_id = $1 order by priority, event_id',
    [id],
  );
  return rows.map(({ event }) => event);
}

test('filters are AND-ed, their values OR-ed, and no filter means everything but encounters', async () => {
  const [mother, baby, journey, service] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const ask = (...filters: string[]) => subscribeActive(pool, NOWHERE, { filters });
  const all = await ask();
  const either = await ask(`patient=Patient/${mother},${baby}`);
  const both = await ask(`patient=${mother}`, `patient=Patient/${baby}`);
  const narrow = await ask(`journey=Group/${journey}`, 'event=stage-changed,loss');
  const joined = await ask(`service=Organization/${service}&stage=pregnancy`);
  const meetings = await ask('event=encounter');
  const events = {
    hers: episodeEvent({ persons: [mother] }),
    theirs: episodeEvent({ persons: [mother, baby] }),
    moved: episodeEvent({ journey, code: 'stage-changed', services: [service], stage: 'pregnancy' }),
    later: episodeEvent({ journey, stage: '12-24m', services: [service] }),
    met: episodeEvent({ persons: [mother], code: 'encounter' }),
  };
  await appendEvents(pool, Object.values(events));
  await publishAll();
  const { hers, theirs, moved, later, met } = events;
  expect(await pendingOf(all)).toEqual([hers, theirs, moved, later]);
  expect(await pendingOf(either)).toEqual([hers, theirs]);
  expect(await pendingOf(both)).toEqual([theirs]);
  expect(await pendingOf(narrow)).toEqual([moved]);
  expect(await pendingOf(joined)).toEqual([moved]);
  expect(await pendingOf(meetings)).toEqual([met]);
});

test('a subscription that is off or has ended gets nothing more, one in error does', async () => {
  const [off, ended, failed] = [
    await subscribeActive(pool, NOWHERE),
    await subscribeActive(pool, NOWHERE),
    await subscribeActive(pool, NOWHERE),
  ];
  await pool.query(`update subscription set status = 'off' where id = $1`, [off]);
  await pool.query(`update subscription set ends_at = now() - interval '1 second' where id = $1`, [ended]);
  await pool.query(`update subscription set status = 'error' where id = $1`, [failed]);
  await appendEvents(pool, [episodeEvent()]);
  await publishAll();
  expect(
    [await pendingOf(off), await pendingOf(ended), await pendingOf(failed)].map((events) => events.length),
  ).toEqual([0, 0, 1]);
});

test('contact-stop, loss and its retraction wait ahead of everything else, in their order', async () => {
  const id = await subscribeActive(pool, NOWHERE);
  const codes = ['episode-started', 'loss-retracted', 'loss', 'episode-ended', 'contact-stop'] as const;
  await appendEvents(
    pool,
    codes.map((code) => episodeEvent({ code })),
  );
  await publishAll();
  expect((await pendingOf(id)).map(({ code }) => code)).toEqual([
    'loss-retracted',
    'loss',
    'contact-stop',
    'episode-started',
    'episode-ended',
  ]);
});

test('many writers, several sequencers and an open transaction lose, double and reorder nothing of one person', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }), { minLength: 8, maxLength: 24 }),
      async (saves) => {
        await pool.query('truncate outbox, pending, event, subscription cascade');
        const id = await subscribeActive(pool, NOWHERE);
        const persons = [0, 1, 2, 3].map(() => randomUUID());
        const idle = await pool.connect();
        await idle.query('begin');
        await idle.query('select txid_current()');
        let writing = true;
        const sequencing = Promise.all(
          [0, 1].map(async () => {
            while (writing) await sequence(pool);
          }),
        );
        const order = new Map<string, string[]>();
        await Promise.all(
          [0, 1, 2, 3].map(async (lane) => {
            for (const touched of saves.filter((_, index) => index % 4 === lane))
              await saveOne(
                touched.map((index) => persons[index] as string),
                order,
              );
          }),
        );
        writing = false;
        await sequencing;
        await publishAll();
        await idle.query('rollback');
        idle.release();
        const seen = await pendingOf(id);
        expect(seen).toHaveLength([...order.values()].flat().length);
        for (const [person, expected] of order) {
          expect(seen.filter((event) => event.persons[0] === person).map(({ focus }) => focus.id)).toEqual(
            expected,
          );
        }
      },
    ),
    { numRuns: 8 },
  );
});

/** As save does: locks of the persons first, sorted, then ids; events appended; commit. */
async function saveOne(persons: string[], order: Map<string, string[]>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    for (const person of [...new Set(persons)].sort())
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [person]);
    const events = persons.map((person) => episodeEvent({ persons: [person] }));
    await appendEvents(client, events);
    for (const {
      persons: [person = ''],
      focus,
    } of events)
      order.set(person, [...(order.get(person) ?? []), focus.id]);
    await client.query('commit');
  } finally {
    client.release();
  }
}

test('an id allocated early and committed late is published, and the low-water bound waits for it', async () => {
  const id = await subscribeActive(pool, NOWHERE);
  const low = new LowWater();
  const late = await pool.connect();
  await late.query('begin');
  const lateEvent = episodeEvent();
  await appendEvents(late, [lateEvent]);
  await appendEvents(pool, [episodeEvent()]);
  const pass = async () => {
    await low.observe(pool);
    await sequence(pool, low.value);
    low.passed();
  };
  for (let round = 0; round < 4; round += 1) await pass();
  expect(low.value).toBe('0');
  await late.query('commit');
  late.release();
  for (let round = 0; round < 4; round += 1) await pass();
  expect(Number(low.value)).toBeGreaterThan(0);
  expect(await pendingOf(id)).toHaveLength(2);
  expect((await pendingOf(id))[0]).toEqual(lateEvent);
});

test('a process without a sequencer wakes the one of another process, after its commit', async () => {
  const id = await subscribeActive(pool, NOWHERE);
  const [worker, api] = [testContext(database), testContext(database)];
  const sequencer = startSequencer(worker);
  // The poll would find it within a second: many rounds well below that are the notification's doing.
  const began = performance.now();
  for (let round = 1; round <= 5; round += 1) {
    await appendEvents(pool, [episodeEvent()]);
    notifyCommitted(api);
    await eventually(
      () => pendingOf(id),
      (events) => events.length === round,
    );
  }
  await sequencer.stop();
  expect(performance.now() - began).toBeLessThan(3_000);
});

test('a sequencer whose connections are cut goes on', async () => {
  const id = await subscribeActive(pool, NOWHERE);
  const ctx = testContext(database);
  const sequencer = startSequencer(ctx);
  await pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await appendEvents(pool, [episodeEvent()]).catch(() => appendEvents(pool, [episodeEvent()]));
  await eventually(
    () => pendingOf(id),
    (events) => events.length === 1,
  );
  await sequencer.stop();
});
