/** The sealed audit: what is changed, removed or added later is found, and named by segment and row. */
import type pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { OPERATOR, record } from '../../src/audit/record.ts';
import { seal, sealer } from '../../src/audit/seal.ts';
import { type Verified, verifyAudit } from '../../src/audit/verify.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';

const PERSON = '5b0f2a9c-1d7e-4c3a-8f40-6a1b2c3d4e5f';
const ALL = '9223372036854775807';
const MONTH = new Date().toISOString().slice(0, 7).replace('-', '_');
let database: TestDatabase;

const add = ({ pool }: TestDatabase, interaction: string, db: Parameters<typeof record>[0] = pool) =>
  record(db, { kind: 'read', outcome: '200', actor: OPERATOR, interaction, type: 'Patient', ids: [PERSON] });

/** Two segments, of the rows 1 to 3 and 5 to 6: number 4 was never committed. */
async function sealed(): Promise<TestDatabase> {
  const made = await testDatabase();
  for (let n = 0; n < 3; n++) await add(made, 'read');
  expect(await seal(testContext(made), ALL)).toBe(3);
  await made.pool.query("select nextval('audit_id_seq')");
  for (let n = 0; n < 2; n++) await add(made, 'vread');
  expect(await seal(testContext(made), ALL)).toBe(2);
  return made;
}

beforeAll(async () => {
  database = await sealed();
});

/** As somebody does it who owns the database: no trigger holds for them. */
async function tamper(client: pg.PoolClient, ...statements: string[]): Promise<void> {
  await client.query("set local session_replication_role = 'replica'");
  for (const sql of statements) await client.query(sql);
  await client.query("set local session_replication_role = 'origin'");
}

