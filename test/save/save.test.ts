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

  it('appends events in the same transaction', async () => {
    await hear(
      database,
      visiting,
      record('2026-09-01T09:00:00Z', [patient('patient', MOTHER), ...referral('R1', maternity.service.id)]),
    );
    const { rows } = await database.pool.query("select event->>'code' as code from outbox order by id");
    expect(rows.map(({ code }) => code)).toContain('referral-received');
  });

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

  it('never puts an NHS number into the keys it locks and searches by', async () => {
    await hear(database, visiting, record('2026-09-01T09:00:00Z', [patient('patient', MOTHER)]));
    const { rows } = await database.pool.query('select key, chart, ref from statement');
    expect(JSON.stringify(rows)).not.toContain(MOTHER.nhs);
  });
});
