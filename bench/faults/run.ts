import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { addSystem } from '../../src/access/register/systems.ts';
import { readKey } from '../../src/store/pool.ts';
import { untilAnswers } from '../processes.ts';
import { say } from '../report.ts';
import { createDatabase, type Database, type Throwaway } from '../store.ts';
import { subscriptionTo } from '../subscription.ts';
import { Cast, type Victim } from './cast.ts';
import { Listener } from './listener.ts';
import { seeded } from './random.ts';
import { Senders } from './senders.ts';
import { countLeft } from './told.ts';
import { type Findings, verify } from './verify.ts';

/** Milliseconds since the kill. */
export type Kill = {
  victim: Victim;
  /** Until a message first sent after it was acknowledged. */
  ackMs: number;
  /** Until a notification sent after it was received. */
  deliveredMs: number;
  /** Until every subscriber had been told of that message: behind whatever was waiting before it. */
  toldMs: number;
};
export type Run = Findings & {
  seed: number;
  redis: boolean;
  kills: Kill[];
  crashes: string[];
  retries: number;
};
type Stage = { cast: Cast; senders: Senders; listener: Listener; probes: () => number };

const SYSTEMS = ['faults-a', 'faults-b'];
/** The operator's, told of everything with all of it. One more is the named receiver's: it is told of its referrals. */
const SUBSCRIBERS = 2;
const RECEIVER = { name: 'faults-receiver', ods: 'RXB', team: 'faults', sector: 'specialist-perinatal' };
const LANES = 4;
/** Time between kills, so that some hit a system at rest and some one that is still catching up. */
const CALM_MS = { least: 300, most: 2_000 };
const GIVE_UP_MS = 60_000;
/** What a killed worker had sent already may arrive this much later. */
const ON_THE_WIRE_MS = 50;
/** Probes have numbers that no sender reaches. */
const FIRST_PROBE = 400_000;

/** One seed: referrals and admissions under way, `count` kills, then everything is checked. */
export async function runSeed(
  server: Throwaway,
  seed: number,
  options: { redis: boolean; count: number },
): Promise<Run> {
  const { redis, count } = options;
  const db = await createDatabase(server);
  const listener = new Listener();
  const hook = await listener.listen();
  const cast = await Cast.open({ url: db.url, home: server.home, redis });
  const senders = new Senders(cast.url);
  let probe = FIRST_PROBE;
  const stage = { cast, senders, listener, probes: () => probe++ };
  try {
    await prepare(db, cast, hook);
    const work = [
      ...Array.from({ length: LANES }, () => senders.runReferrals(SYSTEMS)),
      senders.runAdmissions(cast.mllpPort),
    ];
    await resumed(stage, performance.now());
    const random = seeded(seed);
    const kills: Kill[] = [];
    for (let n = 0; n < count; n++) {
      await pause(CALM_MS.least + random() * (CALM_MS.most - CALM_MS.least));
      const victim = cast.victims[Math.floor(random() * cast.victims.length)] as Victim;
      const killedAt = performance.now();
      await cast.kill(victim);
      const kill = { victim, ...(await resumed(stage, killedAt)) };
      kills.push(kill);
      say(
        `seed ${seed}: ${victim} killed; acknowledged again after ${kill.ackMs} ms, delivered after ${kill.deliveredMs} ms`,
      );
    }
    senders.stop();
    await Promise.all(work);
    await untilTold(stage, db);
    const findings = await verify(db, { senders, listener, url: cast.url, complete: SUBSCRIBERS });
    return { seed, redis, kills, ...findings, crashes: cast.crashes, retries: senders.retries };
  } finally {
    senders.stop();
    await cast.stop();
    listener.close();
    await db.drop();
  }
}

async function prepare(db: Database, cast: Cast, hook: string): Promise<void> {
  const key = await readKey(db.pool);
  for (const [index, name] of SYSTEMS.entries()) {
    const service = { ods: `RX${index}`, team: 'faults', sector: 'health-visiting', kind: null };
    await addSystem(db.pool, key, { name, ...service, source: null });
  }
  await addSystem(db.pool, key, { ...RECEIVER, kind: null, source: null });
  await untilAnswers(`${cast.url}/health/ready`);
  for (let n = 0; n < SUBSCRIBERS; n++) await subscribe(cast, `${hook}/${n}`, {});
  await subscribe(cast, `${hook}/${SUBSCRIBERS}`, { 'x-skein-system': RECEIVER.name });
  for (;;) {
    const active = "select count(*)::int as active from subscription where status = 'active'";
    const { rows } = await db.pool.query<{ active: number }>(active);
    if (rows[0]?.active === SUBSCRIBERS + 1) return;
    await pause(50);
  }
}

async function subscribe(cast: Cast, endpoint: string, as: Record<string, string>): Promise<void> {
  const { statusCode, body } = await request(`${cast.url}/fhir/Subscription`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', ...as },
    body: JSON.stringify(subscriptionTo(endpoint, as['x-skein-system'] ? 'id-only' : 'full-resource')),
  });
  await body.dump();
  if (statusCode !== 201) throw new Error(`no subscription: ${statusCode}`);
}

/** A referral first sent after the kill: until it is acknowledged, until anything is delivered again, until it has been told. */
async function resumed({ senders, listener, probes }: Stage, since: number): Promise<Omit<Kill, 'victim'>> {
  const n = probes();
  const after = (at: number) => Math.round(at - since);
  const delivered = until(() => listener.lastAt > since + ON_THE_WIRE_MS);
  const { referral } = await senders.send(n, n, SYSTEMS[0] as string);
  const ackMs = after(performance.now());
  const deliveredMs = after(await delivered);
  return { ackMs, deliveredMs, toldMs: after(await until(() => listener.hasHeard(referral, SUBSCRIBERS))) };
}

async function until(holds: () => boolean): Promise<number> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`nothing for ${GIVE_UP_MS / 1000} s after a kill`);
    await pause(5);
  }
  return performance.now();
}

/** Until nothing is left to be told, or a minute has passed: `verify` then counts what is left. */
async function untilTold({ senders, listener }: Stage, { pool }: Database): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  const told = () => senders.acknowledged.every(({ referral }) => listener.hasHeard(referral, SUBSCRIBERS));
  while (!told() || (await countLeft(pool)) > 0) {
    if (performance.now() > deadline) return;
    await pause(100);
  }
}
