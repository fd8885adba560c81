import type { EventEmitter } from 'node:events';
import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Vault } from './store/vault.ts';

/** What main wires once and hands to every stage that touches the world. */
export type Context = {
  config: Config;
  log: Logger;
  db: pg.Pool;
  /** The store's secret for keyed ids (see `keyedId`). */
  key: Buffer;
  /** Opens and seals the secrets of subscriptions. */
  vault: Vault;
  /**
   * In-process signals: `committed` after a save that wrote events, `settled` when publish appended pending
   * rows.
   */
  signals: EventEmitter<{ committed: []; settled: [] }>;
};
