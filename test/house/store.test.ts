import { expect, test } from 'vitest';
import { assertDurable, openStore } from '../../src/store/open.ts';
import { openPool } from '../../src/store/pool.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';

test('a server with default durability is accepted', async () => {
  const { pool } = await testDatabase();
  await expect(assertDurable(pool)).resolves.toBeUndefined();
});

test('a server that may lose commits is refused, and the setting is named', async () => {
  const { url } = await testDatabase();
  const pool = openPool(url, { options: '-c synchronous_commit=off' });
  await expect(assertDurable(pool)).rejects.toThrow(
    /cannot keep what is acknowledged: synchronous_commit is off/,
  );
  await pool.end();
});

test('a database that does not answer is told by the setting that names it, without its password', async () => {
  const { config, log } = testContext(await testDatabase());
  const away = { ...config, DATABASE_URL: 'postgres://skein:secret@127.0.0.1:1/skein' };
  const failed = openStore(away, log, 0);
  await expect(failed).rejects.toThrow(/^DATABASE_URL: .*ECONNREFUSED/);
  await expect(failed).rejects.not.toThrow('secret');
});
