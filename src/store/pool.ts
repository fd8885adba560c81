import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { Unavailable } from '../errors.ts';
import { limitRights } from './limit-rights.ts';
import { NO_VAULT, type Vault } from './vault.ts';

/** What every SQL module needs: a pool or one client of it. */
export type Db = Pick<pg.Pool, 'query'>;

const MIGRATIONS = new URL('./migrations/', import.meta.url);
const MIGRATION_LOCK = 5_170_001;

/** `role`: whom they act as, where not as the user of the URL. `settings`: of each, in place of ours. */
type PoolOptions = pg.PoolConfig & { role?: string | null; settings?: string };

// Of what the server logs a session may choose this alone: no values beside an error.
const SETTINGS = [
  ...['-c idle_in_transaction_session_timeout=30s', '-c timezone=UTC', '-c jit=off'],
  '-c log_parameter_max_length_on_error=0',
].join(' ');

export function openPool(
  connectionString: string,
  { role, settings = SETTINGS, ...options }: PoolOptions = {},
): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 10,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // Statements that do not wait for one another are sent at once (readThenWrite); pg's types do not know of
    // it.
    ...{ pipeline: true },
    options: role ? `${settings} -c role=${role.replace(/[\\ ]/g, '\\$&')}` : settings,
    ...options,
  });
  // An idle client whose server went away: the pool drops it, the next query connects again or reports the
  // failure.
  pool.on('error', () => undefined);
  return pool;
}

/**
 * COMMIT was on its way when the connection failed: whether it was done is for the caller to look up, never
 * to repeat.
 */
export class OutcomeUnknown extends Unavailable {}

/**
 * Runs `work` in one READ COMMITTED transaction; commits when it returns, rolls back when it throws. `first`
 * is a statement sent together with BEGIN, one round trip instead of two; its result is handed to `work`.
 * Throws OutcomeUnknown where the connection failed while it committed.
 */
export function transaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient, first: pg.QueryResult | undefined) => Promise<T>,
  first?: string,
): Promise<T> {
  return withClient(pool, async (client) => {
    const begun: unknown = await client.query(first ? `begin; ${first}` : 'begin');
    const result = await work(client, Array.isArray(begun) ? begun[1] : undefined);
    await client.query('commit').catch(doubt);
    return result;
  });
}

/**
 * The same in two round trips: BEGIN with `first`, then the statement that `decide` makes of its result, with
 * COMMIT. Gives its rows, none where there was nothing to write. What a statement does that fails is rolled
 * back.
 */
export function readThenWrite<Row extends object>(
  pool: pg.Pool,
  first: string,
  decide: (read: pg.QueryResult) => pg.QueryConfig | null,
): Promise<Row[]> {
  return withClient(pool, async (client) => {
    const begun = (await client.query(`begin; ${first}`)) as unknown as pg.QueryResult[];
    const last = decide(begun[1] as pg.QueryResult);
    const { stream } = (client as unknown as Connected).connection;
    stream.cork();
    const written = last ? client.query<Row>(last) : null;
    const committed = client.query('commit');
    stream.uncork();
    const [rows, end] = await Promise.allSettled([written, committed]);
    // After a statement that failed COMMIT rolls back, and says so.
    if (rows.status === 'rejected') throw isRefusal(rows.reason) ? rows.reason : doubtful(rows.reason);
    if (end.status === 'rejected') throw doubtful(end.reason);
    return rows.value?.rows ?? [];
  });
}

/**
 * One statement in a transaction that begins with `first`, and of which nothing stays: one round trip. In a
 * transaction that the client is in already it is a part of that.
 */
export function readWithin<Row extends object>(db: Db, first: string, query: pg.QueryConfig): Promise<Row[]> {
  return db instanceof pg.Pool
    ? withClient(db, (client) => sendTogether<Row>(client, ['begin read only', first, query, 'commit']))
    : sendTogether<Row>(db as pg.PoolClient, [
        ...['savepoint reading', first],
        query,
        ...['rollback to savepoint reading', 'release savepoint reading'],
      ]);
}

