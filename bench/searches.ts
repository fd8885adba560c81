/** Searches of services by how much they may see: all of a large caseload, or nothing of a large store. */
import { Pool } from 'undici';
import { addSystem } from '../src/access/register/systems.ts';
import { readKey } from '../src/store/pool.ts';
import { median, type Options, round, say } from './report.ts';
import { seedFamilies } from './seed.ts';
import { startSkein } from './skein.ts';
import { createDatabase, type Database, type Postgres } from './store.ts';

/** Patients of the service with a caseload; nobody's but other services' are as many again. */
const CASELOAD = 10_000;
const STRANGER = 'stranger';
const TEAM = { sector: 'specialist-perinatal', kind: null, source: 'fhir-r4' };

/** By who asks. A `trivial` read of nothing is what the ratios are to. */
const SEARCHES: [reader: 'caseload' | 'stranger', query: string][] = [
  ['caseload', 'Group'],
  ['caseload', 'Patient?family=test&_count=20'],
  ['caseload', 'EpisodeOfCare?_sort=-date'],
  ['caseload', 'EpisodeOfCare?_sort=-_lastUpdated'],
  ['caseload', 'EpisodeOfCare?status=active&_sort=-date'],
  ['stranger', 'Group'],
  ['stranger', 'Patient'],
  ['stranger', 'Patient?family=test'],
  ['stranger', 'EpisodeOfCare'],
  ['stranger', 'EpisodeOfCare?_sort=-date'],
  ['stranger', 'EpisodeOfCare?_sort=-_lastUpdated'],
  ['stranger', 'EpisodeOfCare?status=active'],
];

type Figure = { reader: string; search: string; p95Ms: number; toTrivial: number };

export async function benchSearches(server: Postgres, { rounds }: Options): Promise<Figure[]> {
  const db = await createDatabase(server);
  const readers = await fill(db);
  say(`a store of ${2 * CASELOAD} families, of which one service has ${CASELOAD}`);
  const skein = await startSkein(db);
  const pool = new Pool(skein.url, { connections: 1, pipelining: 1 });
  const trivial = async () => ask(pool, `/fhir/Patient/${crypto.randomUUID()}`, STRANGER, 404);
  try {
    const times = SEARCHES.map((): number[][] => []);
    const trivials: number[] = [];
    for (let turn = 0; turn <= rounds; turn++) {
      for (const [index, [reader, query]] of SEARCHES.entries()) {
        const search = () => ask(pool, `/fhir/${query}`, readers[reader], 200);
        const found = await timesOf(search);
        const floor = percentile(await timesOf(trivial));
        if (turn === 0) continue;
        times[index]?.push(found);
        trivials.push(floor);
      }
    }
    const floor = median(trivials);
    return SEARCHES.map(([reader, search], index) => {
      const p95 = median((times[index] ?? []).map(percentile));
      return { reader, search, p95Ms: round(p95, 1), toTrivial: round(p95 / floor, 1) };
    });
  } finally {
    await pool.close();
    for (const running of Object.values(skein.running)) await running.kill();
    await db.drop();
  }
}

/** Of the families that were referred to one service half are its own now, with an episode and a journey that it may know of. */
async function fill(db: Database): Promise<Record<'caseload' | 'stranger', string>> {
  await seedFamilies(db, 2 * CASELOAD);
  const key = await readKey(db.pool);
  const add = (name: string) => addSystem(db.pool, key, { name, ods: name, team: name, ...TEAM });
  const { system } = await add('caseload');
  await add(STRANGER);
  await db.pool.query(
    `update involvement set service = $1, state = 'open', since = now() where person in (
       select id from resource where type = 'Patient' order by row_id limit $2)`,
    [system.service.id, CASELOAD],
  );
  await db.pool.query(
    `update resource set service = $1::uuid, authors = array[$1::uuid], state = 'active',
       content = jsonb_set(content, '{status}', '"active"')
      where type = 'EpisodeOfCare' and persons[1] in (select person from involvement where service = $1)`,
    [system.service.id],
  );
  await db.pool.query(
    `update resource set sources = jsonb_build_object('care', jsonb_build_array(
         jsonb_build_object('service', $1::text, 'authors', jsonb_build_array($1::text))))
      where type = 'Group' and persons[1] in (select person from involvement where service = $1::uuid)`,
    [system.service.id],
  );
  await db.pool.query('vacuum analyze');
  return { caseload: 'caseload', stranger: STRANGER };
}

async function ask(pool: Pool, path: string, system: string, expected: number): Promise<void> {
  const { statusCode, body } = await pool.request({
    path: encodeURI(path),
    method: 'GET',
    headers: { 'x-skein-system': system },
  });
  const text = await body.text();
  if (statusCode !== expected) throw new Error(`${path} was answered ${statusCode}: ${text.slice(0, 300)}`);
}

const TIMES = 20;

async function timesOf(send: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < TIMES; n++) {
    const from = performance.now();
    await send();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b);
}

const percentile = (sorted: number[]): number => sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
