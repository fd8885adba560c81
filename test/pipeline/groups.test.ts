/** What arrives at once is settled together, and every message fares as if it had come alone. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type pg from 'pg';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { isTransient } from '../../src/errors.ts';
import { loadMappings, type Mappings } from '../../src/map/language/load-mappings.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import type { Answer, Message, System } from '../../src/model.ts';
import { inTurn } from '../../src/pipeline/gather.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { intake, type Pipeline } from '../../src/pipeline.ts';
import { openPool } from '../../src/store/pool.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { openCut } from '../support/cut.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt, barsReferral, episodeBundle } from '../support/messages.ts';
import { nhsNumber, type Someone } from '../support/records.ts';

let mappings: Mappings;
let database: TestDatabase;
let ctx: Pipeline;
let visiting: System;
let hospital: System;
let charity: System;

beforeAll(async () => {
  mappings = await loadMappings();
});
beforeEach(async () => {
  database = await testDatabase();
  ctx = { ...testContext(database), mappings, profiles: ownProfiles() };
  const register = async (name: string, sector: string, ods: string) =>
    (
      await addSystem(database.pool, database.key, {
        ...{ name, ods, team: name, sector },
        kind: null,
        source: null,
      })
    ).system;
  visiting = await register('visiting', 'health-visiting', 'RXV');
  hospital = await register('hospital', 'maternity', 'RXM');
  charity = await register('charity', 'third-sector-partner', 'CHX');
  await register('perinatal', 'specialist-perinatal', 'RXP');
});
afterEach(() => database.drop());

const woman = (n: number): Someone => ({
  nhs: nhsNumber(n),
  given: 'Amara',
  family: `Osei${n}`,
  born: '1994-03-02',
});

function messageOf(system: System, source: string, text: string, identifier?: string): Message {
  const contentHash = createHash('sha256').update(text).digest('hex');
  const contentType = { 'hl7v2-adt': 'x-application/hl7-v2+er7', 'third-sector-csv': 'text/csv' }[source];
  return {
    ...{ system, source, contentHash, channel: 'intake', identifier: identifier ?? contentHash },
    ...{ contentType: contentType ?? 'application/fhir+json', body: Buffer.from(text) },
  };
}
/** The same bytes for the same woman and id: a retry. */
const written = new Map<string, string>();
function referral(n: number, id = `R-${n}`): Message {
  const text = written.get(`${n} ${id}`) ?? JSON.stringify(barsReferral(woman(n), { id, from: 'RXV' }));
  written.set(`${n} ${id}`, text);
  return messageOf(visiting, 'bars-referral', text, id);
}
const referrals = (count: number, first = 0) => Array.from({ length: count }, (_, n) => referral(first + n));
const take = (messages: Message[], by: Pipeline = ctx) =>
  Promise.all(messages.map((message) => intake(by, message)));
const statuses = (answers: Answer[]) => answers.map(({ status, duplicate }) => `${status} ${duplicate}`);

const numberOf = async (sql: string) => Number((await database.pool.query(`select ${sql} as n`)).rows[0].n);
const stored = () => numberOf('(select count(*) from message)');
const transactions = (table: string) => numberOf(`(select count(distinct xmin::text) from ${table})`);
const unchanged = async () => expect(await rebuild(ctx)).toMatchObject({ statements: 0, changed: 0 });

describe('messages that arrive at once', () => {
  it('are stored in few transactions, and each is answered for itself', async () => {
    const unreadable = messageOf(visiting, 'bars-referral', 'not JSON', 'R-bad');
    const answers = await take([...referrals(20), unreadable]);
    expect(statuses(answers)).toEqual([...Array(20).fill('accepted false'), 'rejected false']);
    expect(new Set(answers.map(({ messageId }) => messageId)).size).toBe(21);
    expect(await transactions('message')).toBeLessThan(10);
    expect(await numberOf("(select count(*) from resource where type = 'Patient')")).toBe(20);
    await unchanged();
  });

  it('of known families are stored in few transactions, too', async () => {
    await take(referrals(20));
    const before = await transactions('message');
    const second = Array.from({ length: 20 }, (_, n) => referral(n, `S-${n}`));
    expect(statuses(await take(second))).toEqual(Array(20).fill('accepted false'));
    expect((await transactions('message')) - before).toBeLessThan(10);
    expect(await numberOf("(select count(*) from resource where type = 'Patient')")).toBe(20);
    await unchanged();
  });

  it('under one id are one message, and retries of it', async () => {
    const answers = await take([...referrals(5), ...Array(8).fill(referral(2))]);
    expect(await stored()).toBe(5);
    expect(answers.filter(({ duplicate }) => duplicate)).toHaveLength(8);
    expect(new Set(answers.map(({ messageId }) => messageId)).size).toBe(5);
  });

  it('about one new woman make one person', async () => {
    const all = Array.from({ length: 12 }, (_, n) => referral(1, `R-${n}`));
    expect(statuses(await take(all))).toEqual(Array(12).fill('accepted false'));
    expect(await numberOf("(select count(*) from resource where type = 'Patient')")).toBe(1);
    expect(await numberOf("(select count(*) from resource where type = 'ServiceRequest')")).toBe(12);
    await unchanged();
  });

  it('and name two people whom only the store knows as one family end as if one had come after the other', async () => {
    const mother = woman(1);
    const baby = { nhs: nhsNumber(50), given: 'Kofi', family: 'Osei1', born: '2026-08-20', local: 'B1' };
    const born = messageOf(hospital, 'hl7v2-adt', adt(baby, { mother: mother.nhs as string }), 'A-1');
    await take([born]);
    const care = (who: Someone, id: string) =>
      messageOf(visiting, 'fhir-r4', JSON.stringify(episodeBundle(who, { id })), id);
    const strangers = referrals(10, 10);
    const answers = await take([care(mother, 'E-1'), ...strangers, care(baby, 'E-2'), care(baby, 'E-3')]);
    expect(statuses(answers)).toEqual(Array(13).fill('accepted false'));
    expect(
      await numberOf(
        "(select count(*) from resource where type = 'Group' and content->>'active' = 'true' and cardinality(persons) = 2)",
      ),
    ).toBe(1);
    await unchanged();
  });
});

