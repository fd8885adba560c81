/** Real processes under fire: each request is made from the seed and its place, and each answer is judged. */
import { request } from 'undici';
import { addSystem } from '../../src/access/register/systems.ts';
import { readKey } from '../../src/store/pool.ts';
import { seeded } from '../faults/random.ts';
import { memoryOf as memoryOfProcess } from '../processes.ts';
import { say } from '../report.ts';
import { type Skein, startSkein } from '../skein.ts';
import { createDatabase, type Database, type Postgres } from '../store.ts';
import { subscriptionTo } from '../subscription.ts';
import type { Kind } from './aim.ts';
import { type Example, readCorpus } from './corpus.ts';
import { faultOf } from './judge.ts';
import { OF_MESSAGES } from './kinds-of-messages.ts';
import { OF_REQUESTS } from './kinds-of-requests.ts';
import { type Shot, shoot } from './shot.ts';

/** `only`: one case alone, to see it again. */
export type Plan = { seed: number; seconds: number; only?: number };
export type Failure = {
  seed: number;
  case: number;
  kind: string;
  fault: string;
  sent: string;
  answer: string;
};
/** MB of memory that is the process's own (RSS): at rest before, when all was sent, and the most there was. */
export type Memory = { beforeMb: number; afterMb: number; peakMb: number };
export type Report = {
  seed: number;
  seconds: number;
  requests: number;
  kinds: Record<string, number>;
  statuses: Record<string, number>;
  memory: Record<string, Memory>;
  /** Everything that must not be; a run without any has passed. */
  failures: Failure[];
  broken: string[];
};

const KINDS: Record<string, Kind> = { ...OF_MESSAGES, ...OF_REQUESTS };
const NAMES = Object.keys(KINDS);
/** Requests in flight at once. */
const LANES = 4;
/** The most memory that a process may ever have. */
const MOST_MB: Record<string, number> = { api: 1_024, worker: 512 };
const KEPT = 20;

export async function fuzz(server: Postgres, plan: Plan): Promise<Report> {
  const corpus = await readCorpus();
  const db = await createDatabase(server);
  await registerSenders(db, corpus);
  const skein = await startSkein(db);
  try {
    const ids = await prepare(skein.url, corpus);
    const range = { plan, corpus, ids, skein };
    const before = memoryOf(skein);
    const report = await fire(range);
    const broken = await findBroken(skein);
    const memory = Object.fromEntries(
      [...memoryOf(skein)].map(([name, { now, peak }]) => {
        return [name, { beforeMb: before.get(name)?.now ?? 0, afterMb: now, peakMb: peak }];
      }),
    );
    const fat = Object.entries(memory).filter(([name, { peakMb }]) => peakMb > (MOST_MB[name] ?? 0));
    const large = fat.map(([name, { peakMb }]) => `${name} had ${peakMb} MB of at most ${MOST_MB[name]}`);
    return { ...report, memory, broken: [...broken, ...large] };
  } finally {
    for (const running of Object.values(skein.running)) await running.kill();
    await db.drop();
  }
}

/** A sender for each source, named like it. */
async function registerSenders({ pool }: Database, corpus: Example[]): Promise<void> {
  const key = await readKey(pool);
  for (const source of new Set(corpus.map((example) => example.source))) {
    const service = { ods: 'RXF', team: source, sector: 'maternity', kind: null };
    await addSystem(pool, key, { name: source, source, ...service });
  }
}

/** The examples as they are, so that there is something to ask for; and whom it may be asked of. */
async function prepare(url: string, corpus: Example[]): Promise<Record<string, string>> {
  for (const { source, text } of corpus.filter((example) =>
    /^hl7v2-adt|^fhir-r4|^third/.test(example.source),
  ))
    await call(`${url}/intake/${source}`, text, { hl7: 'application/hl7-v2' }[source] ?? typeFor(source));
  const whole = JSON.stringify(subscriptionTo('http://127.0.0.1:1/fuzz', 'id-only'));
  const made = await call(`${url}/fhir/Subscription`, whole, 'application/fhir+json');
  const ids: Record<string, string> = { Subscription: String(made.id) };
  for (const type of ['Patient', 'Group']) {
    const answer = await request(`${url}/fhir/${type}?_count=1`);
    const found = (await answer.body.json()) as { entry?: { resource: { id: string } }[] };
    ids[type] = found.entry?.[0]?.resource.id ?? '';
  }
  if (Object.values(ids).some((id) => id === ''))
    throw new Error(`there is nothing to ask: ${JSON.stringify(ids)}`);
  return ids;
}

