import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { inject } from 'vitest';
import { servingRole } from '../../src/store/limit-rights.ts';
import { openPool, readKey } from '../../src/store/pool.ts';
import { administer, withDatabase } from './services.ts';

/**
 * A clone of the migrated template. `pool` is its owner's, who may also change what nothing of Skein may; `serving` acts as
 * the role that serves, as in production, and is what a context of a test has. `drop` need not be called: the end of the file does it unless a test failed.
 */
export type TestDatabase = {
  name: string;
  url: string;
  pool: pg.Pool;
  serving: pg.Pool;
  key: Buffer;
  drop: () => Promise<void>;
};

const open = new Set<TestDatabase>();

export async function testDatabase(): Promise<TestDatabase> {
  const { postgresUrl, template, prefix } = inject('services');
  const name = `${prefix}_${randomBytes(4).toString('hex')}`;
  await administer(postgresUrl, `create database ${name} template ${template}`);
  const url = withDatabase(postgresUrl, name);
  // A file may have fifty: their idle connections would use up those that the server has.
  const pool = openPool(url, { idleTimeoutMillis: 1_000 });
  const serving = openPool(url, { idleTimeoutMillis: 1_000, role: await servingRole(pool) });
  const database: TestDatabase = {
    name,
    url,
    pool,
    serving,
    key: await readKey(pool),
    drop: async () => {
      if (!open.delete(database)) return;
      await closePool(pool);
      await closePool(serving);
      await administer(postgresUrl, `drop database if exists ${name} with (force)`);
    },
  };
  open.add(database);
  return database;
}

export async function closeDatabases(keep: boolean): Promise<void> {
  for (const database of [...open]) {
    if (!keep) await database.drop();
    else {
      await closePool(database.pool);
      await closePool(database.serving);
      console.error(`a test failed: its database is kept: ${database.name}`);
    }
  }
}

async function closePool(pool: pg.Pool): Promise<void> {
  if (!pool.ended) await pool.end();
}
