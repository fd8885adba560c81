/** A worker of its own process, to be killed: publishes and delivers for the database and queue of its environment. */
import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { Config } from '../../src/config.ts';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import { startSequencer } from '../../src/publish/sequencer.ts';
import { openPool, readKey } from '../../src/store/pool.ts';
import { NO_VAULT } from '../../src/store/vault.ts';

const config = Config.parse(process.env);
const db = openPool(config.DATABASE_URL as string);
const ctx = {
  config,
  log: pino({ level: 'silent' }),
  db,
  key: await readKey(db),
  vault: NO_VAULT,
  signals: new EventEmitter<{ committed: []; settled: [] }>(),
};
await startDelivery(ctx);
startSequencer(ctx);
