/** How long is kept what is stored: what expires is gone, what waits is not, and everything answers as before. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeRetention, RETENTION, readRetention } from '../../src/access/decide/retention.ts';
import { readMetrics } from '../../src/observe/scrape.ts';
import { findPrunable, prune } from '../../src/retain/prune.ts';
import { runCommand } from '../support/command-line.ts';
import { gather, type Household } from '../support/household.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at } from '../support/roll.ts';
import { chart, episodeOf, transactionOf } from '../support/transactions.ts';

const HL7 = 'x-application/hl7-v2+er7';
let household: Household;
let people = 0;

beforeAll(async () => {
  household = await gather(
    { perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'], pas: ['maternity', 'RXM', 'hl7v2-adt'] },
    { ENCRYPT_MESSAGES: 'yes', SECRET_KEY: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' },
  );
});
afterAll(() => household.stop());

const query = async (sql: string, values: unknown[] = []) =>
  (await household.database.pool.query(sql, values)).rows;
const skein = (...args: string[]) => runCommand(args, { DATABASE_URL: household.database.url });

function begun() {
  const n = ++people;
  const nhs = nhsNumber(300 + n);
  const whom = chart('perinatal', { nhs, given: `Una${n}`, family: 'Tregear', born: '1990-01-01' });
  return transactionOf([whom, episodeOf(whom, 'perinatal', { id: `E${n}`, start: ago(3) })], at(ago(2)));
}
const post = (body: object, id: string) =>
  household.skein.send(
    ...(['POST', '/fhir'] as const),
    { 'content-type': 'application/fhir+json', 'x-skein-system': 'perinatal', 'idempotency-key': id },
    JSON.stringify(body),
  );
const adt = (id: string) =>
  household.skein.send(
    ...(['POST', '/intake/pas'] as const),
    { 'content-type': HL7 },
    `MSH|^~\\&|PAS|RXM|SKEIN|HUB|20260110093000||ADT^A28^ADT_A05|${id}|P|2.5\rPID|1`,
  );
/** Everything of that table is so many days older. */
const age = (table: string, column: string, days: number) =>
  query(`update ${table} set ${column} = ${column} - make_interval(days => ${days})`);

test('raw messages are not to be read in the database, and a held one is replayed all the same', async () => {
  const held = await adt('HELD-1');
  expect(held.status).toBe(422);
  expect((await post(begun(), 'first')).status).toBe(200);
  const [{ bodies }] = await query("select string_agg(encode(body, 'escape'), '') as bodies from message");
  expect(bodies).not.toMatch(/Una1|MSH|Tregear/);
  const done = await skein('replay', '--held', '--json');
  expect(JSON.parse(done.output)).toMatchObject({ tried: 1, failed: 0 });
});

test('a raw body expires and its hash stays: the same message answers as before, and rebuild changes nothing', async () => {
  const body = begun();
  const first = await post(body, 'again');
  for (const table of ['message', 'intake']) await age(table, 'received_at', 91);
  expect(await prune(household.database.pool)).toMatchObject({ 'raw-message': 2, 'held-message': 0 });
  const rows = await query('select body, body_key, content_hash from message where body is null');
  expect(rows).toHaveLength(2);
  for (const { body_key, content_hash } of rows)
    expect([body_key, content_hash]).toEqual([null, expect.stringMatching(/^[0-9a-f]{64}$/)]);
  const again = await post(body, 'again');
  expect([again.status, again.body]).toEqual([first.status, first.body]);
  expect((await post(begun(), 'again')).status).toBe(409);
  const rebuilt = JSON.parse((await skein('rebuild', '--json')).output);
  expect(rebuilt).toMatchObject({ changed: 0, statements: 0 });
});

test('a held message stays until its own term is over; then it is counted, and not replayed', async () => {
  expect(
    await query(
      "select body is null as gone from message m join system y on y.id = m.system_id where y.name = 'pas'",
    ),
  ).toEqual([{ gone: false }]);
  for (const table of ['message', 'intake']) await age(table, 'received_at', 310);
  expect(await prune(household.database.pool)).toMatchObject({ 'held-message': 1 });
  expect((await skein('doctor')).output).toContain('1 were never mended, and their bodies have expired');
  expect(await readMetrics(household.database.pool)).toContain('skein_expired_held_messages 1');
  expect(JSON.parse((await skein('replay', '--held', '--json')).output)).toMatchObject({ tried: 0 });
  const again = await adt('HELD-1');
  expect(again.status).toBe(422);
});

