/** A process killed while one of its transactions stands at a known statement. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';

/** Before a table is written, or `commit`: all is written, and the transaction ends. */
export type Point = { table: string; when: 'write' | 'commit' };

const KEY = 4_071;
const CAUGHT_MS = 15_000;
const HOLD = `
create or replace function faults_hold() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(${KEY});
  return null;
end $$`;
const WAITING = `select 1 from pg_locks where locktype = 'advisory' and objid = ${KEY} and not granted limit 1`;

/**
 * Every transaction stops at the point; once one stands there `then` is called, and all go on. What is killed
 * meanwhile leaves its transaction to the server, which ends it: at `commit` by keeping all of it.
 */
export async function caughtAt(pool: Pool, { table, when }: Point, then: () => Promise<void>): Promise<void> {
  const holder = await pool.connect();
  try {
    await holder.query(HOLD);
    await holder.query(`select pg_advisory_lock(${KEY})`);
    await holder.query(
      when === 'write'
        ? `create trigger faults_hold after insert or update on ${table} for each statement execute function faults_hold()`
        : `create constraint trigger faults_hold after insert on ${table} deferrable initially deferred
             for each row execute function faults_hold()`,
    );
    const deadline = performance.now() + CAUGHT_MS;
    while ((await holder.query(WAITING)).rows.length === 0) {
      if (performance.now() > deadline) throw new Error(`nothing wrote ${table} for ${CAUGHT_MS / 1000} s`);
      await pause(2);
    }
    await then();
  } finally {
    await holder.query(`select pg_advisory_unlock(${KEY})`);
    await holder.query(`drop trigger if exists faults_hold on ${table}`);
    holder.release();
  }
}
