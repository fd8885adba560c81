import { expect, test } from 'vitest';
import { openPool } from '../../src/db.ts';
import { assertDurable } from '../../src/store.ts';
import { testDatabase } from '../support/database.ts';

test('a server with default durability is accepted', async () => {
  const { pool } = await testDatabase();
  await expect(assertDurable(pool)).resolves.toBeUndefined();
});

test('a server that may lose commits is refused, and the setting is named', async () => {
  const { url } = await testDatabase();
  const pool = openPool(url, { options: '-c synchronous_commit=off' });
  await expect(assertDurable(pool)).rejects.toThrow(/cannot keep what is acknowledged: synchronous_commit is off/);
  await pool.end();
});