describe('a message that PostgreSQL refuses', () => {
  beforeEach(() =>
    database.pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
      create trigger refuse before insert on message for each row when (new.identifier = 'R-3') execute function refuse()`),
  );
  const settled = async (messages: Message[]) =>
    (await Promise.allSettled(messages.map((one) => intake(ctx, one)))).map(({ status }) => status);

  it('hurts nobody it came with, is refused again, and is taken once it can be', async () => {
    const expected = Array.from({ length: 10 }, (_, n) => (n === 3 ? 'rejected' : 'fulfilled'));
    expect(await settled(referrals(10))).toEqual(expected);
    expect(await stored()).toBe(9);
    const before = await transactions('message');
    expect(await settled([referral(3), ...referrals(10, 20)])).toEqual([
      'rejected',
      ...Array(10).fill('fulfilled'),
    ]);
    // It is known by now: the others are one group, not ten transactions.
    expect((await transactions('message')) - before).toBeLessThan(8);
    await database.pool.query('drop trigger refuse on message');
    expect(statuses(await take([referral(3)]))).toEqual(['accepted false']);
    await unchanged();
  });
});

describe('a family that another transaction holds', () => {
  it('waits for it, and stalls no stranger', async () => {
    await take([referral(1)]);
    const holder = await database.pool.connect();
    const { rows } = await holder.query("select key from statement where type = 'Patient'");
    await holder.query('begin');
    await holder.query('select pg_advisory_xact_lock(skein_lock_key($1))', [rows[0].key]);
    const held = [referral(1, 'S-1'), referral(1, 'S-2')].map((message) => intake(ctx, message));
    let done = false;
    const all = Promise.all(held).finally(() => {
      done = true;
    });
    expect(statuses(await take(referrals(40, 10)))).toEqual(Array(40).fill('accepted false'));
    expect(done).toBe(false);
    await holder.query('commit');
    holder.release();
    expect(statuses(await all)).toEqual(Array(2).fill('accepted false'));
    await unchanged();
  });
});

describe('a connection that fails', () => {
  const through = async (url: string, work: (by: Pipeline) => Promise<void>) => {
    const pool = openPool(url) as pg.Pool;
    await work({ ...ctx, db: pool }).finally(() => pool.end());
  };

  it('while it commits: each message is looked up by its id, and none is stored twice', async () => {
    const cut = await openCut(database.url);
    await through(cut.url, async (by) => {
      await take([referral(100)], by);
      cut.atCommit();
      expect(statuses(await take(referrals(10), by))).toEqual(Array(10).fill('accepted false'));
      expect(statuses(await take(referrals(10), by))).toEqual(Array(10).fill('accepted true'));
    });
    cut.close();
    expect(await stored()).toBe(11);
    await unchanged();
  });

  it('before it commits: nothing is stored, and every member may be sent again', async () => {
    // Deferred: the server process goes when it is to commit.
    await database.pool.query(`
      create function go() returns trigger language plpgsql security definer as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
      create constraint trigger go after insert on intake deferrable initially deferred for each row
        when (new.identifier = 'R-3') execute function go()`);
    const results = await Promise.allSettled(referrals(6).map((message) => intake(ctx, message)));
    const reasons = results.flatMap((one) => (one.status === 'rejected' ? one.reason : []));
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.every(isTransient)).toBe(true);
    await database.pool.query('drop trigger go on intake');
    expect((await take(referrals(6))).every(({ status }) => status === 'accepted')).toBe(true);
    expect(await stored()).toBe(6);
    await unchanged();
  });

  it('of a file: its rows are stored once', async () => {
    const cut = await openCut(database.url);
    await through(cut.url, async (by) => {
      await take([referral(100)], by);
      const reading = intake(by, fileOf(200));
      await expect.poll(() => numberOf('(select count(*) from record)'), { interval: 5 }).toBeGreaterThan(20);
      cut.atCommit();
      const { units } = await reading;
      expect(units.filter(({ status }) => status === 'accepted')).toHaveLength(200);
    });
    cut.close();
    expect(await numberOf("(select count(*) from record where position <> '')")).toBe(200);
  });
});

const HEADER = 'reference,referred_on,given_name,family_name,date_of_birth,postcode';
const line = (n: number) => `C-${n},2026-09-01,Sam,Bell${n},1988-01-02,`;
const fileOf = (rows: number) =>
  messageOf(
    charity,
    'third-sector-csv',
    [HEADER, ...Array.from({ length: rows }, (_, n) => line(n))].join('\n'),
  );

describe('the rows of a file', () => {
  it('are stored in groups, each with its own outcome, in the order of the file', async () => {
    const lines = Array.from({ length: 200 }, (_, n) =>
      n % 50 === 7 ? `C-${n},2026-09-01,,,not a date,` : line(n),
    );
    const { status, units } = await intake(
      ctx,
      messageOf(charity, 'third-sector-csv', [HEADER, ...lines].join('\n')),
    );
    expect(status).toBe('accepted');
    expect(units.map(({ position }) => position)).toEqual(lines.map((_, n) => `row ${n + 2}`));
    expect(units.flatMap((unit, n) => (unit.status === 'held' ? n : []))).toEqual([7, 57, 107, 157]);
    expect(await numberOf('(select count(*) from record)')).toBe(196);
    expect(await transactions('record')).toBeLessThan(80);
    await unchanged();
  });

  it('are heard in the order of the file: of those that contradict one another the first stands', async () => {
    const example = new URL('hl7v2-ref/examples/named-by-one-field-alone.in.hl7', MAPPINGS_DIR);
    const text = readFileSync(example, 'utf8');
    const { system } = await addSystem(database.pool, database.key, {
      ...{ name: 'PAS', ods: 'RXM', team: 'wards', sector: 'maternity', kind: null, source: 'hl7v2-ref' },
    });
    for (let n = 0; n < 12; n++) {
      // Messages about one referral, each of another patient.
      const referral = text.replaceAll('R-1001', `R-${n}`).replaceAll('EX-ONE', `EX-${n}`);
      const message = { ...messageOf(system, 'hl7v2-ref', referral), contentType: 'application/hl7-v2' };
      const { units } = await intake(ctx, message);
      const [first, ...others] = units.map(({ status }) => status);
      expect([first, others.length > 1, new Set(others)]).toEqual(['accepted', true, new Set(['held'])]);
    }
  });

  it('that PostgreSQL refuses cost only themselves; the file sent again goes on where it stopped', async () => {
    await database.pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'refused'; end $$;
      create trigger refuse before insert on record for each row when (new.position = 'row 12') execute function refuse()`);
    const { units } = await intake(ctx, fileOf(60));
    expect(units.filter(({ status }) => status === 'failed').map(({ position }) => position)).toEqual([
      'row 12',
    ]);
    expect(await numberOf('(select count(*) from record)')).toBe(59);
    await database.pool.query('drop trigger refuse on record');
    expect((await intake(ctx, fileOf(60))).units.map(({ status }) => status)).toEqual(
      Array(60).fill('accepted'),
    );
    expect(await numberOf('(select count(*) from record)')).toBe(60);
  });
});

