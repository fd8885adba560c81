import { expect, test } from 'vitest';
import { migrate } from '../../src/store/pool.ts';
import { READER, SERVICE } from '../../src/store/rights.ts';
import { testDatabase } from '../support/database.ts';

const database = await testDatabase();

const TABLES = `select relname::text as name from pg_class
  where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`;
const { rows } = await database.pool.query<{ name: string }>(TABLES);
const tables = rows.map(({ name }) => name);
const PARTITIONS = `select relname::text as name from pg_class
  where relnamespace = current_schema()::regnamespace and relispartition and relkind = 'r' order by 1`;
const partitions = (await database.pool.query<{ name: string }>(PARTITIONS)).rows.map(({ name }) => name);

/** What was received, what follows of it for good, who decided what, and who was told. */
const FACTS = [
  ...['message', 'record', 'assertion', 'tainted', 'frozen', 'lift', 'set_aside', 'deferral', 'removal'],
  ...['policy_approval', 'clock', 'audit', 'audit_segment', 'migration'],
];

const refused = { code: '42501' };

test('the connections that serve are no owner and no superuser', async () => {
  const { rows } = await database.serving.query(
    'select current_user as name, usesuper from pg_user u right join pg_roles r on r.rolname = u.usename where r.rolname = current_user',
  );
  expect(rows).toEqual([{ name: expect.stringMatching(/_service$/), usesuper: null }]);
});

test.each(FACTS)('no row of %s is changed, removed or cleared away by what serves', async (table) => {
  const { rows } = await database.pool.query<{ name: string }>(
    "select attname::text as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and attidentity = '' order by attnum limit 1",
    [table],
  );
  const column = rows[0]?.name;
  await expect(database.serving.query(`update ${table} set ${column} = ${column}`)).rejects.toMatchObject(
    refused,
  );
  await expect(database.serving.query(`delete from ${table}`)).rejects.toMatchObject(refused);
  await expect(database.serving.query(`truncate ${table}`)).rejects.toMatchObject(refused);
  await expect(database.serving.query(`drop table ${table}`)).rejects.toMatchObject(refused);
});

test('nothing is cleared away, and no month is reached but through its whole table', async () => {
  for (const table of [...tables, ...partitions])
    await expect(database.serving.query(`truncate ${table}`), table).rejects.toMatchObject(refused);
  expect(partitions.length).toBeGreaterThan(10);
  for (const table of partitions)
    await expect(database.serving.query(`select from ${table}`), table).rejects.toMatchObject(refused);
});

test('every table has its rights in the list, and the list has no other', () => {
  expect(Object.keys(SERVICE).sort()).toEqual(tables);
  expect(tables).toEqual(expect.arrayContaining(Object.keys(READER)));
});

test('what is granted is the list, and is mended to it by the next migration', async () => {
  const mine = await testDatabase();
  const { rows } = await mine.serving.query<{ name: string }>('select quote_ident(current_user) as name');
  await mine.pool.query(
    `grant delete on message to ${rows[0]?.name}; revoke insert on audit from ${rows[0]?.name}`,
  );
  await migrate(mine.pool);
  const has = async (table: string, right: string) =>
    (await mine.serving.query('select has_table_privilege($1, $2) as has', [table, right])).rows[0]?.has;
  for (const [table, rights] of Object.entries(SERVICE))
    for (const right of ['select', 'insert', 'update', 'delete'])
      expect(await has(table, right), `${right} on ${table}`).toBe(rights.some((one) => one === right));
});

test('a store that was given to another owner is seen by the roles of that one', async () => {
  const mine = await testDatabase();
  const former = (await mine.pool.query<{ name: string }>("select skein_role('service') as name")).rows[0]
    ?.name;
  await mine.pool.query(
    'drop policy service on resource; create policy service on resource to pg_monitor using (true)',
  );
  await migrate(mine.pool);
  const { rows } = await mine.pool.query(
    "select polroles::regrole[]::text[] as roles from pg_policy where polname = 'service' and polrelid = 'resource'::regclass",
  );
  expect(rows).toEqual([{ roles: [former] }]);
});

test('nothing that serves replaces the key of the store', async () => {
  const { pool, serving } = await testDatabase();
  const key = "select value from setting where name = 'key'";
  const before = (await pool.query(key)).rows;
  await serving.query("update setting set value = 'another' where name = 'key'");
  await expect(serving.query("insert into setting values ('key', 'x')")).rejects.toMatchObject({
    code: '42501',
  });
  expect((await pool.query(key)).rows).toEqual(before);
});
