/** What a scope opens, by whatever its system proves who it is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needOf } from '../../src/access/authenticate/route-scopes.ts';
import { covers, readScopes } from '../../src/access/authenticate/scopes.ts';
import { payloadCeiling } from '../../src/access/decide/decide.ts';
import { setScopes } from '../../src/access/register/clients.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import { buildApp, type Part } from '../../src/app.ts';
import { Config } from '../../src/config.ts';
import { collectRoutes, type Route } from '../../src/doors/route-list.ts';
import { SUBSCRIPTION } from '../../src/web/examples.ts';
import { eventually } from '../deliver/support.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { adt } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at } from '../support/roll.ts';
import { startSkein } from '../support/skein.ts';
import { chart, episodeOf, transactionOf } from '../support/transactions.ts';

const SETTINGS = {
  AUTH: 'smart',
  ROLES: 'api,worker',
  PUBLIC_URL: 'https://skein.test',
  WEBHOOK_ALLOW: '127.0.0.1',
};
const FHIR = { 'content-type': 'application/fhir+json' };
const NOBODY = '00000000-0000-4000-8000-000000000000';

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
let token = '';
let routes: Route[] = [];

beforeAll(async () => {
  database = await testDatabase();
  const team = { name: 'hv', ods: 'RXX', team: 'hv', sector: 'health-visiting', kind: null, source: null };
  const payload = 'full-resource';
  ({ token } = await addSystem(database.pool, database.key, { ...team, payload }));
  skein = await startSkein(database, SETTINGS);
  routes = await routesOf();
});
afterAll(async () => {
  await skein.stop();
});

/** Every route that this product has, by its own description. */
async function routesOf(): Promise<Route[]> {
  const { paths } = (await skein.get('/docs/openapi.json')).body as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      url: path.replace(/\{(\w+)\}/g, ':$1'),
    })),
  );
}

const ask = async (method: string, path: string, body?: string, headers: Record<string, string> = FHIR) =>
  skein.send(
    method,
    path,
    { ...(body === undefined ? {} : headers), authorization: `Bearer ${token}` },
    body,
  );
const head = async (path: string) =>
  (await fetch(`${skein.url}${path}`, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } }))
    .status;
const scopes = (list: string) => setScopes(database.pool, 'hv', list.split(' '));

const REFUSED = (scope: string) => ({
  resourceType: 'OperationOutcome',
  issue: [expect.objectContaining({ code: 'forbidden', diagnostics: expect.stringContaining(scope) })],
});

test('every route that is served has an entry in the table of scopes', () => {
  expect(routes.length).toBeGreaterThan(60);
  expect(routes.filter((route) => needOf(route) === undefined)).toEqual([]);
});

test('a route without an entry is refused to whoever has scopes', async () => {
  const config = Config.parse({ AUTH: 'smart', PUBLIC_URL: 'https://skein.test', LOG_LEVEL: 'silent' });
  const unknown: Part = (app) => {
    collectRoutes(app);
    app.get('/new/thing', async () => 'secret');
  };
  const app = buildApp(testContext(database, { config }), [unknown]);
  const get = async () =>
    (await app.inject({ url: '/new/thing', headers: { authorization: `Bearer ${token}` } })).statusCode;
  await scopes('system/*.cruds');
  expect(await get()).toBe(403);
  await setScopes(database.pool, 'hv', null);
  expect(await get()).toBe(200);
  await app.close();
});

test('each route is refused with the scope named that it needs, and served with that scope alone', async () => {
  const asked = routes.flatMap((route) => {
    const need = needOf(route);
    return need && need !== 'none' ? [{ ...route, scope: `system/${need.type}.${need.letter}` }] : [];
  });
  expect(asked.length).toBeGreaterThan(55);
  const all = [...new Set(asked.map(({ scope }) => scope))];
  for (const scope of all) {
    const [type, letter = ''] = scope.slice('system/'.length).split('.');
    // All letters but the one, and the one of another type.
    const letters = [...'cruds'].filter((one) => one !== letter).join('');
    await scopes(`system/*.${letters} system/${type === 'Group' ? 'Patient' : 'Group'}.cruds`);
    for (const { method, url } of asked.filter((one) => one.scope === scope)) {
      const path = url.replace(':system', 'hv').replace(/:\w+/g, NOBODY);
      const reply = await ask(method, path);
      expect([reply.status, reply.body], `${method} ${url}`).toEqual([403, REFUSED(scope)]);
      if (method === 'GET') expect(await head(path), path).toBe(403);
    }
    await scopes(scope);
    for (const { method, url } of asked.filter((one) => one.scope === scope)) {
      const path = url.replace(':system', 'hv').replace(/:\w+/g, NOBODY);
      const { status, body } = await ask(method, path);
      // No system alone may lift a hold or break glass, or read who was told what, whatever its scopes.
      if (/\/(\$lift-hold|\$break-glass|AuditEvent)$/.test(url)) expect(body).not.toEqual(REFUSED(scope));
      else expect([401, 403], `${method} ${url}: ${status}`).not.toContain(status);
    }
  }
});

test('what concerns nobody is answered to anybody, and what is not there is not found', async () => {
  await scopes('system/Group.r');
  for (const path of ['/health/live', '/fhir/metadata', '/docs', '/fhir/.well-known/smart-configuration'])
    expect((await ask('GET', path)).status, path).toBe(200);
  expect((await ask('GET', '/fhir/Nothing')).status).toBe(404);
  expect((await ask('DELETE', '/fhir/Patient')).status).toBe(405);
});

