import { hash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { Unavailable } from './errors.ts';

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

/** Applies the plain SQL files of `src/migrations` that this database has not seen, one process at a time. */
export async function migrate(pool: pg.Pool): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await client.query('create table if not exists migration (name text primary key, at timestamptz default now())');
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

/** Keyed hash of some parts as a uuid (128 bits of HMAC-SHA256): stable, and meaningless without the store's key. */
export function keyedId(key: Buffer, ...parts: string[]): string {
  const { inner, outer } = padsOf(key);
  const digest = hash('sha256', Buffer.concat([inner, Buffer.from(parts.join('\u0000'))]), 'buffer');
  const hex = hash('sha256', Buffer.concat([outer, digest]), 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** What a stored message is called outside: row ids would tell every sender how much the others send. */
export const messageName = (key: Buffer, rowId: string): string => keyedId(key, 'message-name', rowId);

const pads = new WeakMap<Buffer, { inner: Buffer; outer: Buffer }>();

// HMAC by two one-shot hashes with the padded keys kept (RFC 2104): createHmac costs some ten times as much per id.
function padsOf(key: Buffer): { inner: Buffer; outer: Buffer } {
  const known = pads.get(key);
  if (known) return known;
  const block = Buffer.concat([key, Buffer.alloc(64)], 64);
  const made = { inner: block.map((byte) => byte ^ 0x36) as Buffer, outer: block.map((byte) => byte ^ 0x5c) as Buffer };
  pads.set(key, made);
  return made;
}
