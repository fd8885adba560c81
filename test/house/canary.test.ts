/**
 * Words that occur nowhere else go in by every format, whole and broken, and through every kind of failure. Then they
 * are looked for wherever nobody's data may be: logs, metrics, the queue, rows about attempts, answers to others.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import type { Json } from '../../src/model.ts';
import { type Embedded, openEmbedded } from '../../src/store/embedded.ts';
import { openPool, readKey } from '../../src/store/pool.ts';
import { subscriptionTo } from '../deliver/support.ts';
import { type Program, runProgram } from '../support/process.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { nhsNumber } from '../support/records.ts';
import { testRedis } from '../support/redis.ts';

const NHS = nhsNumber(7331);
const WORDS = {
  family: 'Zuleikacanary',
  given: 'Quenbycanary',
  line: 'Canarywharfmews',
  text: 'canarywords',
};
const BORN = '1991-02-27';
const PHONE = '07700900733';
/** Any of these in a place is a leak; a birth date alone is not told from another date. */
const LEAK = new RegExp([NHS, PHONE, ...Object.values(WORDS), BORN.replaceAll('-', '')].join('|'), 'i');
const SQL_LEAK = new RegExp(`${LEAK.source}|insert into resource`, 'i');

const HL7 = 'x-application/hl7-v2+er7';
const FHIR = 'application/fhir+json';
const redis = testRedis(12);
const everything: string[] = [];
const strangers: string[] = [];

let folder: string;
let store: Embedded;
let pool: ReturnType<typeof openPool>;
let skein: Program;
let receiver: Receiver;
let url: string;
let metrics: string;

const lastWords = `process.on('SIGUSR2', () => { throw new Error('${WORDS.family} ${NHS}'); });`;

/** Sends as one system and keeps what is answered, which is its own. */
async function send(path: string, type: string, body: string, system = 'sender'): Promise<number> {
  const headers = { 'content-type': type, 'x-skein-system': system, 'x-request-id': crypto.randomUUID() };
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { ...headers, 'x-correlation-id': crypto.randomUUID() },
    body,
  });
  everything.push(await response.text());
  return response.status;
}

/** In every text of a tree the canary, but in what says what the tree is. */
function spread(tree: Json, all: boolean): Json {
  const kept = /^(resourceType|system|url|fullUrl|reference|code|method|type|status|intent|id|use)$/;
  const told = { family: WORDS.family, line: WORDS.line, value: NHS, birthDate: BORN } as Record<
    string,
    string
  >;
  const put = (name: string, value: Json): Json => {
    if (Array.isArray(value)) return value.map((one) => put(name, one));
    if (value && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, put(key, inner as Json)]));
    if (typeof value !== 'string') return value;
    if (all) return kept.test(name) ? value : WORDS.text;
    const free = /^(text|display|description|comment|given|patientInstruction)$/;
    return told[name] ?? (free.test(name) ? WORDS.text : value);
  };
  return put('', tree);
}

const example = async (file: string) => JSON.parse(await readFile(`mappings/${file}`, 'utf8')) as Json;

/** PID with the canary in each field but those by which a message is read at all. */
function hl7(id: string, over: Record<number, string> = {}): string {
  const pid = Array.from({ length: 40 }, () => '');
  const said = {
    3: `C1^^^RXM^MR~${NHS}^^^NHS^NH`,
    5: `${WORDS.family}^${WORDS.given}`,
    7: BORN.replaceAll('-', ''),
    8: 'F',
    11: `${WORDS.line}^^Truro^^TR1 1AA`,
    13: `${PHONE}^PRN^PH`,
    32: 'NSTS01',
  };
  for (const [field, value] of Object.entries({ ...said, ...over })) pid[Number(field)] = value;
  const nk1 = `NK1|1|${WORDS.family}^Other|PTN|${WORDS.line}|${PHONE}`;
  const msh = `MSH|^~\\&|PAS|RXM|SKEIN|SKEIN|20260821090000||ADT^A28|${id}|P|2.4`;
  return `${msh}\rPID|${pid.slice(1).join('|')}\r${nk1}\rNTE|1||${WORDS.text}\r`;
}

const ofAll = (length: number) =>
  Object.fromEntries(Array.from({ length }, (_, field) => [field + 1, WORDS.text]));

function overMllp(port: number, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`\v${message}\x1c\r`));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      socket.end();
      resolve(String(chunk));
    });
  });
}

const CSV_COLUMNS =
  'reference,referred_on,given_name,family_name,date_of_birth,sex,postcode,phone,email,language,interpreter,adjustments,reason';
const csv = (...rows: string[][]) => [CSV_COLUMNS, ...rows.map((row) => row.join(','))].join('\n');

