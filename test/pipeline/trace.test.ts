/** One trace from receipt to delivery, as a collector gets it; of nobody, and as subscribers get it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import type { Recipient } from '../../src/model.ts';
import { eventually, subscribeActive } from '../deliver/support.ts';
import { testDatabase } from '../support/database.ts';
import { barsReferral } from '../support/messages.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';

const MOTHER = {
  nhs: nhsNumber(881),
  given: 'Kerenza',
  family: 'Canarytrace',
  born: '1992-02-02',
  local: 'K1',
};
const CANARIES = [
  MOTHER.nhs,
  MOTHER.given,
  MOTHER.family,
  MOTHER.born,
  'Canary-free-text',
  'RXV',
  'visiting',
];
const [TRACE, ABOVE] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
const STAGES = ['receive', 'parse', 'map', 'validate', 'link', 'save', 'publish', 'deliver'];

type Span = { name: string; traceId: string; spanId: string; parentSpanId?: string; attributes: unknown[] };
const database = await testDatabase();
let collector: Receiver;
let receiver: Receiver;
let skein: Awaited<ReturnType<typeof startSkein>>;

beforeAll(async () => {
  [collector, receiver] = [await startReceiver(), await startReceiver()];
  skein = await startSkein(database, {
    ...{ ROLES: 'api,worker', WEBHOOK_ALLOW: '127.0.0.1' },
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
  });
  for (const [name, ods, sector] of [
    ['visiting', 'RXV', 'health-visiting'],
    ['asked', 'RXP', 'specialist-perinatal'],
  ] as const) {
    const added = { name, ods, team: name, sector, kind: null, source: 'bars-referral' };
    const { system } = await addSystem(database.pool, database.key, added);
    const as: Recipient = { kind: 'system', system };
    const filters = ['event=referral-received'];
    await subscribeActive(database.pool, `${receiver.url}/${name}`, { as, filters });
  }
});
afterAll(async () => {
  await collector.close();
  await receiver.close();
});

const send = (headers: Record<string, string>, id: string) =>
  skein.send(
    'POST',
    '/fhir/$process-message',
    {
      'content-type': 'application/fhir+json',
      'x-request-id': crypto.randomUUID(),
      'x-correlation-id': crypto.randomUUID(),
      'x-skein-system': 'visiting',
      ...headers,
    },
    JSON.stringify(barsReferral(MOTHER, { id, why: 'Canary-free-text' })),
  );

const spansIn = ({ posts }: Receiver): Span[] =>
  posts.flatMap(({ bundle }) => {
    const { resourceSpans } = bundle as unknown as {
      resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });

test('eight stages are one trace, which the sender began and its own webhook goes on with', async () => {
  const { status, body } = await send({ traceparent: `00-${TRACE}-${ABOVE}-00` }, 'R-1');
  expect(status, JSON.stringify(body)).toBe(200);
  await receiver.until(({ length }) => length === 2);
  expect((await send({ traceparent: `00-${TRACE.toUpperCase()}-nonsense-01` }, 'R-2')).status).toBe(200);
  await receiver.until(({ length }) => length === 4);
  await eventually(
    () => database.pool.query('select from subscription where delivered_number = 2'),
    ({ rowCount }) => rowCount === 2,
  );
  await skein.stop();

  expect(collector.posts.every(({ path }) => path === '/v1/traces')).toBe(true);
  const spans = spansIn(collector).filter(({ traceId }) => traceId === TRACE);
  expect(new Set(spans.map(({ name }) => name))).toEqual(new Set(STAGES));
  const [byName, ids] = [Map.groupBy(spans, ({ name }) => name), new Set(spans.map(({ spanId }) => spanId))];
  const idOf = (name: string) => byName.get(name)?.[0]?.spanId;
  expect(byName.get('receive')).toMatchObject([{ parentSpanId: ABOVE }]);
  for (const name of STAGES.slice(1, 6))
    expect(byName.get(name), name).toMatchObject([{ parentSpanId: idOf('receive') }]);
  for (const name of ['publish', 'deliver'])
    for (const span of byName.get(name) ?? []) expect(span.parentSpanId, name).toBe(idOf('save'));
  expect(byName.get('deliver')).toHaveLength(2);

  const other = spansIn(collector).filter(({ traceId }) => traceId !== TRACE);
  const begun = other.filter(({ name }) => name === 'receive');
  expect(begun).toHaveLength(1);
  expect(begun[0]?.parentSpanId ?? '').toBe('');

  const [own] = receiver.posts.filter(({ path }) => path === '/visiting');
  const [, ownTrace, ownSpan] = String(own?.headers.traceparent).split('-');
  expect(ownTrace).toBe(TRACE);
  expect(ids).toContain(ownSpan);
  const [asked] = receiver.posts.filter(({ path }) => path === '/asked');
  const [, theirs, span] = String(asked?.headers.traceparent).split('-');
  expect(theirs).toBe(String(asked?.headers['webhook-id']).replaceAll('-', ''));
  expect(ids).toContain(span);
  expect(asked?.body + JSON.stringify(asked?.headers)).not.toContain(TRACE);
});

test('nothing of a person is in what a collector gets, and only what the list allows', () => {
  const all = collector.posts.map(({ body }) => body).join('\n');
  expect(all).toContain('"receive"');
  for (const canary of CANARIES) expect(all).not.toContain(canary);
  const names = new Set(
    spansIn(collector).flatMap(({ attributes }) => (attributes as { key: string }[]).map(({ key }) => key)),
  );
  expect([...names].filter((name) => !name.startsWith('skein.'))).toEqual([]);
});

test('without an exporter nothing is traced, and no webhook has the header', async () => {
  skein = await startSkein(database, { ROLES: 'api,worker', WEBHOOK_ALLOW: '127.0.0.1' });
  receiver.posts.length = 0;
  await send({ traceparent: `00-${TRACE}-${ABOVE}-01` }, 'R-3');
  await receiver.until(({ length }) => length === 2);
  expect(receiver.posts.map(({ headers }) => headers.traceparent)).toEqual([undefined, undefined]);
  await skein.stop();
  const { rowCount } = await database.pool.query(
    `select from event where event ? 'trace' and id = (select max(id) from event)`,
  );
  expect(rowCount).toBe(0);
});
