import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { Unavailable } from '../errors.ts';

/** What every SQL module needs: a pool or one client of it. */
export type Db = Pick<pg.Pool, 'query'>;

const MIGRATIONS = new URL('./migrations/', import.meta.url);
const MIGRATION_LOCK = 5_170_001;

export function openPool(connectionString: string, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 10,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    options: '-c idle_in_transaction_session_timeout=30s -c timezone=UTC -c jit=off',
    ...options,
  });
  // An idle client whose server went away: the pool drops it, the next query connects again or reports the failure.
  pool.on('error', () => undefined);
  return pool;
}

/**
 * Runs `work` in one READ COMMITTED transaction; commits when it returns, rolls back when it throws. `first` is a statement sent
 * together with BEGIN, one round trip instead of two; its result is handed to `work`.
 */
export async function transaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient, first: pg.QueryResult | undefined) => Promise<T>,
  first?: string,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection lost between two queries is an event, and one that nobody hears ends the process.
  const lose = (error: Error) => {
    broken = error;
  };
  client.on('error', lose);
  try {
    const begun: unknown = await client.query(first ? `begin; ${first}` : 'begin');
    const result = await work(client, Array.isArray(begun) ? begun[1] : undefined);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.off('error', lose);
    client.release(broken);
  }
}

async function migrationFiles(): Promise<string[]> {
  return (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort();
}

/** Names of the migrations that this database has not seen. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>('select name from migration');
  const seen = new Set(rows.map(({ name }) => name));
  return (await migrationFiles()).filter((file) => !seen.has(file));
}

/** Applies the plain SQL files of `src/store/migrations` that this database has not seen, one process at a time. */
export async function migrate(pool: pg.Pool): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await client.query(
      'create table if not exists migration (name text primary key, at timestamptz default now())',
    );
    for (const file of await pendingMigrations(client)) {
      await client.query(await readFile(new URL(file, MIGRATIONS), 'utf8'));
      await client.query('insert into migration (name) values ($1)', [file]);
    }
    await client.query("insert into setting (name, value) values ('key', $1) on conflict do nothing", [
      randomBytes(32).toString('hex'),
    ]);
    await client.query('select skein_partitions(2)');
  });
}

/** The store's own secret: keyed hashes (NHS numbers, ids) are made with it, so it lives and is backed up with them. */
export async function readKey(db: Db): Promise<Buffer> {
  const { rows } = await db.query<{ value: string }>("select value from setting where name = 'key'");
  if (!rows[0]) throw new Unavailable('the database has no key: run the migrations first');
  return Buffer.from(rows[0].value, 'hex');
}