test('what was told goes after its term, and nothing that is not delivered or is of somebody held', async () => {
  await household.settle();
  const [{ n: told }] = await query('select count(*)::int as n from notification');
  expect(told).toBeGreaterThan(1);
  await age('notification', 'numbered_at', 91);
  const [{ person }] = await query(
    "select event -> 'persons' ->> 0 as person from event where event -> 'persons' ->> 0 is not null order by id limit 1",
  );
  await query('update member set held = true where person = $1', [person]);
  const of = `select count(*)::int as n from notification n join event e on e.id = n.event_id
    where e.event -> 'persons' ? $1`;
  const [{ n: guarded }] = await query(of, [person]);
  expect(guarded).toBeGreaterThan(0);
  const [waiting] = await query(
    'update subscription set delivered_number = last_number - 1 where last_number > 1 returning id, last_number',
  );
  await prune(household.database.pool);
  expect(await query(of, [person])).toEqual([{ n: guarded }]);
  const left = await query('select number from notification where subscription_id = $1 and number = $2', [
    ...[waiting.id, waiting.last_number],
  ]);
  expect(left).toHaveLength(1);
  await query('update member set held = false');
  await query('update subscription set delivered_number = last_number');
  await prune(household.database.pool);
  expect(await query('select from notification')).toEqual([]);
});

test('attempts and audit go by whole months, the audit not before it is sealed; earlier versions one by one', async () => {
  for (const [table, like] of [
    ['attempt', 'subscription_id, kind, content'],
    ['audit', 'kind, outcome, name, interaction, ids, persons, policy'],
  ] as const) {
    await query(
      `create table ${table}_2015_01 partition of ${table} for values from ('2015-01-01Z') to ('2015-02-01Z')`,
    );
    await query(`insert into ${table} (at, ${like}) select '2015-01-15Z', ${like} from ${table} limit 1`);
  }
  const there = () =>
    query("select relname from pg_class where relname in ('attempt_2015_01', 'audit_2015_01') order by 1");
  await prune(household.database.pool);
  expect(await there()).toEqual([{ relname: 'audit_2015_01' }]);
  await expect
    .poll(
      async () => {
        await prune(household.database.pool);
        return there();
      },
      { timeout: 30_000 },
    )
    .toEqual([]);
  await query(
    "create table resource_history_2015_01 partition of resource_history for values from ('2015-01-01Z') to ('2015-02-01Z')",
  );
  await query(
    `insert into resource_history (row_id, type, id, version, updated_at, content, persons, authors)
     values (1, 'Patient', $1, 1, '2015-01-15Z', '{}', '{}', '{}')`,
    [randomUUID()],
  );
  const dry = await skein('prune', '--dry-run');
  expect(dry.output).toContain('history: kept 3650 days, 1 would go, the oldest of 2015-01-15');
  expect((await skein('prune')).output).toContain('history: 1 pruned');
  const [history] = await query("select to_regclass('resource_history_2015_01') as name");
  expect(history).toEqual({ name: null });
  for (const { n } of await findPrunable(household.database.pool)) expect(n).toBe(0);
});

test('heartbeats that are answered make one row a day', async () => {
  const [{ id }] = await query("select id from subscription where status = 'active' limit 1");
  const beats = async () =>
    query("select times, outcome from attempt where subscription_id = $1 and kind = 'heartbeat'", [id]);
  await query('update subscription set heartbeat = 10 where id = $1', [id]);
  for (const n of [1, 2, 3]) {
    await query(
      "update subscription set sent_at = now() - interval '11 seconds', due_at = now() where id = $1",
      [id],
    );
    await expect.poll(beats, { timeout: 30_000 }).toEqual([{ times: n, outcome: 'ok' }]);
  }
});

test('the CapabilityStatement says how long, and a file with shorter terms than the least is refused', async () => {
  const { body } = await household.skein.get('/fhir/metadata');
  expect(JSON.stringify(body)).toContain(describeRetention());
  expect(describeRetention()).toContain('raw-message 90');
  const file = (raw: number, notification = 90) =>
    Object.entries({ ...RETENTION, 'raw-message': raw, notification })
      .map(([name, days]) => `${name}: { days: ${days}, least: 7 }\n`)
      .join('');
  expect(readRetention(file(7))['raw-message']).toBe(7);
  expect(() => readRetention(file(6))).toThrow(/raw-message.*fewer days than the least/);
  expect(() => readRetention(file(7, 89))).toThrow(/\$events reaches back 90 days/);
});
