/** Messages taken in per second, through the whole pipeline, beside a floor that only writes the same rows and a bare one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureSaves } from './capture.ts';
import { drive, type Outcome, openMllp, openPoster, type Poster } from './load.ts';
import { admission, Supply } from './messages.ts';
import { cpuSeconds, freePort, type Running, start, untilReady } from './processes.ts';
import { referral } from './referral.ts';
import { median, type Options, say } from './report.ts';
import { startSkein } from './skein.ts';
import { openBench } from './stages.ts';
import {
  backendCpu,
  countRows,
  createDatabase,
  type Database,
  type Postgres,
  readCounters,
} from './store.ts';

export type Figures = Outcome & {
  /** Milliseconds of CPU per message, by process. */
  cpuMs: Record<string, number>;
  walBytes: number;
};
/** One thing measured: where to send, and whose CPU and database to watch. */
export type Target = {
  name: string;
  db: Database;
  processes: Record<string, number>;
  open: (concurrency: number) => Promise<Poster>;
  supply: Supply<unknown>;
};

const CAPTURED = 24;
/** People of whom something is stored, for messages about known families, and the number of the first. */
const KNOWN = { first: 600_000, count: 2_000 };
/** Messages made before each measurement, so that the client is not busy making them meanwhile. */
const MOST_PER_SECOND = 600;
/** V8 takes some thousand messages to compile what is hot; a server runs for months. */
const WARM_UP = { concurrency: 8, seconds: 20 };

export async function measure(target: Target, concurrency: number, seconds: number): Promise<Figures> {
  const poster = await target.open(concurrency);
  target.supply.stock(Math.ceil(seconds * MOST_PER_SECOND));
  const readCpu = () =>
    Object.entries(target.processes).map(([name, pid]) => [name, cpuSeconds(pid) ?? 0] as const);
  const before = { counters: await readCounters(target.db), cpu: new Map(readCpu()) };
  const outcome = await drive(poster.send, { concurrency, seconds });
  const after = { counters: await readCounters(target.db), cpu: readCpu() };
  await poster.close();
  const each = (value: number) => value / Math.max(1, outcome.count);
  const cpu = after.cpu.map(([name, spent]) => [name, each((spent - (before.cpu.get(name) ?? 0)) * 1000)]);
  const postgres = backendCpu(before.counters, after.counters);
  const walBytes = each(after.counters.walBytes - before.counters.walBytes);
  return {
    ...outcome,
    cpuMs: { ...Object.fromEntries(cpu), ...(postgres === null ? {} : { postgres: each(postgres * 1000) }) },
    walBytes,
  };
}

/** Median of every figure over the rounds. */
function summarise(rounds: Figures[]): Figures {
  const [first] = rounds as [Figures, ...Figures[]];
  const over = (read: (figures: Figures) => number) => median(rounds.map(read));
  return {
    count: over(({ count }) => count),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    seconds: over(({ seconds }) => seconds),
    perSecond: over(({ perSecond }) => perSecond),
    p50: over(({ p50 }) => p50),
    p99: over(({ p99 }) => p99),
    cpuMs: Object.fromEntries(
      Object.keys(first.cpuMs).map((name) => [name, over(({ cpuMs }) => cpuMs[name] ?? 0)]),
    ),
    walBytes: over(({ walBytes }) => walBytes),
  };
}

/** `tuples`: rows that one message leaves in the store. */
export type Ingest = { concurrency: number; target: string; figures: Figures; tuples: number }[];

/** Every target at every concurrency, turn by turn in each round, so that a slow minute of the machine slows them all. */
export async function measureAll(targets: Target[], { rounds, seconds }: Options): Promise<Ingest> {
  const found = new Map<string, Figures[]>();
  const tuples = new Map<string, number>();
  for (const target of targets) {
    const before = await countRows(target.db);
    const { count } = await measure(target, WARM_UP.concurrency, WARM_UP.seconds);
    tuples.set(target.name, ((await countRows(target.db)) - before) / count);
    await target.db.pool.query('analyze');
  }
  for (let round = 1; round <= rounds; round++) {
    for (const concurrency of [1, 8, 32]) {
      for (const target of targets) {
        const figures = await measure(target, concurrency, seconds);
        const key = `${target.name} ${concurrency}`;
        found.set(key, [...(found.get(key) ?? []), figures]);
        say(
          `round ${round}: ${target.name} at ${concurrency}: ${figures.perSecond.toFixed(0)}/s, ${figures.failed} failed`,
        );
      }
    }
  }
  return [...found].map(([key, figures]) => {
    const [target = '', concurrency] = key.split(' ');
    return {
      target,
      concurrency: Number(concurrency),
      figures: summarise(figures),
      tuples: tuples.get(target) ?? 0,
    };
  });
}

