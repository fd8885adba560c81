/** Opens the store for one command. Notices go to stderr, since stdout is for data. */
import { EventEmitter } from 'node:events';
import type pg from 'pg';
import { followPolicy } from '../access/decide/in-force.ts';
import { readConfig } from '../config.ts';
import { mappingFolders } from '../map/language/folders.ts';
import { openMappings } from '../map/language/load-mappings.ts';
import { openLog } from '../observe/log.ts';
import { followObserving } from '../pipeline/observing.ts';
import { followRules } from '../pipeline/prompt-rules.ts';
import type { Pipeline } from '../pipeline.ts';
import { followClock } from '../store/clock.ts';
import { openDatabase, openStore } from '../store/open.ts';
import { loadProfiles } from '../validate/profiles.ts';

/** With mappings, profiles and the policy in force. */
export async function withStore<T>(work: (ctx: Pipeline) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const log = openLog('warn', process.stderr);
  const [mappings, profiles] = await Promise.all([
    openMappings(mappingFolders(config.MAPPINGS_DIR)),
    loadProfiles(config.FHIR_PACKAGES),
  ]);
  const { db, key, vault, close } = await openStore(config, log);
  try {
    await followPolicy(db);
    await followObserving({ db, key });
    await followRules({ db, key });
    await followClock({ config, db });
    return await work({ config, log, db, key, vault, mappings, profiles, signals: new EventEmitter() });
  } finally {
    await close();
  }
}

/** The database as it is, not migrated, by its owner. */
export async function withDatabase<T>(work: (db: pg.Pool) => Promise<T>): Promise<T> {
  const log = openLog('warn', process.stderr);
  const config = readConfig(process.env);
  const byOwner = { ...config, DATABASE_URL: config.MIGRATE_URL ?? config.DATABASE_URL };
  const { db, close } = await openDatabase(byOwner, log, async () => undefined);
  try {
    return await work(db);
  } finally {
    await close();
  }
}
