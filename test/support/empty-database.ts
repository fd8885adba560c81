import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { openPool } from '../../src/store/pool.ts';
import { administer, withDatabase } from './services.ts';

/** A database that no Skein has opened. */
export async function emptyDatabase(): Promise<{ url: string; pool: pg.Pool }> {
  const { postgresUrl, prefix } = inject('services');
  const name = `${prefix}_${randomBytes(4).toString('hex')}`;
  await administer(postgresUrl, `create database ${name} encoding 'UTF8' locale 'C' template template0`);
  const url = withDatabase(postgresUrl, name);
  const pool = openPool(url, { idleTimeoutMillis: 1 });
  onTestFinished(async () => {
    await pool.end();
    await administer(postgresUrl, `drop database ${name} with (force)`);
  });
  return { url, pool };
}
