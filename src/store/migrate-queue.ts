/** The tables of BullMQ, where its wake-ups are in PostgreSQL. */
import { runMigrations } from 'bullmq';
import { ownsStore } from './limit-rights.ts';
import { type Db, openPool, transaction } from './pool.ts';

const QUEUE_LOCK = 5_170_002;

/** By the owner of the store, for the role that serves; where only that is known, it is there already. */
export async function migrateQueue(url: string, role: string | null): Promise<void> {
  const pool = openPool(url, { max: 1 });
  try {
    if (!(await ownsStore(pool))) return;
    const client = await pool.connect();
    await runMigrations(client).finally(() => client.release());
    if (role) await transaction(pool, (one) => openQueueTo(one, role));
  } finally {
    await pool.end();
  }
}

// It makes sequences while it runs: those are of whoever ran it.
const SEQUENCES = `select format('grant usage, select, update on sequence %s to %I', c.oid::regclass, $1::text) as sql
  from pg_class c where c.relkind = 'S' and c.relnamespace = 'bullmq'::regnamespace
   and pg_has_role(c.relowner, 'usage')`;
const OPEN = `select format('grant usage, create on schema bullmq to %1$I;
  grant select, insert, update, delete on all tables in schema bullmq to %1$I', $1::text) as sql`;

/** Wake-ups say nothing of anybody. */
async function openQueueTo(client: Db, role: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [QUEUE_LOCK]);
  for (const find of [OPEN, SEQUENCES]) {
    const { rows } = await client.query<{ sql: string }>(find, [role]);
    for (const { sql } of rows) await client.query(sql);
  }
}
