/**
 * `npm run faults -- --seeds N [--kills K] [--queue redis] [--json]`: kills API, worker and store (and Redis) under load, restarts
 * what was killed, and counts what was lost. Real processes, kill -9, a throwaway embedded server. Exit 1 where anything acknowledged
 * is missing, told twice under two numbers, out of order, or work took longer than 5 s to resume.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { openPool } from '../src/db.ts';
import { openEmbedded } from '../src/embedded-postgres.ts';
import { subscriptionTo } from '../test/deliver/support.ts';
import { numbersOf, type Posted, startReceiver } from '../test/support/receiver.ts';
import { referral } from './messages.ts';
import { freePort, type Running, start, untilReady } from './processes.ts';
import { say } from './report.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;
const SENDERS = 4;
const SUBSCRIPTIONS = 2;
const BETWEEN_MS = 1_500;
const RESUME_MS = 5_000;
const SETTLE_MS = 60_000;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '10' },
    kills: { type: 'string', default: '5' },
    queue: { type: 'string', default: 'postgres' },
  },
});

type Target = 'api' | 'worker' | 'store' | 'redis';
type Verdict = {
  seed: number;
  kills: Record<string, number>;
  acknowledged: number;
  lost: number;
  storedTwice: number;
  undelivered: number;
  gaps: number;
  outOfOrder: number;
  maxResumeAckMs: number;
  maxResumeDeliveryMs: number;
};

/** Mulberry32: the same seed kills the same things in the same order. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

/** Posts until the message is acknowledged: the same ids and body each time, as a sender that retries does. */
async function sendOne(url: string, n: number): Promise<void> {
  const { body, headers } = referral(n);
  for (;;) {
    const status = await request(`${url}/fhir/$process-message`, { method: 'POST', headers, body }).then(
      async ({ statusCode, body: answer }) => {
        await answer.dump();
        return statusCode;
      },
      () => 0,
    );
    if (status === 200 || status === 409) return;
    if (status !== 0 && status < 500) throw new Error(`referral ${n} was answered ${status}`);
    await pause(50);
  }
}

/** API, worker and store of one seed, restarted as a supervisor would. */
class Site {
  readonly dataDir: string;
  readonly port: number;
  readonly redisPort: number;
  #api: Running | undefined;
  #worker: Running | undefined;
  #redis: ReturnType<typeof spawn> | undefined;

  constructor(dataDir: string, port: number, redisPort: number) {
    this.dataDir = dataDir;
    this.port = port;
    this.redisPort = redisPort;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  #env(roles: string, port: number): Record<string, string> {
    const queue: Record<string, string> = this.redisPort ? { REDIS_URL: `redis://127.0.0.1:${this.redisPort}` } : {};
    const own = {
      DATA_DIR: this.dataDir,
      ROLES: roles,
      PORT: String(port),
      WEBHOOK_ALLOW: '127.0.0.1',
      LOG_LEVEL: 'warn',
    };
    return { ...own, ...queue };
  }

