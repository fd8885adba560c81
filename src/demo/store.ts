/** Makes a fresh database for each run, in the embedded server. Demos that run at once have one each. */
import pg from 'pg';
import { type Embedded, openEmbedded } from '../store/embedded.ts';

const LOCK = 5_170_100;
const MOST_AT_ONCE = 9;

type DemoStore = { url: string; database: string; home: string; others: number; close: () => Promise<void> };

/**
 * An advisory lock marks a database as in use. It ends with its connection, so a killed demo blocks nothing.
 */
export async function openDemoStore(dataDir: string, notice: (text: string) => void): Promise<DemoStore> {
  const embedded = await openEmbedded(dataDir, notice);
  const keeper = new pg.Client({
    connectionString: embedded.url,
    application_name: 'skein demo',
    keepAlive: true,
  });
  keeper.on('error', () => notice('the demo lost its hold on its database'));
  await keeper.connect();
  const place = await takePlace(keeper);
  const database = place === 0 ? 'skein_demo' : `skein_demo_${place + 1}`;
  await keeper.query(`drop database if exists ${database} with (force)`);
  await keeper.query(`create database ${database} template template0 encoding 'UTF8' locale 'C'`);
  const close = () => closeAll(keeper, embedded);
  return { url: withDatabase(embedded.url, database), database, home: embedded.home, others: place, close };
}

async function takePlace(keeper: pg.Client): Promise<number> {
  for (let place = 0; place < MOST_AT_ONCE; place++) {
    const { rows } = await keeper.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [
      LOCK + place,
    ]);
    if (rows[0]?.got) return place;
  }
  throw new Error(`${MOST_AT_ONCE} demos are running already: stop one of them with Ctrl-C`);
}

async function closeAll(keeper: pg.Client, embedded: Embedded): Promise<void> {
  await keeper.end();
  await embedded.stop();
}

function withDatabase(url: string, database: string): string {
  const copy = new URL(url);
  copy.pathname = `/${database}`;
  return copy.href;
}