describe('a flood of one sender', () => {
  it('puts nobody else behind it: who comes last of many is in one of the first groups', async () => {
    const ended: string[] = [];
    const flood = referrals(200).map((message) => intake(ctx, message).then(() => ended.push('flood')));
    const text = JSON.stringify(barsReferral(woman(900), { id: 'Q-900', from: 'RXM' }));
    const last = messageOf(hospital, 'bars-referral', text, 'Q-900');
    const quiet = intake(ctx, last).then(() => ended.push('quiet'));
    await Promise.all([...flood, quiet]);
    expect(ended).toHaveLength(201);
    // It was taken in after all of them; a group has 32, and two are under way when it comes.
    expect(ended.indexOf('quiet')).toBeLessThan(100);
    await unchanged();
  });

  it('leaves the messages of each in their order, whoever comes between', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 60 }), (senders) => {
        const waiting = senders.map((id, place) => ({ place, message: { system: { id } as System } }));
        const turned = inTurn(waiting);
        expect([...turned].sort((a, b) => a.place - b.place)).toEqual(waiting);
        for (const own of Map.groupBy(turned, ({ message }) => message.system.id).values())
          expect(own.map(({ place }) => place)).toEqual(own.map(({ place }) => place).sort((a, b) => a - b));
        // Before the nth of any sender nobody has had more than n.
        const counts = new Map<number, number>();
        for (const { message } of turned) {
          const { id } = message.system;
          counts.set(id, (counts.get(id) ?? 0) + 1);
          const left = [...new Set(senders)].filter(
            (one) => (counts.get(one) ?? 0) < senders.filter((other) => other === one).length,
          );
          for (const one of left)
            expect((counts.get(id) ?? 0) - (counts.get(one) ?? 0)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