async function sendAll(mllpPort: number): Promise<void> {
  everything.push(await overMllp(mllpPort, hl7('M1')));
  everything.push(await overMllp(mllpPort, hl7('M2', ofAll(39))));
  everything.push(await overMllp(mllpPort, `${WORDS.text} ${NHS}`));
  const good = [
    'C-1',
    '2026-08-21',
    WORDS.given,
    WORDS.family,
    BORN,
    'female',
    'TR1 1AA',
    PHONE,
    '',
    '',
    '',
    '',
    '',
  ];
  const bad = CSV_COLUMNS.split(',').map(() => WORDS.text);
  expect(await send('/intake/charity', 'text/csv', csv(good, bad), 'charity')).toBe(200);
  expect(await send('/intake/charity', 'text/csv', csv(bad), 'charity')).toBe(422);
  for (const all of [false, true]) {
    const referral = spread(await example('bars-referral/examples/every-element.in.json'), all);
    const bundle = spread(await example('fhir-r4/examples/every-element.in.json'), all);
    await send('/fhir/$process-message', FHIR, JSON.stringify(referral), 'trust');
    await send('/fhir', FHIR, JSON.stringify(bundle), 'trust');
  }
  await send('/fhir', FHIR, `{"resourceType":"Bundle","${WORDS.text}":"${NHS}`, 'trust');
  await send('/fhir', WORDS.text, NHS, 'trust');
}

/** A store that refuses a row and quotes it, and one that fails with words of its own. */
async function failInside(): Promise<void> {
  const told = `${WORDS.family} ${WORDS.line} ${NHS}`;
  await pool.query(
    `alter table resource add constraint none_of_these check (content::text not like '%refused%')`,
  );
  expect(await send('/intake/sender', HL7, hl7('M3', { 5: `Refused^${WORDS.given}`, 11: 'refused' }))).toBe(
    500,
  );
  await pool.query('alter table resource drop constraint none_of_these');
  await pool.query(`create function speak() returns trigger language plpgsql as $$ begin
    raise exception 'by the test: % ${told}', new.content; end $$`);
  await pool.query(
    'create trigger speak before insert or update on resource for each row execute function speak()',
  );
  expect(await send('/intake/sender', HL7, hl7('M4', { 11: `${WORDS.line}^^Falmouth` }))).toBe(500);
  await pool.query('drop trigger speak on resource');
}

