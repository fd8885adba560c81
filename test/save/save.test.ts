import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import type { System } from '../../src/model.ts';
import { rulesOf } from '../../src/pipeline/recompute.ts';
import { withFacts } from '../../src/save/load.ts';
import { isEmpty } from '../../src/save/save.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { hear, register } from '../support/hear.ts';
import { nhsNumber, patient, record, referral, relative } from '../support/records.ts';

const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' };
const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20' };

let database: TestDatabase;
let maternity: System;
let visiting: System;
beforeEach(async () => {
  database = await testDatabase();
  maternity = await register(database, 'maternity');
  visiting = await register(database, 'health-visiting');
});

const count = async (sql: string) =>
  Number((await database.pool.query(`select count(*) as n from ${sql}`)).rows[0].n);

describe('save', () => {
  it('makes one person of eight messages at once about one new mother', async () => {
    const sectors = ['gp', 'neonatal', 'picu', 'camhs-0-5', 'parent-infant', 'maternity-mh', 'family-nurse'];
    const others = await Promise.all(sectors.map((sector) => register(database, sector)));
    const senders = [maternity, ...others];
    await Promise.all(
      senders.map((system) =>
        hear(database, system, record('2026-09-01T09:00:00Z', [patient('patient', MOTHER)])),
      ),
    );
    expect(await count("resource where type = 'Patient'")).toBe(1);
    expect(await count('statement')).toBe(8);
  });

  it('links a family whose members arrive at the same moment, however their locks cross', async () => {
    const born = (n: number) =>
      record('2026-09-01T09:00:00Z', [
        patient('patient', { nhs: nhsNumber(10 + n), given: `Child${n}`, born: '2026-08-20' }),
        relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
      ]);
    const twins = Array.from({ length: 6 }, (_, n) => hear(database, maternity, born(n)));
    await Promise.all([
      ...twins,
      hear(database, visiting, record('2026-09-01T09:00:00Z', [patient('patient', MOTHER)])),
    ]);
    expect(await count("resource where type = 'Group' and content->>'active' = 'true'")).toBe(1);
    expect(await count("member where role = 'infant'")).toBe(6);
    expect(await count("resource where type = 'RelatedPerson' and content->>'active' = 'true'")).toBe(12);
  });

  it('keeps the version before in the history, and writes nothing when nothing changed', async () => {
    const first = record('2026-09-01T09:00:00Z', [patient('patient', { ...MOTHER, local: 'V1' })]);
    await hear(database, visiting, first);
    await hear(database, visiting, first);
    expect(await count('resource_history')).toBe(0);
    await hear(
      database,
      visiting,
      record('2026-09-02T09:00:00Z', [patient('patient', { ...MOTHER, local: 'V1', family: 'Bell' })]),
    );
    const { rows } = await database.pool.query(
      "select version, content->'name'->0->>'family' as family from resource where type = 'Patient'",
    );
    expect(rows).toEqual([{ version: 2, family: 'Bell' }]);
    expect(
      await count("resource_history where type = 'Patient' and content->'name'->0->>'family' = 'Osei'"),
    ).toBe(1);
  });

  it('replaces index rows with those of the new version', async () => {
    const named = (family: string, day: string) =>
      record(`2026-09-${day}T09:00:00Z`, [patient('patient', { ...MOTHER, local: 'V1', family })]);
    await hear(database, visiting, named('Osei', '01'));
    await hear(database, visiting, named('Bell', '02'));
    expect(await count("index_string where value = 'osei'")).toBe(0);
    expect(await count("index_string where value = 'bell'")).toBeGreaterThan(0);
  });

  const referred = () =>
    record('2026-09-01T09:00:00Z', [patient('patient', MOTHER), ...referral('R1', maternity.service.id)]);

  it('appends events in the same transaction', async () => {
    await hear(database, visiting, referred());
    const { rows } = await database.pool.query(
      `select 'event' as what, xmin from outbox where event->>'code' = 'referral-received'
       union all select 'message', xmin from message union all select 'view', xmin from resource where type = 'Patient'`,
    );
    expect(rows.map(({ what }) => what).sort()).toEqual(['event', 'message', 'view']);
    expect(new Set(rows.map(({ xmin }) => xmin)).size).toBe(1);
  });

  it.each(['outbox', 'index_token', 'intake'])(
    'keeps nothing at all where %s cannot be written',
    async (table) => {
      await database.pool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
      create trigger refuse after insert on ${table} for each row execute function refuse()`);
      await expect(hear(database, visiting, referred())).rejects.toThrow('not now');
      for (const written of ['message', 'record', 'statement', 'resource', 'outbox'])
        expect(await count(written === 'resource' ? "resource where type <> 'Organization'" : written)).toBe(
          0,
        );
    },
  );

  it('leaves nothing for a recomputation of the same facts to change', async () => {
    await hear(
      database,
      visiting,
      record('2026-09-01T09:00:00Z', [patient('patient', MOTHER), ...referral('R1', maternity.service.id)]),
    );
    await hear(
      database,
      maternity,
      record(
        '2026-09-02T09:00:00Z',
        [
          patient('patient', { ...BABY, local: 'B1' }),
          relative('pid-21', 'patient', ['GESTM'], { nhs: MOTHER.nhs }),
        ],
        'delta',
      ),
    );
    const { rows } = await database.pool.query<{ key: string }>(
      "select key from statement where type = 'Patient'",
    );
    for (const { key } of rows) {
      const plan = await withFacts(
        database.pool,
        [key],
        { systemId: 0, identifier: '' },
        async (_client, { facts }) => link(rulesOf(database), facts, null, null),
      );
      expect(isEmpty(plan)).toBe(true);
    }
  });

  /** What of a store is not the content of a message or of a resource: all that is locked and searched by. */
  async function keysOf({ pool }: TestDatabase): Promise<string[]> {
    const { rows } = await pool.query(
      `select to_jsonb(s) - '{content,base,times}'::text[] as row from statement s
       union all select to_jsonb(i) from index_token i union all select to_jsonb(i) from index_string i
       union all select to_jsonb(r) - '{content,state,sources}'::text[] from resource r where type = 'Patient'
       union all select to_jsonb(a) from assertion a union all select to_jsonb(i) from involvement i`,
    );
    return rows.map(({ row }) => JSON.stringify(row));
  }

  it('never puts an NHS number into the keys it locks and searches by, nor what anybody could compute of it', async () => {
    const said = record('2026-09-01T09:00:00Z', [patient('patient', MOTHER)]);
    await hear(database, visiting, said);
    const other = { ...(await testDatabase()), key: randomBytes(32) };
    await hear(other, await register(other, 'health-visiting'), said);
    const [ours, theirs] = [await keysOf(database), await keysOf(other)];
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.filter((row) => row.includes(MOTHER.nhs))).toEqual([]);
    // Another store, with another secret, has not one hash or id in common with this one.
    const hashes = (rows: string[]) =>
      new Set(rows.flatMap((row) => row.match(/[0-9a-f]{8}-[0-9a-f-]{27}|-?\d{12,}/g) ?? []));
    expect([...hashes(ours)].filter((one) => hashes(theirs).has(one))).toEqual([]);
    expect(hashes(ours).size).toBeGreaterThan(5);
  });
});
