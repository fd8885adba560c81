import { randomUUID } from 'node:crypto';
import type { EpisodeOfCare } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Event, System } from '../../src/model.ts';
import { announceCommit, sequence, startSequencer } from '../../src/publish/sequencer.ts';
import { LowWater } from '../../src/store/low-water.ts';
import { openPool } from '../../src/store/pool.ts';
import { appendEvents, episodeEvent, eventually, subscribeActive } from '../deliver/support.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { hear, register } from '../support/hear.ts';
import { episode, nhsNumber, patient, record } from '../support/records.ts';

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

/** A second process: with connections and groups of its own, it knows of the first one what the store knows. */
const second = { ...database, pool: openPool(database.url) };
afterAll(() => second.pool.end());
const MOST_SAVES = 24;
const senders = await Promise.all(
  Array.from({ length: MOST_SAVES }, (_, n) => register(database, 'gp', `practice ${n}`)),
);

/** One message about several women, of whom its sender has a spell each: the first that its service has of them. */
function spellsOf(women: number[], family: string) {
  const statements = women.flatMap((woman) => {
    const who = { nhs: nhsNumber(woman), given: `Given${woman}`, family, born: '1994-03-02' };
    const local = `woman${woman}`;
    const spell = episode(`${woman}`, 'active');
    const resource = { ...spell.resource, patient: { reference: `#${local}` } } as EpisodeOfCare;
    return [patient(local, who), { ...spell, local: `spell${woman}`, resource }];
  });
  return record('2026-09-01T09:00:00Z', statements);
}

/** By person, her services in the order of the commits that brought them: each version of her team has one more. */
async function commitsByPerson(): Promise<Map<string, string[]>> {
  const { rows } = await pool.query<{ person: string; services: string[] }>(
    `select person, array_agg(service order by version) as services from (
       select persons[1] as person, substr(member -> 'member' ->> 'reference', 14) as service, min(version) as version
         from (select persons, version, content from resource where type = 'CareTeam'
           union all select persons, version, content from resource_history where type = 'CareTeam') team,
           jsonb_array_elements(content -> 'participant') member group by 1, 2) joined group by 1`,
  );
  return new Map(rows.map(({ person, services }) => [person, services]));
}

test('many writers, several sequencers and an open transaction lose, double and reorder nothing of one person', async () => {
  let women = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 4 }), {
        minLength: 8,
        maxLength: MOST_SAVES,
      }),
      async (saves) => {
        await pool.query(`truncate outbox, pending, event, subscription, resource, resource_history,
          statement, record, message, intake, involvement, member cascade`);
        const id = await subscribeActive(pool, NOWHERE);
        women += 4;
        const idle = await pool.connect();
        await idle.query('begin');
        await idle.query('select txid_current()');
        let writing = true;
        const sequencing = Promise.all(
          [pool, second.pool].map(async (db) => {
            while (writing) await sequence(db);
          }),
        );
        await Promise.all(
          saves.map((touched, index) => {
            const said = spellsOf(
              [...new Set(touched)].map((one) => women + one),
              'Osei',
            );
            return hear(index % 2 === 0 ? database : second, senders[index] as System, said);
          }),
        );
        writing = false;
        await sequencing;
        await publishAll();
        await idle.query('rollback');
        idle.release();
        const began = (await pendingOf(id)).filter(({ code }) => code === 'episode-started');
        const told = Map.groupBy(began, ({ persons: [person = ''] }) => person);
        const commits = await commitsByPerson();
        expect(began).toHaveLength(saves.flatMap((touched) => [...new Set(touched)]).length);
        expect(
          new Map([...told].map(([person, events]) => [person, events.flatMap(({ services }) => services)])),
        ).toEqual(commits);
      },
    ),
    { numRuns: 8 },
  );
});

test('an id allocated early and committed late is published, and the low-water bound waits for it', async () => {
  const id = await subscribeActive(pool, NOWHERE);
  const low = new LowWater('outbox');
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
    announceCommit(api);
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
  await expect.poll(() => pendingOf(id).then((events) => events.length), { timeout: 10_000 }).toBe(1);
  await sequencer.stop();
});
