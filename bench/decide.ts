/**
 * What deciding costs: the same reads, searches, journeys and numbering of events, asked by a service and, within the same run and
 * through the same routes, with the answer "everything" given for it. The bypass is of this file alone: once the caller has been
 * told by its name, its request goes on as the operator's.
 */
import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Subscription } from '@medplum/fhirtypes';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { request } from 'undici';
import { addSystem, findSystem } from '../src/access/register/systems.ts';
import { buildApp } from '../src/app.ts';
import { Config } from '../src/config.ts';
import type { Context } from '../src/context.ts';
import { number, numbering } from '../src/deliver/number/number.ts';
import { readSubscription } from '../src/deliver/subscribe/subscription.ts';
import { createSubscription, lockSubscriptions } from '../src/deliver/subscribe/subscriptions.ts';
import { loadMappings } from '../src/map/language/load-mappings.ts';
import type { Recipient } from '../src/model.ts';
import { intake } from '../src/pipeline.ts';
import { sequence } from '../src/publish/sequencer.ts';
import { registerRead } from '../src/read/routes.ts';
import { registerIntake } from '../src/receive/http/http.ts';
import { readKey } from '../src/store/pool.ts';
import { NO_VAULT } from '../src/store/vault.ts';
import { ownProfiles } from '../src/validate/profiles.ts';
import {
  chart,
  contactOf,
  episodeOf,
  relationOf,
  type Said,
  transactionOf,
} from '../test/support/transactions.ts';
import { person } from './messages.ts';
import { median, type Options, round, say } from './report.ts';
import { createDatabase, type Database, type Postgres } from './store.ts';
import { subscriptionTo } from './subscription.ts';

const FAMILIES = 60;
const TIMES = 60;
/** Events that are numbered together: a Bundle's worth. */
const EVENTS = 50;
const OPERATOR: Recipient = { kind: 'operator', name: 'bench' };
const READER = 'perinatal';
const BYPASS = 'x-bench-bypass';
/** An id-only notification of one event. */
const NOTIFICATION_BYTES = 2_000;

type Figure = { what: string; decidedMs: number; bypassedMs: number; share: number };
type Bench = { app: FastifyInstance; db: Database };

export async function benchDecide(server: Postgres, { rounds }: Options): Promise<Figure[]> {
  const db = await createDatabase(server);
  const app = await openApp(db);
  const bench = { app, db };
  try {
    const readers = await subscribeBoth(db);
    say(`${FAMILIES} families`);
    for (let n = 0; n < FAMILIES; n++) await tellFamily(bench, n);
    while ((await sequence(db.pool)) > 0);
    await db.pool.query('vacuum analyze');
    const figures: Figure[] = [];
    for (const [what, paths] of await pathsOf(bench))
      figures.push(await timeReads(bench, { what, paths, rounds }));
    figures.push(await timeNotification(bench, readers, rounds));
    return figures;
  } finally {
    await app.close();
    await db.drop();
  }
}

async function openApp({ url, pool }: Database): Promise<FastifyInstance> {
  const config = Config.parse({ DATABASE_URL: url, LOG_LEVEL: 'silent', WEBHOOK_ALLOW: '127.0.0.1' });
  const key = await readKey(pool);
  const log = pino({ level: 'silent' });
  const ctx: Context = { config, log, db: pool, key, vault: NO_VAULT, signals: new EventEmitter() };
  for (const [name, sector] of [
    ['ward', 'maternity'],
    [READER, 'specialist-perinatal'],
  ] as const)
    await addSystem(pool, key, { name, ods: 'RXB', team: name, sector, kind: null, source: 'fhir-r4' });
  const pipeline = { ...ctx, mappings: await loadMappings(), profiles: ownProfiles() };
  const bypass = (app: FastifyInstance) => {
    app.addHook('onRequest', async (asked) => {
      if (asked.headers[BYPASS]) asked.recipient = OPERATOR;
    });
  };
  const app = buildApp(ctx, [bypass, registerRead, (one) => registerIntake(one, pipeline, intake)]);
  await app.ready();
  return app;
}

const dayOf = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

/** A mother and her infant, each a patient of the ward and of the reader, with contacts. */
async function tellFamily({ app }: Bench, n: number): Promise<void> {
  const [mother, infant] = [person(n * 2), { ...person(n * 2 + 1), born: dayOf(35) }];
  for (const system of ['ward', READER]) {
    const charts = [mother, infant].map((who) => chart(system, who));
    const care = charts.flatMap((whom, place) => [
      episodeOf(whom, system, { id: `E${n}-${place}`, start: dayOf(30) }),
      ...[1, 2, 3].map((nth) => contactOf(whom, system, `C${n}-${place}-${nth}`, dayOf(nth * 7))),
    ]);
    const said = [...charts, ...care, relationOf(charts[1] as Said, mother, 'GESTM')];
    const payload = JSON.stringify(transactionOf(said, new Date().toISOString()));
    const headers = { 'content-type': 'application/fhir+json', 'x-skein-system': system };
    const { statusCode, body } = await app.inject({ method: 'POST', url: '/fhir', headers, payload });
    if (statusCode !== 200) throw new Error(`not taken: ${statusCode} ${body.slice(0, 300)}`);
  }
}