/** Whoever is nobody's service asks for all that there is, and by words that are somebody's. */
async function askAsStranger(): Promise<void> {
  const { rows } = await pool.query<{ type: string; id: string }>('select type, id from resource');
  const paths = rows.flatMap(({ type, id }) => [`/fhir/${type}/${id}`, `/fhir/${type}/${id}/_history`]);
  const searches = ['Patient', 'ServiceRequest', 'EpisodeOfCare', 'Group'].map((type) => `/fhir/${type}`);
  for (const path of [...paths, ...searches, '/intake/messages?identifier=M1']) {
    const response = await fetch(`${url}${path}`, { headers: { 'x-skein-system': 'stranger' } });
    strangers.push(`${path} ${await response.text()}`);
  }
  for (const path of [
    `Patient?name=${WORDS.family}`,
    `Patient/${NHS}`,
    `${WORDS.text}`,
    `Patient?birthdate=${NHS}`,
  ])
    everything.push(await (await fetch(`${url}/fhir/${path}`)).text());
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skein-canary-'));
  receiver = await startReceiver();
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(lastWords)}`];
  const settings = { DATA_DIR: join(folder, 'store'), WEBHOOK_ALLOW: '127.0.0.1', LOG_LEVEL: 'debug' };
  const ports = { PORT: '0', MLLP_PORT: '0' };
  if (redis) await inRedis(redis);
  skein = runProgram([...preload, 'src/main.ts'], {
    ...settings,
    ...ports,
    ...(redis ? { REDIS_URL: redis } : {}),
  });
  const ready = await skein.says(/"event":"ready".*\n/);
  const [, address = '', port = ''] = /"url":"([^"]+)","mllpPort":(\d+)/.exec(ready) ?? [];
  url = address;
  store = await openEmbedded(settings.DATA_DIR);
  pool = openPool(store.url);
  const key = await readKey(pool);
  const systems = {
    sender: 'maternity',
    trust: 'specialist-perinatal',
    stranger: 'gp',
    charity: 'third-sector',
  };
  const sources = { sender: 'hl7v2-adt', charity: 'third-sector-csv' } as Record<string, string>;
  for (const [name, sector] of Object.entries(systems)) {
    const source = sources[name] ?? null;
    await addSystem(pool, key, { name, ods: 'RXM', team: name, sector, kind: null, source });
  }
  const subscription = subscriptionTo(`${receiver.url}/sender`, { filters: [] });
  expect(await send('/fhir/Subscription', FHIR, JSON.stringify(subscription))).toBe(201);
  await sendAll(Number(port));
  expect(
    await send(
      '/intake/sender',
      HL7,
      hl7('M5').replaceAll('A28', 'A01').concat('PV1|1|I|WARD||||||||||||||||V1'),
    ),
  ).toBe(200);
  await receiver.until((posts) => posts.length > 1, 20_000);
  await failInside();
  await askAsStranger();
  metrics = await (await fetch(`${url}/metrics`)).text();
});

afterAll(async () => {
  // Whoever holds the store last stops it.
  skein.child.kill('SIGKILL');
  await skein.exit();
  await pool.end();
  await store.stop();
  await receiver.close();
  await rm(store.home, { recursive: true, force: true });
  await rm(folder, { recursive: true });
});

describe('what is said of somebody', () => {
  test('is stored, and answered to its sender: there is something to find', async () => {
    const stored = async (table: string) =>
      (await pool.query<{ all: string }>(`select string_agg(t::text, '') as all from ${table} t`)).rows[0]
        ?.all ?? '';
    for (const word of [WORDS.family, WORDS.given, WORDS.line, NHS, PHONE])
      expect(await stored('resource')).toContain(word);
    const { rows } = await pool.query('select status, count(*)::int from intake group by 1 order by 1');
    expect(rows.map(({ status }) => status)).toEqual(['accepted', 'failed', 'held', 'rejected']);
    expect(everything.length).toBeGreaterThan(12);
  });

  test('is in no line of the log, at any level, nor in what a crash leaves behind', async () => {
    skein.child.kill('SIGUSR2');
    expect(await skein.exit()).toBe(1);
    const lines = skein.output().split('\n');
    expect(lines.filter((line) => line.includes('"event":"crash"'))).toHaveLength(1);
    expect(lines.length).toBeGreaterThan(30);
    expect(lines.filter((line) => LEAK.test(line))).toEqual([]);
  });

  test('is in no metric', () => {
    expect(metrics).toContain('skein_messages_total');
    expect(metrics).not.toMatch(LEAK);
  });

  test('is in no answer to anybody else', () => {
    expect(strangers.length).toBeGreaterThan(10);
    expect(strangers.filter((answer) => LEAK.test(answer))).toEqual([]);
  });

  test('is in no notification that carries ids only, and in no row about an attempt', async () => {
    expect(receiver.posts.map(({ body }) => body).filter((body) => LEAK.test(body))).toEqual([]);
    const { rows } = await pool.query<{ text: string }>('select t::text as text from attempt t');
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.filter(({ text }) => LEAK.test(text))).toEqual([]);
  });

  test('is in no row of the audit', async () => {
    const { rows } = await pool.query<{ text: string }>('select t::text as text from audit t');
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(({ text }) => LEAK.test(text))).toEqual([]);
  });

  test('is in no job of the queue', async () => {
    const held = redis ? await inRedis(redis) : await inQueueTables();
    expect(held.length).toBeGreaterThan(0);
    expect(held.filter((text) => LEAK.test(text))).toEqual([]);
  });

  test('is in no line of the log of the database, nor is any statement', async () => {
    const log = await readFile(join(store.home, 'data', 'server.log'), 'utf8');
    expect(log).toContain('violates check constraint');
    expect(log.split('\n').filter((line) => SQL_LEAK.test(line) && !line.includes('by the test: '))).toEqual(
      [],
    );
  });
});

/** Every key with all that it holds: a dump would be compressed. */
async function inRedis(at: string): Promise<string[]> {
  const client = new Redis(at);
  const readers: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => client.get(key),
    hash: (key) => client.hgetall(key),
    list: (key) => client.lrange(key, 0, -1),
    set: (key) => client.smembers(key),
    zset: (key) => client.zrange(key, '0', '-1'),
    stream: (key) => client.xrange(key, '-', '+'),
  };
  const held: string[] = [];
  for (const key of await client.keys('*')) {
    const read = readers[await client.type(key)];
    // A key that has expired meanwhile is of no type.
    if (read) held.push(`${key} ${JSON.stringify(await read(key))}`);
  }
  await client.flushdb();
  client.disconnect();
  return held;
}

async function inQueueTables(): Promise<string[]> {
  const { rows: tables } = await pool.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'bullmq'",
  );
  const held = tables.map(({ name }) => name);
  for (const name of [...held]) {
    const { rows } = await pool.query<{ text: string }>(`select t::text as text from bullmq."${name}" t`);
    held.push(...rows.map(({ text }) => text));
  }
  return held;
}
