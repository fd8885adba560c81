import '../bin/check-node.js';
import { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import type { Context } from './context.ts';
import { registerSubscriptions } from './deliver/routes.ts';
import { startDelivery } from './deliver/worker.ts';
import { openLog } from './log.ts';
import { loadMappings } from './map/load-mappings.ts';
import { startSequencer } from './publish/sequencer.ts';
import { registerRead } from './read/routes.ts';
import { registerIntake } from './receive/http.ts';
import { startMllp } from './receive/mllp-server.ts';
import { openStore } from './store.ts';

const STOP_MS = 10_000;
const DAY_MS = 86_400_000;

type Stop = () => Promise<unknown>;

/** Opens what the configured roles need, in order. Each thing opened adds how it is stopped; they stop in reverse. */
async function start(config: Config, log: Logger, stops: Stop[]): Promise<void> {
  const mappings = await loadMappings();
  const { db, key, close } = await openStore(config, log);
  stops.push(close);
  const ctx: Context = { config, log, db, key, signals: new EventEmitter() };
  const pipeline = { ...ctx, mappings };
  const roles = new Set(config.ROLES);
  if (roles.has('worker')) {
    const sequencer = startSequencer(ctx);
    stops.push(() => sequencer.stop());
    const delivery = await startDelivery(ctx);
    stops.push(() => delivery.stop());
    stops.push(keepPartitions(ctx));
  }
  if (roles.has('mllp')) {
    const mllp = await startMllp(pipeline);
    stops.push(() => mllp.stop());
  }
  const app = buildApp(
    ctx,
    roles.has('api') ? [registerRead, (app) => registerIntake(app, pipeline), registerSubscriptions] : [],
  );
  stops.push(() => app.close());
  const url = await app.listen({ host: config.HOST, port: config.PORT });
  log.info(
    { event: 'ready', url, roles: config.ROLES, mllpPort: roles.has('mllp') ? config.MLLP_PORT : undefined },
    `ready: ${url}`,
  );
}

/** Months ahead always have their partitions. */
function keepPartitions({ db, log }: Context): Stop {
  const make = () =>
    db.query('select skein_partitions(2)').catch((error: unknown) => log.error({ event: 'partitions', err: error }));
  const timer = setInterval(make, DAY_MS);
  return async () => clearInterval(timer);
}

async function stopAll(stops: Stop[], log: Logger): Promise<void> {
  for (const stop of stops.reverse()) {
    await stop().catch((error: unknown) => log.error({ event: 'stop.failed', err: error }));
  }
}

/** The one line a person needs; stack traces help nobody who starts a server. */
function explain(error: unknown): string {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is taken: set PORT or MLLP_PORT, or stop what listens there`;
  return message.replaceAll('\n', ' ');
}

async function main(): Promise<void> {
  const stops: Stop[] = [];
  const config = readConfig(process.env);
  const log = openLog(config.LOG_LEVEL);
  process.on('uncaughtException', (error) => {
    log.fatal({ event: 'crash', err: error });
    process.exit(1);
  });
  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info({ event: 'stopping', reason: signal });
    setTimeout(() => {
      log.error({ event: 'stop.late' }, 'still busy after 10 s: leaving');
      process.exit(1);
    }, STOP_MS).unref();
    await stopAll(stops, log);
    log.info({ event: 'stopped' });
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    await start(config, log, stops);
  } catch (error) {
    if (stopping) return;
    await stopAll(stops, log);
    throw error;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`skein: ${explain(error)}\n`);
  process.exit(1);
});
