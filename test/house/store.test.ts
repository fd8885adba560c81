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

test.each([
  [{ version: 140_000 }, 'it is version 14, 15 or newer is needed'],
  [{ readOnly: true }, 'it is read-only'],
  [{ fsync: 'off' }, 'fsync is off'],
  [{ pages: 'off' }, 'full_page_writes is off'],
  [{ commit: 'local' }, 'synchronous_commit is local'],
])('a server with %j is refused, and told why', async (unsafe, said) => {
  // These are settings of a whole server, which other tests use.
  const safe = { version: 170_000, readOnly: false, fsync: 'on', pages: 'on', commit: 'on' };
  const query = async () => ({ rows: [{ ...safe, ...unsafe }] });
  await expect(assertDurable({ query } as never)).rejects.toThrow(said);
});

test('a database that does not answer is told by the setting that names it, without its password', async () => {
  const { config, log } = testContext(await testDatabase());
  const away = { ...config, DATABASE_URL: 'postgres://skein:secret@127.0.0.1:1/skein' };
  const failed = openStore(away, log, 0);
  await expect(failed).rejects.toThrow(/^DATABASE_URL: .*ECONNREFUSED/);
  await expect(failed).rejects.not.toThrow('secret');
});
