/** Ingest and search with more and more families stored: what a store of years does to the message of today. */
import { Pool } from 'undici';
import { measure, type Target } from './ingest.ts';
import { drive, openPoster } from './load.ts';
import { person, Supply } from './messages.ts';
import { referral } from './referral.ts';
import { median, type Options, say } from './report.ts';
import { REAL, seedFamilies } from './seed.ts';
import { type Skein, startSkein } from './skein.ts';
import { createDatabase, type Database, type Postgres } from './store.ts';

export type Growth = { families: number; ingest: number; searches: Record<string, number> };
type Grown = {
  families: number;
  known: Known[];
  db: Database;
  skein: Skein;
  target: Target;
  rates: number[];
  searches: Map<string, number[]>;
};

const CONCURRENCY = 8;
/** Numbers of new people, past those that were seeded. */
const FIRST_NEW = 10_000;

/** By what a client has in hand: an NHS number, a Patient id, a referral's number; and the first page of a common code. */
const SEARCHES: Record<string, (known: Known) => string> = {
  'Patient?identifier': ({ nhs }) => `Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`,
  'EpisodeOfCare?patient': ({ patient }) => `EpisodeOfCare?patient=Patient/${patient}`,
  'ServiceRequest?identifier&_include': ({ number }) =>
    `ServiceRequest?identifier=https://hv.example/Id/referral|REF-${number}&_include=ServiceRequest:subject`,
  'EpisodeOfCare?status': () => 'EpisodeOfCare?status=planned&_count=20',
};
type Known = { number: number; nhs: string; patient: string };

/** Each size has a database and a Skein of its own; they are measured in turn, so that the machine's slow minutes are shared. */
export async function benchGrowth(
  server: Postgres,
  options: Options & { families: number[] },
): Promise<Growth[]> {
  const grown: Grown[] = [];
  try {
    for (const families of options.families) grown.push(await grow(server, families));
    for (let round = 0; round <= options.rounds; round++) {
      for (const one of grown) await measureOne(one, options.seconds, round > 0);
    }
    return grown.map(({ families, rates, searches }) => ({
      families,
      ingest: median(rates),
      searches: Object.fromEntries([...searches].map(([name, found]) => [name, median(found)])),
    }));
  } finally {
    for (const { skein, db } of grown) {
      for (const running of Object.values(skein.running)) await running.kill();
      await db.drop();
    }
  }
}

async function grow(server: Postgres, families: number): Promise<Grown> {
  const db = await createDatabase(server);
  const started = performance.now();
  await seedFamilies(db, families);
  const { rows } = await db.pool.query<{ size: string }>(
    'select pg_size_pretty(pg_database_size(current_database())) as size',
  );
  say(
    `${families} families, ${rows[0]?.size}, seeded in ${((performance.now() - started) / 1000).toFixed(0)} s`,
  );
  const skein = await startSkein(db);
  const supply = new Supply(referral, FIRST_NEW);
  const open = async (concurrency: number) =>
    openPoster(`${skein.url}/fhir/$process-message`, concurrency, () => supply.next());
  const target = { name: String(families), db, processes: { api: skein.running.api.pid }, open, supply };
  return { families, known: await findKnown(db), db, skein, target, rates: [], searches: new Map() };
}

/** The real families of the seed, which every database has. */
async function findKnown(db: Database): Promise<Known[]> {
  const { rows } = await db.pool.query<{ id: string }>(
    "select id from resource where type = 'Patient' order by row_id limit $1",
    [REAL],
  );
  return rows.map(({ id }, number) => ({ number, nhs: person(number).nhs, patient: id }));
}

/** The first round warms up and is not kept. */
async function measureOne(
  { families, known, skein, target, rates, searches }: Grown,
  seconds: number,
  kept: boolean,
): Promise<void> {
  const { perSecond, failed } = await measure(target, CONCURRENCY, seconds);
  if (failed > 0) throw new Error(`${failed} referrals were not accepted`);
  if (kept) rates.push(perSecond);
  say(`${families} families: ${perSecond.toFixed(0)} referrals/s`);
  for (const [name, query] of Object.entries(SEARCHES)) {
    const rate = await search(skein.url, known.map(query), seconds / 2);
    if (kept) searches.set(name, [...(searches.get(name) ?? []), rate]);
  }
}

async function search(url: string, queries: string[], seconds: number): Promise<number> {
  const pool = new Pool(url, { connections: CONCURRENCY, pipelining: 1 });
  let n = 0;
  const send = async () => {
    const { statusCode, body } = await pool.request({
      path: encodeURI(`/fhir/${queries[n++ % queries.length]}`),
      method: 'GET',
    });
    const text = await body.text();
    return statusCode === 200 && text.includes('"entry":[{');
  };
  const { perSecond, failed } = await drive(send, { concurrency: CONCURRENCY, seconds });
  await pool.close();
  if (failed > 0) throw new Error(`${failed} searches found nothing`);
  return perSecond;
}