/** In a transaction that is rolled back. */
async function within<T>({ pool }: TestDatabase, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  await client.query('begin');
  try {
    return await work(client);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const verify = (db: Pick<pg.Pool, 'query'>, known?: { n: string; hash: string }): Promise<Verified> =>
  verifyAudit({ db: db as pg.Pool, key: database.key }, known);

const ADDED = (id: string) =>
  `insert into audit (id, kind, outcome, name, interaction, ids, persons, policy) overriding system value
   values (${id}, 'read', '200', 'x', 'read', '{}', '{}', '')`;

test('an audit that nobody touched is whole; what is not sealed yet is counted', async () => {
  const found = await within(database, async (client) => {
    await add(database, 'read', client);
    return verify(client);
  });
  expect(found).toMatchObject({
    ...{ segments: 2, rows: 5, dropped: 0, faults: [] },
    unsealed: { rows: 1, oldestSeconds: expect.any(Number) },
    newest: { n: '2', hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
});

describe('is found and named', () => {
  test.each<[string, string, string, string | null, string]>([
    ['a row that was changed', "update audit set outcome = '304' where id = 2", '1', '2', 'changed'],
    ['another basis', "update audit set basis = 'planning' where id = 3", '1', '3', 'changed'],
    ['a basis that was taken away', 'update audit set basis = null where id = 3', '1', '3', 'changed'],
    [
      'a time that was moved by a microsecond',
      "update audit set at = at + interval '1 microsecond' where id = 5",
      ...(['2', '5', 'changed'] as const),
    ],
    ['a row that was removed', 'delete from audit where id = 6', '2', '6', 'removed'],
    ['a row that was added in a gap', ADDED('4'), '2', '4', 'added'],
    ['a row that was added before all', ADDED('0'), '1', '0', 'added'],
    [
      'a row that was put in place of a sealed one',
      `delete from audit where id = 2; ${ADDED('2')}`,
      ...(['1', '2', 'changed'] as const),
    ],
    [
      'a segment that was removed',
      'delete from audit_segment where n = 1',
      ...(['1', null, 'the segment is missing'] as const),
    ],
    [
      'a segment that says another digest',
      'update audit_segment set digests = set_byte(digests, 40, get_byte(digests, 40) # 1) where n = 1',
      ...(['1', null, 'its own record was changed'] as const),
    ],
    [
      'a segment that somebody else signed',
      'update audit_segment set signature = hash where n = 2',
      ...(['2', null, 'its signature is not ours'] as const),
    ],
  ])('%s', async (_, sql, segment, row, what) => {
    const { faults } = await within(database, async (client) => {
      await tamper(client, sql);
      return verify(client);
    });
    expect(faults).toContainEqual({ segment, row, what });
  });

  test('an audit whose end was made anew, by whoever kept its newest segment elsewhere', async () => {
    const other = await sealed();
    const ctx = testContext(other);
    const { newest } = await verifyAudit(ctx);
    await within(other, async (client) => {
      await tamper(client, 'delete from audit where id = 6', 'delete from audit_segment where n = 2');
      await client.query('commit');
    });
    await seal(ctx, ALL);
    expect((await verifyAudit(ctx)).faults).toEqual([]);
    const known = newest as { n: string; hash: string };
    expect((await verifyAudit(ctx, known)).faults).toEqual([
      { segment: '2', row: null, what: 'it is not the one that was known' },
    ]);
    expect((await verifyAudit(ctx, { ...known, n: '3' })).faults).toEqual([
      { segment: '3', row: null, what: 'the segment is missing' },
    ]);
  });
});

test('rows that went with their whole month are no fault; a segment still stands for them', async () => {
  const found = await within(database, async (client) => {
    await client.query(`drop table audit_${MONTH}`);
    return verify(client);
  });
  expect(found).toMatchObject({ segments: 2, rows: 0, dropped: 5, faults: [] });
});

test.each([
  "update audit set outcome = 'x'",
  'delete from audit',
  'truncate audit',
  'truncate audit_default',
  `truncate audit_${MONTH}`,
  'delete from audit_segment',
  'update audit_segment set n = n + 10',
  'truncate audit_segment',
])('%s is refused', async (sql) => {
  await expect(database.pool.query(sql)).rejects.toThrow(/neither changed nor removed/);
  expect((await verify(database.pool)).faults).toEqual([]);
});

test('the command names what is wrong and ends with 1; with 0 where all is whole', async () => {
  const run = async (...more: string[]) => {
    const program = runProgram(['bin/skein.js', 'audit', 'verify', ...more], { DATABASE_URL: database.url });
    return { code: await program.exit(), output: program.output() };
  };
  const whole =
    /^2 segments with 5 rows\nnot sealed yet: 0 rows\nnewest segment, to be kept elsewhere: 2:[0-9a-f]{64}\nwhole: /;
  expect(await run()).toEqual({ code: 0, output: expect.stringMatching(whole) });
  await within(database, async (client) => {
    await tamper(client, 'delete from audit where id = 2');
    await client.query('commit');
  });
  expect(await run()).toEqual({ code: 1, output: expect.stringContaining('\nsegment 1, row 2: removed\n') });
  expect(await run('--known', 'two')).toMatchObject({ code: 2 });
});

test('a row that got its id early and is committed late is waited for, and sealed', async () => {
  const other = await testDatabase();
  const ctx = testContext(other);
  const pass = sealer(ctx);
  const late = await other.pool.connect();
  await late.query('begin');
  await add(other, 'read', late);
  await add(other, 'vread');
  for (let n = 0; n < 4; n++) await pass();
  expect(await verifyAudit(ctx)).toMatchObject({ segments: 0, unsealed: { rows: 1 } });
  await late.query('commit');
  late.release();
  for (let n = 0; n < 4; n++) await pass();
  expect(await verifyAudit(ctx)).toMatchObject({ segments: 1, rows: 2, unsealed: { rows: 0 }, faults: [] });
});

test('rows that many write at once, while two processes seal, are each sealed once', async () => {
  const other = await testDatabase();
  const ctx = testContext(other);
  const [one, two] = [sealer(ctx), sealer(ctx)];
  const writers = Array.from({ length: 6 }, async () => {
    for (let n = 0; n < 40; n++) await add(other, 'read');
  });
  const writing = Promise.all(writers).then(() => false);
  while (await Promise.race([writing, one().then(() => true)])) await two();
  for (let n = 0; n < 4; n++) await one();
  expect(await verifyAudit(ctx)).toMatchObject({ rows: 240, unsealed: { rows: 0 }, faults: [] });
});