/** A process that writes what Skein writes for a referral, and nothing else. */
async function startFloor(db: Database, file: string): Promise<{ url: string; running: Running }> {
  const port = await freePort();
  const running = start(
    'bench/floor-server.ts',
    { DATABASE_URL: db.url, PORT: String(port), NODE_ENV: 'production' },
    [file],
  );
  await untilReady(running, `http://127.0.0.1:${port}/health/ready`);
  return { url: `http://127.0.0.1:${port}`, running };
}

/** The first message about everybody whose family is to be known. */
async function introduce(open: Target['open']): Promise<void> {
  const lanes = 8;
  const { send, close } = await open(lanes);
  let left = KNOWN.count;
  const runLane = async (lane: number) => {
    while (left-- > 0) if (!(await send(lane))) throw new Error('a first message was not accepted');
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)));
  await close();
}

export async function benchIngest(server: Postgres, options: Options): Promise<Ingest> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-bench-'));
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
  const openDatabase = async () => {
    const db = await createDatabase(server);
    stops.push(() => db.drop());
    return db;
  };
  try {
    const file = join(folder, 'captured.json');
    const scratch = await openDatabase();
    await writeFile(
      file,
      JSON.stringify(await captureSaves(await openBench(scratch, 'referral'), 'referral', CAPTURED)),
    );
    const [floorDb, skeinDb] = [await openDatabase(), await openDatabase()];
    const floor = await startFloor(floorDb, file);
    stops.push(() => floor.running.kill());
    const skein = await startSkein(skeinDb);
    stops.push(...Object.values(skein.running).map((running) => () => running.kill()));
    const referrals = new Supply(referral);
    const admissions = new Supply(admission);
    // The first message about each is sent before anything is measured.
    const toKnown = (n: number) => ({ person: KNOWN.first + (n % KNOWN.count) });
    const secondReferrals = new Supply((n) => referral(n, toKnown(n)), KNOWN.first);
    const secondAdmissions = new Supply((n) => admission(n, toKnown(n)), KNOWN.first);
    const post = (url: string) => async (concurrency: number) =>
      openPoster(url, concurrency, () => referrals.next());
    const floorPid = { api: floor.running.pid };
    const skeinPids = Object.fromEntries(Object.entries(skein.running).map(([name, { pid }]) => [name, pid]));
    const mllp = (supply: Supply<string>) => (concurrency: number) =>
      openMllp(skein.mllpPort, concurrency, () => supply.next());
    const messageUrl = `${skein.url}/fhir/$process-message`;
    const known = async (concurrency: number) =>
      openPoster(messageUrl, concurrency, () => secondReferrals.next());
    for (const open of [known, mllp(secondAdmissions)]) await introduce(open);
    return await measureAll(
      [
        {
          name: 'bare',
          db: floorDb,
          processes: floorPid,
          open: post(`${floor.url}/bare`),
          supply: referrals,
        },
        {
          name: 'floor',
          db: floorDb,
          processes: floorPid,
          open: post(`${floor.url}/floor`),
          supply: referrals,
        },
        {
          name: 'skein',
          db: skeinDb,
          processes: skeinPids,
          open: post(messageUrl),
          supply: referrals,
        },
        { name: 'known', db: skeinDb, processes: skeinPids, open: known, supply: secondReferrals },
        { name: 'mllp', db: skeinDb, processes: skeinPids, open: mllp(admissions), supply: admissions },
        {
          name: 'mllp-known',
          db: skeinDb,
          processes: skeinPids,
          open: mllp(secondAdmissions),
          supply: secondAdmissions,
        },
      ],
      options,
    );
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}