describe('a search needs the scope of every type', () => {
  const search = (query: string) => ask('GET', `/fhir/Encounter?${query}`);
  test.each([
    ['that it brings along', '_include=Encounter:episode-of-care', 'EpisodeOfCare'],
    ['that it brings along again', '_include:iterate=Encounter:episode-of-care', 'EpisodeOfCare'],
    ['that it names as what to bring', '_include=Encounter:subject:Patient', 'Patient'],
    ['that brings itself along', '_revinclude=Provenance:target', 'Provenance'],
    ['that a chain leads to', 'patient.birthdate=2026-01-01', 'Patient'],
    ['whose identifier it asks', 'patient:identifier=x|y', 'Patient'],
  ])('%s', async (_name, query, type) => {
    await scopes('system/Encounter.rs');
    expect((await search('')).status).toBe(200);
    for (const reply of [await search(query), await ask('POST', '/fhir/Encounter/_search', query, FORM)])
      expect([reply.status, reply.body]).toEqual([403, REFUSED(`system/${type}.s`)]);
    await scopes(`system/Encounter.s system/${type}.s`);
    expect((await search(query)).status).toBe(200);
  });
});
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

test('each entry of a batch needs its own scope', async () => {
  const batch = (...entries: [string, string][]) => {
    const entry = entries.map(([method, url]) => ({ request: { method, url } }));
    return ask('POST', '/fhir', JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }));
  };
  await scopes('system/*.c system/Patient.s');
  const { body } = await batch(
    ['GET', 'Patient'],
    ['GET', 'Group'],
    ['GET', 'Patient?_revinclude=Provenance:target'],
  );
  const statuses = (body.entry as { response: { status: string } }[]).map(({ response }) => response.status);
  expect(statuses).toEqual(['200', '403', '403']);
  await scopes('system/Patient.s');
  expect((await batch(['GET', 'Patient'])).status).toBe(403);
});

test('who may send and nothing else sends, and asks what became of it', async () => {
  await scopes('system/*.c');
  const headers = { 'content-type': 'x-application/hl7-v2+er7' };
  expect(
    (
      await ask(
        'POST',
        '/intake/hv',
        adt({ nhs: nhsNumber(41), given: 'Ada', family: 'Penrose', born: '1991-01-01', local: 'A1' }),
        headers,
      )
    ).status,
  ).not.toBe(403);
  expect([(await ask('GET', '/intake/messages?identifier=none')).status]).toEqual([404]);
  expect((await ask('GET', '/fhir/Patient')).status).toBe(403);
});

test('notifications and events carry resources only to who may read all of them', async () => {
  const subscribe = async (content: string) => {
    const resource = structuredClone(SUBSCRIPTION);
    Object.assign(resource.channel, { endpoint: 'http://127.0.0.1:9/hook' });
    Object.assign(resource.channel._payload.extension[0] as object, { valueCode: content });
    return ask('POST', '/fhir/Subscription', JSON.stringify(resource));
  };
  await scopes('system/Patient.rs system/Subscription.cruds');
  expect((await subscribe('full-resource')).status).toBe(422);
  expect((await subscribe('id-only')).status).toBe(201);
  await scopes('system/*.r system/Subscription.cruds');
  const { status, body } = await subscribe('full-resource');
  expect(status).toBe(201);
  const who = chart('hv', { nhs: nhsNumber(42), given: 'Bea', family: 'Pascoe', born: '1992-02-02' });
  await scopes('system/*.cruds');
  const sent = transactionOf([who, episodeOf(who, 'hv', { id: 'E1', start: ago(20) })], at(ago(1)));
  expect((await ask('POST', '/fhir', JSON.stringify(sent))).status).toBe(200);
  const told = async () => JSON.stringify((await ask('GET', `/fhir/Subscription/${body.id}/$events`)).body);
  await eventually(told, (events) => events.includes('"resourceType":"EpisodeOfCare"'));
  await scopes('system/Subscription.r');
  expect(await told()).toContain('EpisodeOfCare/');
  expect(await told()).not.toContain('"resourceType":"EpisodeOfCare"');
  const service = { id: NOBODY, name: 'hv', ods: 'RXX', team: 'hv', sector: 'health-visiting', kind: null };
  const system = { id: 1, name: 'hv', service, source: null, dialect: null, onHeld: 'AE' };
  const most = (of: string[] | null, granted?: string[]) =>
    payloadCeiling(
      { kind: 'system', system: { ...system, scopes: of }, ...(granted ? { scopes: granted } : {}) },
      'full-resource',
    );
  expect(most(null)).toBe('full-resource');
  expect(most(['system/*.rs'])).toBe('full-resource');
  expect(most(['system/Patient.rs', 'system/Subscription.cruds'])).toBe('id-only');
  expect(most(['system/*.cruds'], ['system/Subscription.r'])).toBe('id-only');
});

test.each([
  ['system/Patient.rs', ['system/Patient.r', 'system/Patient.s'], true],
  ['system/Patient.rs', ['system/Patient.r', 'system/*.s'], true],
  ['system/Patient.cruds', ['system/*.cruds'], true],
  ['system/Patient.rs', ['system/Patient.r'], false],
  ['system/*.r', ['system/Patient.r', 'system/Group.r'], false],
  ['system/Patient.r', ['system/Patients.r', 'patient/Patient.r', 'system/Patient.read', ''], false],
  ['nonsense', ['system/*.cruds'], false],
])('%s by %j: %s', (wanted, granted, covered) => {
  expect(covers(granted, wanted)).toBe(covered);
});

test.each([
  '',
  ' ',
  'system/Patient.',
  'system/Patient.x',
  'system/patient.r',
  'system/*.*',
  'openid',
  'system/Patient.rr',
])('"%s" is no list of scopes', (text) => {
  expect(readScopes(text)).toBeNull();
});