  async begin(): Promise<void> {
    if (this.redisPort) this.startRedis();
    this.startApi();
    await untilReady(this.#api as Running, `${this.url}/health/ready`, 60);
    this.startWorker();
  }

  startApi(): void {
    this.#api = start(MAIN, this.#env('api', this.port));
  }

  startWorker(): void {
    this.#worker = start(MAIN, this.#env('worker', 0));
  }

  startRedis(): void {
    const settings = ['--port', String(this.redisPort), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1'];
    this.#redis = spawn('redis-server', settings, { stdio: 'ignore' });
  }

  /** kill -9, and the restart that follows; the store is brought back by whoever notices first. */
  async kill(target: Target): Promise<void> {
    if (target === 'api') await this.#api?.kill('SIGKILL').then(() => this.startApi());
    if (target === 'worker') await this.#worker?.kill('SIGKILL').then(() => this.startWorker());
    if (target === 'store') {
      const pid = await readFile(join(await this.#cluster(), 'data', 'postmaster.pid'), 'utf8');
      process.kill(Number(pid.split('\n')[0]), 'SIGKILL');
    }
    if (target === 'redis') {
      this.#redis?.kill('SIGKILL');
      this.startRedis();
    }
  }

  async #cluster(): Promise<string> {
    const { home, stop } = await openEmbedded(this.dataDir);
    await stop();
    return home;
  }

  async end(): Promise<void> {
    await this.#worker?.kill();
    await this.#api?.kill();
    this.#redis?.kill('SIGKILL');
  }
}

type Load = { acknowledged: Set<number>; lastAck: () => number; stop: () => Promise<void> };

function startSenders(url: string, first: number): Load {
  const acknowledged = new Set<number>();
  let next = first;
  let last = 0;
  let going = true;
  const loops = Array.from({ length: SENDERS }, async () => {
    while (going) {
      const n = next++;
      await sendOne(url, n);
      acknowledged.add(n);
      last = performance.now();
      await pause(20);
    }
  });
  return {
    acknowledged,
    lastAck: () => last,
    stop: async () => {
      going = false;
      await Promise.all(loops);
    },
  };
}

async function waitFor(done: () => boolean | Promise<boolean>, ms: number): Promise<number> {
  const started = performance.now();
  while (!(await done()) && performance.now() - started < ms) await pause(10);
  return performance.now() - started;
}

async function subscribe(url: string, endpoint: string): Promise<void> {
  const body = JSON.stringify(subscriptionTo(endpoint));
  const headers = { 'content-type': 'application/fhir+json' };
  const { statusCode, body: answer } = await request(`${url}/fhir/Subscription`, { method: 'POST', headers, body });
  const text = await answer.text();
  if (statusCode !== 201) throw new Error(`no subscription: ${statusCode} ${text}`);
}

const notified = (posts: Posted[], path: string) =>
  posts.filter((post) => post.path === path && numbersOf([post]).length > 0);

async function runSeed(seed: number): Promise<Verdict> {
  const random = generator(seed);
  const dataDir = await mkdtemp(join(tmpdir(), 'skein-faults-'));
  // As root the server runs as another user, who must be able to pass.
  await chmod(dataDir, 0o755);
  const site = new Site(dataDir, await freePort(), values.queue === 'redis' ? await freePort() : 0);
  const receiver = await startReceiver();
  const targets: Target[] = ['api', 'worker', 'store', ...(values.queue === 'redis' ? (['redis'] as const) : [])];
  const verdict = { seed, kills: {} as Record<string, number>, maxResumeAckMs: 0, maxResumeDeliveryMs: 0 };
  try {
    await site.begin();
    for (let hook = 0; hook < SUBSCRIPTIONS; hook++) await subscribe(site.url, `${receiver.url}/${hook}`);
    const load = startSenders(site.url, seed * 10_000);
    await waitFor(() => notified(receiver.posts, '/0').length > 0, SETTLE_MS);
    for (let kill = 0; kill < Number(values.kills); kill++) {
      await pause(BETWEEN_MS * (0.5 + random()));
      const target = targets[Math.floor(random() * targets.length)] as Target;
      await site.kill(target);
      verdict.kills[target] = (verdict.kills[target] ?? 0) + 1;
      const at = performance.now();
      // What was sent before the kill and is still on its way does not count as resumed.
      await waitFor(() => load.lastAck() > at, SETTLE_MS);
      const ackMs = load.lastAck() - at;
      await waitFor(() => (notified(receiver.posts, '/0').at(-1)?.at ?? 0) > at, SETTLE_MS);
      const deliveryMs = performance.now() - at;
      say(
        `seed ${seed}: killed ${target}; acknowledged again after ${Math.round(ackMs)} ms, delivered after ${Math.round(deliveryMs)} ms`,
      );
      verdict.maxResumeAckMs = Math.max(verdict.maxResumeAckMs, Math.round(ackMs));
      verdict.maxResumeDeliveryMs = Math.max(verdict.maxResumeDeliveryMs, Math.round(deliveryMs));
    }
    await load.stop();
    return { ...verdict, ...(await judge(dataDir, load.acknowledged, receiver.posts)) };
  } finally {
    await site.end();
    await receiver.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

type Judged = Pick<Verdict, 'acknowledged' | 'lost' | 'storedTwice' | 'undelivered' | 'gaps' | 'outOfOrder'>;

/** Waits until nothing is pending, then holds the store and the receivers against what was acknowledged. */
async function judge(dataDir: string, acknowledged: Set<number>, posts: Posted[]): Promise<Judged> {
  const embedded = await openEmbedded(dataDir);
  const pool = openPool(embedded.url);
  const count = async (sql: string) =>
    Number((await pool.query<{ n: string }>(`select count(*) as n from ${sql}`)).rows[0]?.n);
  try {
    await waitFor(async () => (await count('outbox')) + (await count('pending')) === 0, SETTLE_MS);
    const told = await pool.query<{ id: string; last: string }>(
      'select endpoint as id, last_number as last from subscription',
    );
    await waitFor(() => told.rows.every(({ id, last }) => received(posts, id).has(Number(last))), SETTLE_MS);
    const stored = await pool.query<{ identifier: string; n: string }>(
      `select i.identifier, count(r.id) as n from intake i left join record r on r.message_id = i.message_id
       where i.status = 'accepted' group by i.identifier`,
    );
    const records = new Map(stored.rows.map(({ identifier, n }) => [identifier, Number(n)]));
    const idOf = (n: number) => {
      const { headers } = referral(n);
      return `${headers['x-request-id']}|${headers['x-correlation-id']}`;
    };
    const referrals = await count("resource where type = 'ServiceRequest'");
    const received0 = told.rows.map(({ id, last }) => ({ last: Number(last), numbers: received(posts, id) }));
    return {
      acknowledged: acknowledged.size,
      lost: [...acknowledged].filter((n) => !records.get(idOf(n))).length + Math.max(0, acknowledged.size - referrals),
      storedTwice: [...records.values()].filter((n) => n > 1).length + Math.max(0, referrals - acknowledged.size),
      // Every referral is told once: referral-received is one event a referral, to each subscription of the operator.
      undelivered: received0.reduce((sum, { last }) => sum + Math.max(0, acknowledged.size - last), 0),
      gaps: received0.reduce((sum, { last, numbers }) => sum + (last - numbers.size), 0),
      outOfOrder: told.rows.reduce((sum, { id }) => sum + disorder(posts, id), 0),
    };
  } finally {
    await pool.end();
    await embedded.stop();
  }
}

const pathOf = (endpoint: string) => new URL(endpoint).pathname;
const received = (posts: Posted[], endpoint: string) => new Set(numbersOf(notified(posts, pathOf(endpoint))));

/** Numbers that came for the first time after a higher one. A retry of one already seen is no disorder. */
function disorder(posts: Posted[], endpoint: string): number {
  const seen = new Set<number>();
  let highest = 0;
  let count = 0;
  for (const number of numbersOf(notified(posts, pathOf(endpoint)))) {
    if (!seen.has(number) && number < highest) count++;
    seen.add(number);
    highest = Math.max(highest, number);
  }
  return count;
}

const verdicts: Verdict[] = [];
for (let seed = 1; seed <= Number(values.seeds); seed++) verdicts.push(await runSeed(seed));
const sum = (read: (verdict: Verdict) => number) => verdicts.reduce((total, verdict) => total + read(verdict), 0);
const byTarget: Record<string, number> = {};
for (const { kills } of verdicts)
  for (const [target, n] of Object.entries(kills)) byTarget[target] = (byTarget[target] ?? 0) + n;
const report = {
  queue: values.queue,
  seeds: verdicts.length,
  kills: Object.values(byTarget).reduce((total, n) => total + n, 0),
  byTarget,
  acknowledged: sum(({ acknowledged }) => acknowledged),
  lost: sum(({ lost }) => lost),
  storedTwice: sum(({ storedTwice }) => storedTwice),
  undelivered: sum(({ undelivered }) => undelivered),
  gaps: sum(({ gaps }) => gaps),
  outOfOrder: sum(({ outOfOrder }) => outOfOrder),
  maxResumeAckMs: Math.max(...verdicts.map(({ maxResumeAckMs }) => maxResumeAckMs)),
  maxResumeDeliveryMs: Math.max(...verdicts.map(({ maxResumeDeliveryMs }) => maxResumeDeliveryMs)),
};
process.stdout.write(
  values.json
    ? `${JSON.stringify(report, null, 2)}\n`
    : `${Object.entries(report)
        .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
        .join('\n')}\n`,
);
const { lost, storedTwice, undelivered, gaps, outOfOrder, maxResumeAckMs, maxResumeDeliveryMs } = report;
if (
  lost + storedTwice + undelivered + gaps + outOfOrder > 0 ||
  Math.max(maxResumeAckMs, maxResumeDeliveryMs) > RESUME_MS
)
  process.exitCode = 1;