const typeFor = (source: string): string => {
  if (source.startsWith('hl7v2')) return 'application/hl7-v2';
  if (source === 'fhir-r4') return 'application/fhir+json';
  return source.endsWith('csv') ? 'text/csv' : 'application/json';
};

async function call(url: string, body: string, type: string): Promise<{ id?: string }> {
  const answer = await request(url, { method: 'POST', body, headers: { 'content-type': type } });
  const text = await answer.body.text();
  return /json/.test(String(answer.headers['content-type'])) ? (JSON.parse(text) as { id?: string }) : {};
}

type Range = { plan: Plan; corpus: Example[]; ids: Record<string, string>; skein: Skein };

export function caseOf(
  { corpus, ids }: Pick<Range, 'corpus' | 'ids'>,
  seed: number,
  n: number,
): [string, Shot] {
  const kind = NAMES[n % NAMES.length] as string;
  const random = seeded(seed * 1_000_003 + n);
  return [kind, (KINDS[kind] as Kind)({ random, corpus, ids, n })];
}

async function fire(range: Range): Promise<Omit<Report, 'memory' | 'broken'>> {
  const { seed, seconds, only } = range.plan;
  const kinds: Record<string, number> = {};
  const statuses: Record<string, number> = {};
  const failures: Failure[] = [];
  const count = (of: Record<string, number>, name: string) => (of[name] = (of[name] ?? 0) + 1);
  const end = performance.now() + seconds * 1_000;
  let next = only ?? 0;
  const isDone = () =>
    (only === undefined ? performance.now() > end : next > only) || failures.length >= KEPT;
  const runLane = async () => {
    while (!isDone()) {
      const n = next++;
      const [kind, shot] = caseOf(range, seed, n);
      const { fault, status, answer } = await tryOne(shot, range.skein);
      count(kinds, kind);
      count(statuses, String(status));
      if (!fault) continue;
      failures.push({ seed, case: n, kind, fault, sent: JSON.stringify(shot).slice(0, 2_000), answer });
      say(`case ${n} (${kind}): ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, runLane));
  const requests = Object.values(kinds).reduce((sum, one) => sum + one, 0);
  return { seed, seconds, requests, kinds, statuses, failures };
}

async function tryOne(
  shot: Shot,
  skein: Skein,
): Promise<{ fault: string | null; status: number; answer: string }> {
  try {
    const reply = await shoot(shot, skein);
    return { fault: faultOf(reply), status: reply.status, answer: reply.text.slice(0, 500) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { code } = error as NodeJS.ErrnoException;
    return { fault: `no answer: ${code ?? error.name}`, status: 0, answer: error.message };
  }
}

/** Processes that are not there any more, or that do not say that they are ready. */
async function findBroken({ url, running }: Skein): Promise<string[]> {
  const ended = Object.entries(running).filter(
    ([, { child }]) => child.exitCode !== null || child.signalCode !== null,
  );
  const ready = await request(`${url}/health/ready`).then(
    async ({ statusCode, body }) => body.dump().then(() => statusCode),
    (error: Error) => error.message,
  );
  return [...ended.map(([name]) => `${name} has ended`), ...(ready === 200 ? [] : [`not ready: ${ready}`])];
}

function memoryOf({ running }: Skein): Map<string, { now: number; peak: number }> {
  return new Map(
    Object.entries(running).flatMap(([name, { pid }]) => {
      const memory = memoryOfProcess(pid);
      return memory ? [[name, memory]] : [];
    }),
  );
}
