/** What keeps the store from keeping anything, each in a line that names the setting. */
import { statfs } from 'node:fs/promises';
import type { Config } from '../config.ts';
import { type Db, newer, pendingMigrations, unknownMigrations } from './pool.ts';

/** Why statements were refused since the last time that one was seen to pass. */
const refusals = new WeakMap<Db, 'full' | 'read-only'>();
const REASONS: Record<string, 'full' | 'read-only'> = { '53100': 'full', '25006': 'read-only' };

/** Remembers a refusal that concerns every message, until the store is seen to write again. */
export function noteRefusal(db: Db, error: unknown): void {
  const reason = REASONS[(error as { code?: string }).code ?? ''];
  if (reason) refusals.set(db, reason);
}

/** Less than this on the disk of the embedded store is a full one: it writes 16 MB at a time. */
const LEAST_BYTES = 64 * 1024 * 1024;

// What a full disk refuses first: new pages. Dropped again at once.
const PROBE = `create temporary table skein_probe on commit drop as
  select string_agg(gen_random_uuid()::text, '') as text from generate_series(1, 4000)`;
const STATE = `select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as "readOnly"`;

/** None where all is well. Throws where the database does not answer. */
export async function storeProblems(db: Db, { DATABASE_URL }: Config): Promise<string[]> {
  const setting = DATABASE_URL ? 'DATABASE_URL' : 'DATA_DIR';
  const pending = (await pendingMigrations(db)).map((name) => `migration ${name} is missing`);
  const unknown = (await unknownMigrations(db)).map((name) => `${setting}: ${newer(name)}`);
  const { rows } = await db.query<{ readOnly: boolean }>(STATE);
  const told = { full: 'its disk is full', 'read-only': 'it is read-only' };
  const refused = rows[0]?.readOnly ? 'read-only' : await stillRefused(db);
  const problems = refused ? [`${setting}: the store keeps nothing, ${told[refused]}`] : [];
  const room = DATABASE_URL || refused ? null : await roomOfEmbedded(db);
  if (room !== null && room < LEAST_BYTES)
    problems.push(`${setting}: its disk is full, ${room} bytes are left`);
  return [...pending, ...unknown, ...problems];
}

async function stillRefused(db: Db): Promise<'full' | 'read-only' | null> {
  if (!refusals.has(db)) return null;
  try {
    await db.query(PROBE);
    refusals.delete(db);
  } catch (error) {
    noteRefusal(db, error);
    if (!((error as { code?: string }).code ?? '' in REASONS)) throw error;
  }
  return refusals.get(db) ?? null;
}

async function roomOfEmbedded(db: Db): Promise<number> {
  const { rows } = await db.query<{ path: string }>('select skein_data_directory() as path');
  const { bavail, bsize } = await statfs(rows[0]?.path ?? '.');
  return bavail * bsize;
}
