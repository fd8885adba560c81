import { expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';

test('two test databases of one run share nothing but the schema', async () => {
  const [first, second] = await Promise.all([testDatabase(), testDatabase()]);
  await first.pool.query("insert into setting values ('only', 'here')");
  const { rows } = await second.pool.query("select 1 from setting where name = 'only'");
  expect(rows).toHaveLength(0);
});

test('a migrated database has partitions for this month and a key', async () => {
  const { pool, key } = await testDatabase();
  const month = new Date().toISOString().slice(0, 7).replace('-', '_');
  const { rows } = await pool.query('select to_regclass($1) as found', [`message_${month}`]);
  expect(rows[0]?.found).toBe(`message_${month}`);
  expect(key).toHaveLength(32);
});
