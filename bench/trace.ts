/** What tracing costs: referrals taken in with and without a collector, by two installations in turn. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Ingest, measureAll, type Target } from './ingest.ts';
import { openPoster } from './load.ts';
import { Supply } from './messages.ts';
import { referral } from './referral.ts';
import type { Options } from './report.ts';
import { startSkein } from './skein.ts';
import { createDatabase, type Postgres } from './store.ts';

/** It takes whatever is exported, and counts it by request. */
async function startCollector() {
  let exports = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      exports++;
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, exports: () => exports, close: () => server.close() };
}

export async function benchTrace(server: Postgres, options: Options): Promise<Ingest> {
  const stops: (() => unknown)[] = [];
  const collector = await startCollector();
  stops.push(collector.close);
  const openTarget = async (name: string, env: Record<string, string>): Promise<Target> => {
    const db = await createDatabase(server);
    stops.push(() => db.drop());
    const { url, running } = await startSkein(db, env);
    stops.push(...Object.values(running).map((one) => () => one.kill()));
    const supply = new Supply(referral);
    const processes = { api: running.api.pid, worker: running.worker.pid };
    const open = async (concurrency: number) =>
      openPoster(`${url}/fhir/$process-message`, concurrency, () => supply.next());
    return { name, db, processes, open, supply };
  };
  try {
    const off = await openTarget('off', {});
    const on = await openTarget('on', { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const found = await measureAll([off, on], options);
    if (collector.exports() === 0) throw new Error('nothing was exported');
    return found;
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}