/** What is asked in turn, of as many people or journeys as there are. */
async function pathsOf({ app }: Bench): Promise<[string, string[]][]> {
  const idsOf = async (type: string) => {
    const url = `/fhir/${type}?_count=500`;
    const { body } = await app.inject({ method: 'GET', url, headers: { 'x-skein-system': READER } });
    const { entry = [] } = JSON.parse(body) as { entry?: { resource: { id: string } }[] };
    if (entry.length < FAMILIES) throw new Error(`the reader finds ${entry.length} of ${type}`);
    return entry.map(({ resource }) => resource.id);
  };
  const [patients, journeys] = [await idsOf('Patient'), await idsOf('Group')];
  return [
    ['read Patient', patients.map((id) => `/fhir/Patient/${id}`)],
    ['search care of a Patient', patients.map((id) => `/fhir/EpisodeOfCare?patient=${id}`)],
    ['search contacts of a Patient', patients.map((id) => `/fhir/Encounter?patient=${id}`)],
    ['$journey', journeys.map((id) => `/fhir/Group/${id}/$journey`)],
  ];
}

type Asked = { what: string; paths: string[]; rounds: number };

async function timeReads({ app }: Bench, { what, paths, rounds }: Asked): Promise<Figure> {
  const ask = async (url: string, more: Record<string, string>) => {
    const from = performance.now();
    const { statusCode } = await app.inject({
      method: 'GET',
      url,
      headers: { 'x-skein-system': READER, ...more },
    });
    if (statusCode !== 200) throw new Error(`${url} was answered ${statusCode}`);
    return performance.now() - from;
  };
  const decided: number[] = [];
  const bypassed: number[] = [];
  for (let n = 0; n < TIMES * (rounds + 1); n++) {
    const path = paths[n % paths.length] as string;
    const times = [await ask(path, {}), await ask(path, { [BYPASS]: '1' })];
    // The first round warms up.
    if (n < TIMES) continue;
    decided.push(times[0] as number);
    bypassed.push(times[1] as number);
  }
  return figureOf(what, median(decided), median(bypassed));
}

const figureOf = (what: string, decided: number, bypassed: number): Figure => {
  const share = round((decided - bypassed) / decided);
  return { what, decidedMs: round(decided), bypassedMs: round(bypassed), share };
};

type Readers = { decided: string; bypassed: string };

/** A subscription of the reader, and one of the operator, to all there is. */
async function subscribeBoth({ pool }: Database): Promise<Readers> {
  const system = await findSystem(pool, READER);
  if (!system) throw new Error('there is no reader');
  const make = async (recipient: Recipient) => {
    const asked = subscriptionTo('http://127.0.0.1:1/', 'id-only') as Subscription;
    const { id } = await createSubscription(
      { db: pool, vault: NO_VAULT },
      recipient,
      readSubscription(asked, 'id-only'),
    );
    await pool.query("update subscription set status = 'active', due_at = null where id = $1", [id]);
    return id;
  };
  return { decided: await make({ kind: 'system', system }), bypassed: await make(OPERATOR) };
}

/** One event from waiting to answered: numbered among a Bundle's worth, and sent to a receiver on this machine. */
async function timeNotification(
  { db }: Bench,
  { decided, bypassed }: Readers,
  rounds: number,
): Promise<Figure> {
  const [asked, given]: [number[], number[]] = [[], []];
  for (let n = 0; n < TIMES * (rounds + 1); n++) {
    const times = [await numberOnce(db, decided), await numberOnce(db, bypassed)];
    if (n < TIMES) continue;
    asked.push(times[0] as number);
    given.push(times[1] as number);
  }
  const sent = await timeSend(TIMES * rounds);
  return figureOf(
    `notification, of which ${round(sent)} ms sent`,
    median(asked) + sent,
    median(given) + sent,
  );
}

/** Milliseconds for each event that is asked about; nothing of it is kept. */
async function numberOnce({ pool }: Database, id: string): Promise<number> {
  let ms = 0;
  const undo = new Error('undo');
  const numbered = numbering(pool, async (client) => {
    const stored = await lockSubscriptions(client, [id]);
    const from = performance.now();
    const result = await number(client, { stored, limit: EVENTS, sending: false });
    ms = (performance.now() - from) / EVENTS;
    if (result.length === 0) throw new Error('nothing was numbered');
    throw undo;
  });
  await numbered.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
  return ms;
}

/** Milliseconds for one POST of a notification's size. */
async function timeSend(times: number): Promise<number> {
  const server = createServer((asked, reply) => asked.resume().on('end', () => reply.end()));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const body = 'x'.repeat(NOTIFICATION_BYTES);
  const taken: number[] = [];
  for (let n = 0; n < times; n++) {
    const from = performance.now();
    await (await request(url, { method: 'POST', body })).body.dump();
    taken.push(performance.now() - from);
  }
  server.close();
  server.closeAllConnections();
  return median(taken);
}
