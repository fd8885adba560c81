import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { isTransient } from '../errors.ts';
import { openEmbedded } from './embedded.ts';
import { ownsStore, servingRole } from './limit-rights.ts';
import { migrate, openPool, pendingMigrations, readKey, transaction } from './pool.ts';
import { sealSecrets } from './secrets.ts';
import { openVault, type Vault } from './vault.ts';

export type Store = { db: pg.Pool; key: Buffer; vault: Vault; close: () => Promise<void> };

/** How long to wait for a database that is still starting. */
const WAIT_SECONDS = 30;

/**
 * Opens the database of DATABASE_URL, else the embedded one of DATA_DIR, checks its settings, and gives what
 * `use` makes of it. Throws an Error whose one line says what is wrong; closes it then.
 */
export async function openDatabase<T>(
  config: Config,
  log: Logger,
  use: (db: pg.Pool) => Promise<T>,
  waitSeconds = WAIT_SECONDS,
): Promise<{ db: pg.Pool; used: T; close: () => Promise<void> }> {
  const notice = (text: string) => log.info({ event: 'store.embedded' }, text);
  const embedded = config.DATABASE_URL ? null : await openEmbedded(config.DATA_DIR, notice);
  const db = openPool(config.DATABASE_URL ?? embedded?.url ?? '');
  const close = async () => {
    await db.end();
    await embedded?.stop();
  };
  try {
    await untilReachable(() => assertDurable(db), { log, waitSeconds });
    return { db, used: await use(db), close };
  } catch (error) {
    await close();
    throw named(config.DATABASE_URL ? 'DATABASE_URL' : 'DATA_DIR', error);
  }
}

/**
 * Opens the database, migrates it, seals its secrets where there is a key for that, and reads the store's
 * key. What is given serves: where the user of the URL is the owner, who may do everything, its connections
 * act as the role made for that, if there is one. Throws where secrets are sealed by a key that is not here.
 */
export async function openStore(config: Config, log: Logger, waitSeconds = WAIT_SECONDS): Promise<Store> {
  const vault = openVault(config);
  const prepare = async (db: pg.Pool) => {
    await migrateBy(config, db, vault);
    return { key: await readKey(db, vault), role: await servingRole(db) };
  };
  const { db, used, close } = await openDatabase(config, log, prepare, waitSeconds);
  const { key, role } = used;
  if (!role) return { db, key, vault, close };
  const serving = openPool(db.options.connectionString ?? '', { role });
  const closeBoth = async () => {
    await serving.end();
    await close();
  };
  return { db: serving, key, vault, close: closeBoth };
}

/** By MIGRATE_URL, else by the user of DATABASE_URL; where that owns nothing no migration may be missing. */
async function migrateBy({ MIGRATE_URL }: Config, db: pg.Pool, vault: Vault): Promise<void> {
  const prepare = async (owner: pg.Pool) => {
    await migrate(owner);
    await transaction(owner, (client) => sealSecrets(client, vault));
  };
  if (MIGRATE_URL) {
    const owner = openPool(MIGRATE_URL, { max: 1 });
    const failed = (cause: Error) => new Error(`by MIGRATE_URL: ${cause.message}`, { cause });
    const done = prepare(owner).catch((cause: Error) => Promise.reject(failed(cause)));
    await done.finally(() => owner.end());
  } else if (await ownsStore(db)) await prepare(db);
  else {
    const [missing] = await pendingMigrations(db);
    if (missing) throw new Error(`${missing} is missing, and its user may not apply it: set MIGRATE_URL`);
  }
}

/**
 * What only the owner of the tables may do: to remove what has expired, or somebody who is erased, and to
 * change the key that secrets are sealed with. By MIGRATE_URL, else by the user of DATABASE_URL. Throws where
 * that is not the owner.
 */
export async function asOwner<T>(
  { config, db }: { config: Config; db: pg.Pool },
  work: (owner: pg.Pool) => Promise<T>,
): Promise<T> {
  const owner = openPool(config.MIGRATE_URL ?? db.options.connectionString ?? '', { max: 2 });
  try {
    if (!(await ownsStore(owner))) throw new Error('this needs the owner of the tables: set MIGRATE_URL');
    return await work(owner);
  } finally {
    await owner.end();
  }
}

/** Names the setting, not the URL (a password). Of several addresses only the code says why. */
function named(setting: string, cause: unknown): Error {
  const { message, code } = cause as NodeJS.ErrnoException;
  if (message?.startsWith('SECRET_KEY')) return cause as Error;
  return new Error(`${setting}: ${message || code}`, { cause });
}

type Waiting = { log: Logger; waitSeconds: number };

async function untilReachable(check: () => Promise<void>, { log, waitSeconds }: Waiting): Promise<void> {
  for (const deadline = Date.now() + waitSeconds * 1000; ; ) {
    try {
      return await check();
    } catch (error) {
      if (!isTransient(error) || Date.now() > deadline) throw error;
      log.warn({ event: 'store.waiting', err: error }, 'the database does not answer yet');
      await delay(500);
    }
  }
}

type Settings = { version: number; fsync: string; pages: string; commit: string; readOnly: boolean };

/** Refuses a server whose settings allow it to lose committed data: an acknowledgement means stored. */
export async function assertDurable(db: pg.Pool): Promise<void> {
  const { rows } = await db.query<Settings>(
    `select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync,
       current_setting('full_page_writes') as pages, current_setting('synchronous_commit') as commit,
       pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as "readOnly"`,
  );
  const { version, fsync, pages, commit, readOnly } = rows[0] as Settings;
  const wrong: string[] = [];
  if (version < 150_000) wrong.push(`it is version ${Math.floor(version / 10_000)}, 15 or newer is needed`);
  if (readOnly) wrong.push('it is read-only');
  if (fsync !== 'on') wrong.push(`fsync is ${fsync}`);
  if (pages !== 'on') wrong.push(`full_page_writes is ${pages}`);
  if (['off', 'local'].includes(commit)) wrong.push(`synchronous_commit is ${commit}`);
  if (wrong.length > 0)
    throw new Error(`this PostgreSQL server cannot keep what is acknowledged: ${wrong.join(', ')}`);
}
