/** Where a seed plays: processes, senders and subscribers, and what a fault may ask of them. */
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { addSystem } from '../../src/access/register/systems.ts';
import { readKey } from '../../src/store/pool.ts';
import { untilAnswers } from '../processes.ts';
import { createDatabase, type Database, type Throwaway } from '../store.ts';
import { subscriptionTo } from '../subscription.ts';
import { Cast } from './cast.ts';
import type { Disk } from './disk.ts';
import { Listener, UNWELL } from './listener.ts';
import { seeded } from './random.ts';
import { Senders } from './senders.ts';

/** A subscription: its path at the listener, and whom it is of (null: the operator). */
export type Subscriber = { id: string; path: string; system: string | null };
/** One that was switched off: nothing may come to its path more than a second later. */
export type SwitchedOff = { path: string; at: number };

export type Stage = {
  db: Database;
  cast: Cast;
  senders: Senders;
  listener: Listener;
  random: () => number;
  disk: Disk | null;
  subscribers: Subscriber[];
  off: SwitchedOff[];
  /** Ids of messages of which nothing may be kept. */
  never: string[];
  /** A number that no sender reaches. */
  probe: () => number;
  /** Returns when a notification has come after the call. */
  heard: () => Promise<number>;
  /** Every subscriber asks how its subscription is, which makes its next try due. */
  signsOfLife: () => Promise<void>;
  switchOff: () => Promise<void>;
  close: () => Promise<void>;
};

export const SYSTEMS = ['faults-a', 'faults-b'];
/** The operator's, told of everything with all of it. One more is the named receiver's: it is told of its referrals. */
export const SUBSCRIBERS = 2;
const RECEIVER = { name: 'faults-receiver', ods: 'RXB', team: 'faults', sector: 'specialist-perinatal' };
export const GIVE_UP_MS = 60_000;
const FIRST_PROBE = 400_000;

export async function openStage(
  server: Throwaway & Partial<Disk>,
  seed: number,
  redis: boolean,
): Promise<Stage> {
  const db = await createDatabase(server);
  const listener = new Listener();
  const hook = await listener.listen();
  const cast = await Cast.open({ url: db.url, home: server.home, redis });
  const random = seeded(seed);
  const subscribers: Subscriber[] = [];
  const off: SwitchedOff[] = [];
  let probe = FIRST_PROBE;
  const subscribed = async (path: string, system: string | null) => {
    const one = { id: await subscribe(cast, `${hook}${path}`, system), path, system };
    await untilActive(db, one.id);
    return one;
  };
  const close = async () => {
    await cast.stop();
    listener.close();
    await db.drop();
  };
  try {
    await register(db);
    await untilAnswers(`${cast.url}/health/ready`);
    for (let n = 0; n < SUBSCRIBERS; n++) subscribers.push(await subscribed(`/${n}`, null));
    subscribers.push(await subscribed(`/${SUBSCRIBERS}`, RECEIVER.name));
    for (const path of UNWELL) await subscribe(cast, `${hook}${path}`, null);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...{ db, cast, listener, random, subscribers, off, close },
    senders: new Senders(cast.url, random),
    disk: server.fill && server.free ? { fill: server.fill, free: server.free } : null,
    never: [],
    probe: () => probe++,
    heard: () => {
      const since = performance.now();
      return until(() => listener.lastAt > since);
    },
    signsOfLife: async () => {
      for (const { id, system } of subscribers)
        await ask(`${cast.url}/fhir/Subscription/${id}/$status`, system);
    },
    switchOff: async () => {
      const { id, path } = await subscribed(`/off-${off.length}`, null);
      await until(() => listener.told.has(path));
      const url = `${cast.url}/fhir/Subscription/${id}`;
      await put(url, { ...subscriptionTo(`${hook}${path}`, 'full-resource'), id, status: 'off' });
      off.push({ path, at: Date.now() });
    },
  };
}

export async function until(holds: () => boolean): Promise<number> {
  const deadline = performance.now() + GIVE_UP_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`nothing for ${GIVE_UP_MS / 1000} s after a fault`);
    await pause(5);
  }
  return performance.now();
}

const asSystem = (system: string | null): Record<string, string> =>
  system ? { 'x-skein-system': system } : {};

/** What a GET answers, as JSON; the status alone where it is not 200. */
export async function ask(url: string, system: string | null): Promise<{ status: number; body: unknown }> {
  const { statusCode, body } = await request(url, { headers: asSystem(system) });
  if (statusCode === 200) return { status: statusCode, body: await body.json() };
  await body.dump();
  return { status: statusCode, body: null };
}

async function register({ pool }: Database): Promise<void> {
  const key = await readKey(pool);
  for (const [index, name] of SYSTEMS.entries()) {
    const service = { ods: `RX${index}`, team: 'faults', sector: 'health-visiting', kind: null };
    await addSystem(pool, key, { name, ...service, source: null });
  }
  await addSystem(pool, key, { ...RECEIVER, kind: null, source: null });
}

const JSON_TYPE = { 'content-type': 'application/fhir+json' };

async function subscribe(cast: Cast, endpoint: string, system: string | null): Promise<string> {
  const { statusCode, body } = await request(`${cast.url}/fhir/Subscription`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...asSystem(system) },
    body: JSON.stringify(subscriptionTo(endpoint, system ? 'id-only' : 'full-resource')),
  });
  const text = await body.text();
  if (statusCode !== 201) throw new Error(`no subscription: ${statusCode} ${text}`);
  return (JSON.parse(text) as { id: string }).id;
}

async function put(url: string, resource: object): Promise<void> {
  const { statusCode, body } = await request(url, {
    method: 'PUT',
    headers: JSON_TYPE,
    body: JSON.stringify(resource),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`not switched off: ${statusCode} ${text}`);
}

async function untilActive({ pool }: Database, id: string): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const { rows } = await pool.query<{ status: string }>('select status from subscription where id = $1', [
      id,
    ]);
    if (rows[0]?.status === 'active') return;
    if (performance.now() > deadline) throw new Error('a subscription did not become active');
    await pause(20);
  }
}
