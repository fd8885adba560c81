/** Whatever a caller sends to any door: it is answered, and never with a fault of ours. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { registerSubscriptions } from '../../src/deliver/subscribe/routes.ts';
import { collectRoutes, type Route } from '../../src/doors/route-list.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { intake } from '../../src/pipeline.ts';
import { registerRead } from '../../src/read/routes.ts';
import { registerIntake } from '../../src/receive/http/http.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { loopbackContext, subscriptionTo } from '../deliver/support.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';

const CASES = Number(process.env.HOSTILE_CASES ?? 300);
const database = await testDatabase();
const ctx = loopbackContext(database);
const pipeline = { ...ctx, mappings: await loadMappings(), profiles: ownProfiles() };
let routes: Route[] = [];
const app = buildApp(ctx, [
  (server) => {
    routes = collectRoutes(server);
  },
  registerRead,
  (server) => registerIntake(server, pipeline, intake),
  registerSubscriptions,
]);
let subscription = '';

const FHIR = { 'content-type': 'application/fhir+json' };

beforeAll(async () => {
  await register(database, 'gp');
  const payload = JSON.stringify(subscriptionTo('http://127.0.0.1:1/hook'));
  const made = await app.inject({ method: 'POST', url: '/fhir/Subscription', headers: FHIR, payload });
  expect(made.statusCode).toBe(201);
  subscription = made.json().id;
});
afterAll(() => app.close());

type Sent = { method: string; url: string; headers?: Record<string, string>; payload?: string };
const statusOf = async ({ method, ...sent }: Sent): Promise<number> =>
  (await app.inject({ method: method as 'POST', ...sent })).statusCode;

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('JSON nested thousands deep is refused', () => {
  const bodies = {
    Subscription: (deep: string) => `{"resourceType":"Subscription","x":${deep}}`,
    Parameters: (deep: string) => `{"parameter":[{"name":"a","x":${deep}}]}`,
  };
  const doors = (): [method: string, path: string, body: (deep: string) => string][] => [
    ['POST', 'Subscription', bodies.Subscription],
    ['PUT', `Subscription/${subscription}`, bodies.Subscription],
    ['POST', 'Subscription/$status', bodies.Parameters],
    ['POST', `Subscription/${subscription}/$status`, bodies.Parameters],
    ['POST', `Subscription/${subscription}/$events`, bodies.Parameters],
    ['POST', `Subscription/${subscription}/$snapshot`, bodies.Parameters],
    ['POST', `Subscription/${subscription}/$rotate-secret`, bodies.Parameters],
  ];
  test.each([500, 5_000, 100_000])('%d deep', async (depth) => {
    for (const [method, path, body] of doors()) {
      const sent = { method, url: `/fhir/${path}`, headers: FHIR, payload: body(nested(depth)) };
      expect(await statusOf(sent), `${method} ${path}`).toBe(400);
    }
  });
});

test.each([
  '/fhir/Patient?_format=json&_format=json',
  '/fhir/Patient?_count=1&_count=2',
  '/fhir/Patient?_sort=birthdate&_sort=-birthdate',
  '/fhir/Patient?_total=none&_total=none',
  '/fhir/Patient?_cursor=a&_cursor=b',
  '/fhir/metadata?_format=json&_format=xml',
  '/fhir/Subscription?_count=1&_count=2',
  '/intake/messages?identifier=a&identifier=b',
  '/intake/messages?identifier=a&system=b&system=c',
  ...[
    'Patient?identifier',
    'Patient?x',
    'Patient/_history?_since',
    'MessageDefinition?url',
    'metadata?x',
    'Subscription?url',
    'Subscription/$status?status',
    'Subscription/$status?id',
    'Subscription/$status?x',
  ].map((asked) => `/fhir/${asked}=%00`),
  '/fhir/Patient?%00=a',
  '/intake/messages?identifier=%00',
])('a parameter that has one value and is given two, or holds NUL, is refused: %s', async (url) => {
  expect(await statusOf({ method: 'GET', url })).toBe(400);
});

test('a number or a content of events that is given twice is refused', async () => {
  for (const twice of ['eventsSinceNumber=1&eventsSinceNumber=2', 'content=empty&content=id-only'])
    expect(
      await statusOf({ method: 'GET', url: `/fhir/Subscription/${subscription}/$events?${twice}` }),
    ).toBe(400);
});

test.each([
  ['no body at all', undefined],
  ['an empty one', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['a text', '"Subscription"'],
])('a Subscription that is %s is refused', async (_what, payload) => {
  const sent = { method: 'POST', url: '/fhir/Subscription', ...(payload === undefined ? {} : { payload }) };
  expect([400, 415]).toContain(await statusOf({ ...sent, headers: payload === undefined ? {} : FHIR }));
});

const DOORS = /^(GET|POST|PUT|DELETE) \/(fhir|intake|docs|health|metrics)/;
/** Texts that have broken parsers: of wrong types, of the engine's own names, out of a store's range. */
const odd = fc.oneof(
  fc.constantFrom(
    '',
    '0000-01-01',
    '9999-12-31T23:59:59+14:00',
    '0001-01-01T00:00:00-23:59',
    'ge9999',
    'ap0001',
  ),
  fc.constantFrom('%', '\\', "'", '__proto__', '\u0000', '\ud800', '|', ',', '1e309', '-1', '9'.repeat(20)),
  fc.constantFrom('active', 'Patient/x', 'json', '_id', 'Group:member', 'EpisodeOfCare:patient'),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const NAMES = [
  '_format',
  '_count',
  '_sort',
  '_id',
  '_include',
  '_revinclude',
  '_lastUpdated',
  '_cursor',
  '_after',
];
const MORE = [
  'identifier',
  'date',
  'birthdate',
  'name',
  'patient',
  'status',
  'url',
  'content',
  'eventsSinceNumber',
];
const query = fc.array(fc.tuple(fc.constantFrom(...NAMES, ...MORE, 'system', 'id'), odd), { maxLength: 4 });

/** A whole, valid Subscription with something anywhere in it put in place of what was there. */
const bent = fc
  .tuple(fc.nat(200), fc.oneof(fc.jsonValue({ maxDepth: 2 }), odd, fc.constant({ toString: 1, valueOf: 1 })))
  .map(([place, value]) => {
    const whole = subscriptionTo('http://127.0.0.1:1/hook') as unknown as Record<string, unknown>;
    const places: [Record<string, unknown>, string][] = [];
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const [name, child] of Object.entries(node)) {
        places.push([node as Record<string, unknown>, name]);
        visit(child);
      }
    };
    visit({ whole: Object.assign(whole, { end: '2030-01-01T00:00:00Z' }) });
    const [node, name] = places[place % places.length] as [Record<string, unknown>, string];
    node[name] = value;
    return JSON.stringify(whole);
  });
