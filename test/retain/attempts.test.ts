/** The migration that parts attempts by month, on a store that has many of them. */
import { expect, test } from 'vitest';
import { applyMigrations, migrationFiles, openPool } from '../../src/store/pool.ts';
import { emptyDatabase } from '../support/empty-database.ts';

test('attempts of years before become one partition, with their ids, and new ones go on from there', async () => {
  const { pool, url } = await emptyDatabase();
  const names = await migrationFiles();
  const until = names.findIndex((name) => name.startsWith('043'));
  const migrate = async (some: string[]) => {
    const client = await pool.connect();
    await client.query('begin');
    await applyMigrations(client, some);
    await client.query('commit');
    client.release();
  };
  await migrate(names.slice(0, until));
  await pool.query(`insert into attempt (at, subscription_id, kind, content)
    select now() - make_interval(days => n), gen_random_uuid(), 'heartbeat', 'empty' from generate_series(0, 999) n`);
  const of = 'select id, at, subscription_id, kind, content, outcome from attempt order by id';
  const before = (await pool.query(of)).rows;
  await migrate(names);
  expect((await pool.query(of)).rows).toEqual(before);
  const { rows } = await pool.query(
    `insert into attempt (subscription_id, kind, content) values (gen_random_uuid(), 'test', 'empty')
     returning id::int, tableoid::regclass::text as part`,
  );
  const month = new Date().toISOString().slice(0, 7).replace('-', '_');
  expect(rows).toEqual([{ id: 1001, part: `attempt_${month}` }]);
  // What a session had prepared before goes on.
  const other = openPool(url);
  expect((await other.query('select count(*)::int as n from attempt')).rows).toEqual([{ n: 1001 }]);
  await other.end();
});
