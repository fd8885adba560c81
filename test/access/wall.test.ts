/** The second wall: what the database itself shows whoever something is read for, whatever the statement says. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findByRowIds, findPasts } from '../../src/access/see/rows.ts';
import { projectEach } from '../../src/access/see/visible.ts';
import { type Reader, readAs } from '../../src/access/see/wall.ts';
import type { Recipient, ResourceRow, System } from '../../src/model.ts';
import { family, type Heard, SENDERS } from '../support/any-family.ts';
import { testDatabase } from '../support/database.ts';
import { hear, register } from '../support/hear.ts';
import { episode, nhsNumber, patient, record } from '../support/records.ts';

const database = await testDatabase();
const { pool, serving } = database;
const systems: System[] = [];
for (const { name } of SENDERS) systems.push(await register(database, name));
const stranger: Recipient = { kind: 'system', system: await register(database, 'adult-services') };
const readers: Recipient[] = systems.map((system) => ({ kind: 'system', system }));
const operator: Recipient = { kind: 'operator', name: 'operator' };

const EMPTY = `truncate statement, resource, resource_history, involvement, member, assertion, tainted, outbox, event,
  index_token, index_date, index_string, intake cascade`;
const ALL = 'select row_id::text as id from resource order by row_id';
const idsAs = async (recipient: Recipient) =>
  (await readAs<{ id: string }>({ db: serving, recipient }, { text: ALL })).map(({ id }) => id);

async function tell(heard: Heard[]): Promise<void> {
  for (const [{ name }, said] of heard) {
    const system = systems.find(({ service }) => service.sector === name) as System;
    await hear(database, system, structuredClone(said));
  }
}

/** Every present row and every earlier one. */
async function everything(): Promise<{ present: ResourceRow[]; past: ResourceRow[] }> {
  const { rows } = await pool.query<{ id: string }>(ALL);
  const reading = { db: serving, recipient: 'pipeline' as Reader };
  const present = [
    ...(
      await findByRowIds(
        reading,
        rows.map(({ id }) => id),
      )
    ).values(),
  ];
  return { present, past: await findPasts(reading, present) };
}

const nameOf = ({ type, id, version }: ResourceRow) => `${type}/${id} ${version}`;

test('in any family it hides nothing that access shows, and shows a service without part in it nobody', async () => {
  const met = { shown: 0, hidden: 0, past: 0 };
  await fc.assert(
    fc.asyncProperty(family, async (heard) => {
      await pool.query(EMPTY);
      await tell(heard);
      const { present, past } = await everything();
      for (const recipient of readers) {
        const reading = { db: serving, recipient };
        const through = [
          ...(
            await findByRowIds(
              reading,
              present.map(({ rowId }) => rowId),
            )
          ).values(),
          ...(await findPasts(reading, present)),
        ].map(nameOf);
        const all = [...present, ...past];
        const projected = await projectEach(serving, recipient, all);
        const shown = all.filter((_, index) => projected[index]).map(nameOf);
        expect(through).toEqual(expect.arrayContaining(shown));
        met.shown += shown.length;
        met.hidden += all.length - through.length;
        met.past += past.length;
      }
      const open = new Set(present.filter(({ type }) => type === 'Organization').map(({ rowId }) => rowId));
      expect((await idsAs(stranger)).filter((id) => !open.has(id))).toEqual([]);
      const stored = present.map(({ rowId }) => rowId);
      expect((await idsAs(operator)).sort()).toEqual(stored.sort());
    }),
    { numRuns: Number(process.env.RUNS ?? 12), endOnFailure: true },
  );
  expect(met.shown).toBeGreaterThan(100);
  expect(met.hidden).toBeGreaterThan(20);
  expect(met.past).toBeGreaterThan(20);
}, 300_000);

test('a statement that forgets to ask tells of the own patient and nothing of a stranger', async () => {
  await pool.query(EMPTY);
  const [maternity, visiting] = systems as [System, System];
  const [own, other] = [
    { nhs: nhsNumber(71), given: 'Own', family: 'Patient', born: '1994-03-02' },
    { nhs: nhsNumber(72), given: 'Another', family: 'Woman', born: '1991-05-05' },
  ];
  await hear(
    database,
    maternity,
    record('2026-09-01T10:00:00Z', [patient('patient', own), episode('1', 'active')]),
  );
  await hear(
    database,
    visiting,
    record('2026-09-01T10:00:00Z', [patient('patient', other), episode('2', 'active')]),
  );
  const forgetful = {
    text: "select type || coalesce(content #>> '{name,0,given,0}', '') as seen from resource",
  };
  const seen = async (recipient: Recipient) =>
    (await readAs<{ seen: string }>({ db: serving, recipient }, forgetful)).map((row) => row.seen).join();
  const [one, two] = readers as [Recipient, Recipient];
  expect(await seen(one)).toContain('PatientOwn');
  expect(await seen(one)).not.toContain('Another');
  expect(await seen(two)).toContain('PatientAnother');
  expect(await seen(two)).not.toContain('Own');
  expect(await seen(stranger)).not.toMatch(/Patient|Episode|Provenance/);
  expect(await seen(operator)).toMatch(/(?=.*PatientOwn)(?=.*PatientAnother)/);
});

test('where nobody is named nothing is shown, and the index, messages and facts to nobody', async () => {
  const client = await serving.connect();
  try {
    const { rows } = await client.query<{ role: string }>("select quote_ident(skein_role('reader')) as role");
    await client.query(`begin; set local role ${rows[0]?.role}`);
    expect((await client.query('select from resource')).rowCount).toBe(0);
    expect((await client.query('select from resource_history')).rowCount).toBe(0);
    for (const table of [
      'index_string',
      'message',
      'record',
      'statement',
      'involvement',
      'setting',
      'audit',
    ]) {
      await client.query('savepoint here');
      await expect(client.query(`select from ${table}`), table).rejects.toMatchObject({ code: '42501' });
      await client.query('rollback to savepoint here');
    }
  } finally {
    await client.query('rollback');
    client.release();
  }
});

test('the wall is of one statement: what the same connection does after it is as before', async () => {
  const client = await serving.connect();
  const state = "select current_user as role, coalesce(current_setting('skein.reader', true), '') as reader";
  const before = (await client.query(state)).rows;
  try {
    await client.query('begin');
    await readAs({ db: client, recipient: stranger }, { text: 'select from resource' });
    expect((await client.query(state)).rows).toEqual(before);
    await expect(
      readAs({ db: client, recipient: stranger }, { text: 'select from audit' }),
    ).rejects.toThrow();
    await client.query('rollback');
    expect((await client.query(state)).rows).toEqual(before);
  } finally {
    client.release();
  }
});