const parameters = fc
  .array(fc.record({ name: fc.constantFrom(...MORE, 'id', 'eventsUntilNumber'), valueString: fc.anything() }))
  .map((parameter) =>
    JSON.stringify({ resourceType: 'Parameters', parameter }, (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  );
const body = fc.oneof(
  bent,
  parameters,
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.nat(3_000).map((depth) => `{"a":${nested(depth)}}`),
);
const TYPES = [
  'application/fhir+json',
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'text/csv',
];

test('no request is answered with 5xx', async () => {
  const doors = routes.filter(({ method, url }) => DOORS.test(`${method} ${url}`));
  expect(doors.length).toBeGreaterThan(40);
  const request = fc.record({
    door: fc.constantFrom(...doors),
    id: fc.oneof(
      fc.constant(() => subscription),
      odd.map((text) => () => encodeURIComponent(text.toWellFormed())),
    ),
    query,
    body,
    type: fc.constantFrom(...TYPES),
    as: fc.constantFrom(undefined, 'gp'),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ door, id, query, body, type, as }) => {
      const path = door.url.replaceAll(/:\w+/g, id);
      const asked = new URLSearchParams(
        query.map(([name, text]): [string, string] => [name, text.toWellFormed()]),
      );
      const headers = { 'content-type': type, ...(as ? { 'x-skein-system': as } : {}) };
      const sent = { method: door.method, url: `${path}?${asked}`, headers };
      const status = await statusOf(door.method === 'GET' ? sent : { ...sent, payload: body.toWellFormed() });
      expect(status).toBeLessThan(500);
    }),
    { numRuns: CASES },
  );
}, 120_000);

/** Where a caller's bytes become values: the guarded doors, and files of our own that are read with the engine's parser. */
const READERS: [what: RegExp, where: RegExp][] = [
  [
    /\bJSON\.parse\(/,
    /^(formats\/json|workbench|demo|listen|validate|command\/version|store\/(binaries|backup-file)|fhir\/definitions|read\/search\/cursor|pipeline\/ledger|admin\/export\/export)/,
  ],
  [/\brequest\.query\b|\bQuerystring\b/, /^doors\/query\.ts$/],
  [
    /\brequest\.body\b/,
    /^(receive\/http\/request|read\/routes|access\/register\/routes|work\/(competence|consent|glass|parental|prompts|safety|worklist\/routes)|deliver\/subscribe\/(routes|operations))\.ts$/,
  ],
  [/addContentTypeParser\(/, /^(doors\/body|receive\/http\/http)\.ts$/],
];
test('bodies and queries are read at the doors and nowhere else', async () => {
  const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join('src', file), 'utf8');
      return READERS.filter(([what, where]) => what.test(text) && !where.test(file)).map(() => file);
    }),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(found.flat()).toEqual([]);
});
