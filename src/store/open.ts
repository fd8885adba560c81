import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { isTransient } from '../errors.ts';
import { openEmbedded } from './embedded.ts';
import { migrate, openPool, readKey, transaction } from './pool.ts';
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
 * key. Throws where its secrets are sealed by a key that was not given: nothing is received or sent then.
 */
export async function openStore(config: Config, log: Logger, waitSeconds = WAIT_SECONDS): Promise<Store> {
  const vault = openVault(config);
  const migrated = async (db: pg.Pool) => {
    await migrate(db);
    await transaction(db, (client) => sealSecrets(client, vault));
    return readKey(db, vault);
  };
  const { db, used, close } = await openDatabase(config, log, migrated, waitSeconds);
  return { db, key: used, vault, close };
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