/** The rows of the one that is no text. Rejects as the first that fails does, when all have been answered. */
async function sendTogether<Row extends object>(
  client: pg.PoolClient,
  statements: (string | pg.QueryConfig)[],
): Promise<Row[]> {
  const { stream } = (client as unknown as Connected).connection;
  stream.cork();
  const sent = statements.map((one) => client.query<Row>(one as pg.QueryConfig));
  stream.uncork();
  const answers = await Promise.allSettled(sent);
  const failed = answers.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  const place = statements.findIndex((one) => typeof one !== 'string');
  const answer = answers[place];
  return answer?.status === 'fulfilled' ? answer.value.rows : [];
}

/**
 * The part of pg's client that its types do not name: what is written while the stream is corked leaves
 * together.
 */
type Connected = { connection: { stream: { cork: () => void; uncork: () => void } } };

/** The server refused a statement, and the connection stands: the transaction is rolled back for certain. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.severity === 'ERROR';

const doubtful = (cause: unknown): OutcomeUnknown =>
  new OutcomeUnknown('the connection failed while it committed', { cause });

function doubt(error: unknown): never {
  throw isRefusal(error) ? error : doubtful(error);
}

/** Whatever fails is rolled back, and a connection that cannot even do that is given up. */
async function withClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A connection lost between two queries is an event, and one that nobody hears ends the process.
  const lose = (error: Error) => {
    broken = error;
  };
  client.on('error', lose);
  try {
    return await work(client);
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

export async function migrationFiles(): Promise<string[]> {
  return (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort();
}

/** Names of the migrations that this database has not seen. */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>('select name from migration');
  const seen = new Set(rows.map(({ name }) => name));
  return (await migrationFiles()).filter((file) => !seen.has(file));
}

export const newer = (migration: string): string =>
  `the store has ${migration}, which this version does not know: run the version that made it`;

/** Names of migrations that this database has seen and this version does not have. */
export async function unknownMigrations(db: Db): Promise<string[]> {
  const known = new Set(await migrationFiles());
  const { rows } = await db.query<{ name: string }>('select name from migration order by name');
  return rows.flatMap(({ name }) => (known.has(name) ? [] : name));
}

/**
 * Applies the plain SQL files of `src/store/migrations` that this database has not seen, one process at a
 * time. Throws where a newer version made the store: what this one wrote could be wrong there.
 */
export async function migrate(pool: pg.Pool): Promise<void> {
  await transaction(pool, async (client) => {
    await applyMigrations(client, await migrationFiles());
    await client.query("insert into setting (name, value) values ('key', $1) on conflict do nothing", [
      randomBytes(32).toString('hex'),
    ]);
    await client.query('select skein_partitions(2)');
    await limitRights(client);
  });
}

/**
 * Applies those of `files` that this database has not seen, and gives all that it has then. Until the end of
 * the transaction nobody else migrates.
 */
export async function applyMigrations(client: Db, files: string[]): Promise<string[]> {
  await client.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
  await client.query(
    'create table if not exists migration (name text primary key, at timestamptz default now())',
  );
  const [unknown] = await unknownMigrations(client);
  if (unknown) throw new Error(newer(unknown));
  for (const file of (await pendingMigrations(client)).filter((name) => files.includes(name))) {
    await client.query(await readFile(new URL(file, MIGRATIONS), 'utf8'));
    await client.query('insert into migration (name) values ($1)', [file]);
  }
  const { rows } = await client.query<{ name: string }>('select name from migration order by name');
  return rows.map(({ name }) => name);
}

/**
 * The store's own secret: keyed hashes (NHS numbers, ids) are made with it, so it lives and is backed up with
 * them.
 */
export async function readKey(db: Db, vault: Vault = NO_VAULT): Promise<Buffer> {
  const { rows } = await db.query<{ value: string }>("select value from setting where name = 'key'");
  if (!rows[0]) throw new Unavailable('the database has no key: run the migrations first');
  return Buffer.from(vault.open(rows[0].value, 'store key'), 'hex');
}
