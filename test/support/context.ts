import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { Config } from '../../src/config.ts';
import type { Context } from '../../src/context.ts';
import { NO_VAULT } from '../../src/store/vault.ts';
import type { TestDatabase } from './database.ts';

/** A context over one test database, silent, with default settings; `overrides` replace whole members. */
export function testContext(database: TestDatabase, overrides: Partial<Context> = {}): Context {
  return {
    config: Config.parse({ DATABASE_URL: database.url, PORT: '0', MLLP_PORT: '0', LOG_LEVEL: 'silent' }),
    log: pino({ level: 'silent' }),
    db: database.serving,
    key: database.key,
    vault: NO_VAULT,
    signals: new EventEmitter(),
    ...overrides,
  };
}
