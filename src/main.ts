/** `npm start`: configuration, log, store, then the parts that ROLES names (`roles.ts`), until a signal. */
import '../bin/check-node.js';
import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { type Config, readConfig } from './config.ts';
import { openLog } from './observe/log.ts';
import { checkRoles, type Stop, startRoles } from './run/roles.ts';
import { onStop } from './run/signals.ts';
import { describeConnection, examineServer } from './store/examine-server.ts';
import { openStore } from './store/open.ts';
import { refuseUnfinished } from './store/restore.ts';
import { describeExposed } from './store/secrets.ts';
import { storeProblems } from './store/state.ts';

/** Notifications in flight have 20 s of it. */
const STOP_MS = 30_000;

async function start(config: Config, log: Logger, stops: Stop[]): Promise<void> {
  await checkRoles(config);
  const { db, key, vault, close } = await openStore(config, log);
  stops.push(close);
  await refuseUnfinished(db);
  for (const problem of await storeProblems(db, config)) log.error({ event: 'store' }, problem);
  for (const exposed of describeExposed(config, vault)) log.warn({ event: 'secrets' }, exposed);
  const told = [...(await examineServer(db, config)), ...describeConnection(config)];
  for (const problem of told) log.warn({ event: 'database' }, problem);
  if (config.AUTH === 'none')
    log.warn(
      { event: 'auth' },
      'AUTH=none: nobody is asked who they are, and this machine alone is answered',
    );
  const { url, mllpPort } = await startRoles(
    { config, log, db, key, vault, signals: new EventEmitter() },
    stops,
  );
  log.info({ event: 'ready', url, mllpPort, roles: config.ROLES }, `ready: ${url}`);
}

async function stopAll(stops: Stop[], log: Logger): Promise<void> {
  for (const stop of stops.splice(0).reverse()) {
    await stop().catch((error: unknown) => log.error({ event: 'stop.failed', err: error }));
  }
}

/** The one line a person needs; a stack trace helps nobody who starts a server. */
function explain(error: unknown): string {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE')
    return `port ${port} is taken: set PORT or MLLP_PORT, or stop what listens there`;
  return message.replaceAll('\n', ' ');
}

/** Lets work in flight end, for at most 30 s; what was not done is due again in the database. */
async function shutDown(stops: Stop[], log: Logger, reason: string): Promise<void> {
  log.info({ event: 'stopping', reason });
  setTimeout(() => {
    log.error({ event: 'stop.late' }, 'still busy after 30 s: leaving');
    process.exit(1);
  }, STOP_MS).unref();
  await stopAll(stops, log);
  log.info({ event: 'stopped' });
  process.exit(0);
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = openLog(config.LOG_LEVEL);
  process.on('uncaughtException', (error) => {
    log.fatal({ event: 'crash', err: error });
    process.exit(1);
  });
  const stops: Stop[] = [];
  onStop((reason) => shutDown(stops, log, reason));
  try {
    await start(config, log, stops);
  } catch (error) {
    await stopAll(stops, log);
    throw error;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`skein: ${explain(error)}\n`);
  process.exit(1);
});
