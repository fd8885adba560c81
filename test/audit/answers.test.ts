/** No row in the audit, no answer; and every way out has one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SMART_CONFIGURATION_PATH, TOKEN_PATH } from '../../src/access/authenticate/public.ts';
import { setDisabled } from '../../src/access/register/clients.ts';
import { addSystem, findActive } from '../../src/access/register/systems.ts';
import { isAudited } from '../../src/audit/keep-answers.ts';
import type { OpenApi } from '../../src/web/docs.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import { startSkein } from '../support/skein.ts';
import { ago, say } from '../support/telling.ts';
import { referralOf, type Said } from '../support/transactions.ts';

const MOTHER = person(811, 'Philippa', 'Overstone', '1992-02-02');
const BABY = person(812, 'Barnaby', 'Overstone', 40);
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
};
const FHIR = { 'content-type': 'application/fhir+json' };
const AS_PERINATAL = { 'x-skein-system': 'perinatal' };

let household: Household;
/** An id of each type. */
const ids = new Map<string, string>();
let mother = '';

beforeAll(async () => {
  household = await gather(SERVICES);
  const all = [ward(BABY, { mother: MOTHER.nhs }), ward(MOTHER, { event: 'A28', day: ago(80) })];
  const asked = { id: 'R-1', from: household.serviceOf('maternity'), to: household.serviceOf('perinatal') };
  const referral = (whom: Said) => [referralOf(whom, asked, ago(9))];
  const treated = care('perinatal', MOTHER, { start: ago(30), contact: ago(3), more: referral });
  for (const one of [...all, treated]) await say(household, one);
  await household.settle();
  const { rows } = await household.database.pool.query('select distinct on (type) type, id from resource');
  for (const { type, id } of rows) ids.set(type, id);
  ids.set('Subscription', household.subscriptions.get('perinatal') ?? '');
  ids.set('Basic', 'family-episode');
  ids.set('HealthcareService', household.serviceOf('perinatal'));
  const number = `&identifier=https://fhir.nhs.uk/Id/nhs-number|${MOTHER.nhs}`;
  mother = (await household.find('Patient', number, 'perinatal'))[0]?.id ?? '';
  ids.set('Patient', mother);
});
afterAll(() => household.stop());

async function countRows(): Promise<number> {
  const { rows } = await household.database.pool.query('select count(*)::int as n from audit');
  return rows[0].n;
}

type Asked = { method: string; path: string; headers?: Record<string, string>; body?: string };

async function ask({ method, path, headers = {}, body }: Asked) {
  const response = await fetch(household.skein.url + path, { method, headers, ...(body ? { body } : {}) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe('of all routes', () => {
  const NONE = [
    ...[
      'GET /docs',
      'GET /docs/openapi.json',
      'GET /fhir/metadata',
      'GET /health/live',
      'GET /health/ready',
      'GET /health/pager',
      'GET /metrics',
    ],
    ...['POST /fhir', 'POST /fhir/$process-message', 'POST /intake/{system}'],
  ];
  const PARAMETERS = JSON.stringify({ resourceType: 'Parameters', parameter: [] });
  const MATCH = JSON.stringify({
    resourceType: 'Parameters',
    parameter: [{ name: 'resource', resource: { resourceType: 'Patient', birthDate: '1992-02-02' } }],
  });
  const CONTACT = JSON.stringify({
    resourceType: 'Parameters',
    parameter: [{ name: 'how', valueCode: 'text' }],
  });

  /** A request that a route answers with what it has. */
  function requestOf(operation: string): Asked {
    const [method = '', template = ''] = operation.split(' ');
    const type = /^\/fhir\/([A-Z]\w+)/.exec(template)?.[1] ?? '';
    const path = template.replace('{id}', ids.get(type) ?? mother).replace('{vid}', '1');
    if (path.endsWith('/_search'))
      return {
        method,
        path,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: '_count=5',
      };
    if (path.endsWith('$match')) return { method, path, headers: FHIR, body: MATCH };
    if (path.endsWith('$place-hold')) return { method, path, headers: AS_PERINATAL };
    if (path.endsWith('$safe-contact'))
      return { method, path, headers: { ...FHIR, ...AS_PERINATAL }, body: CONTACT };
    if (/\$(status|events|snapshot)$/.test(path) && method === 'POST')
      return { method, path, headers: FHIR, body: PARAMETERS };
    if (path === '/fhir/AuditEvent') return { method, path: `${path}?patient=${mother}` };
    if (path === '/intake/messages')
      return { method, path: `${path}?identifier=nothing-of-the-kind`, headers: AS_PERINATAL };
    return { method, path };
  }

  test('each that gives resources leaves one row, and no other leaves any', async () => {
    const { paths } = (await household.skein.get('/docs/openapi.json')).body as unknown as OpenApi;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const silent: string[] = [];
    const given: string[] = [];
    const asked = operations.filter((one) => /^(GET|POST) /.test(one));
    for (const operation of asked) {
      const before = await countRows();
      const { status } = await ask(requestOf(operation));
      const rows = (await countRows()) - before;
      if (status < 300) given.push(operation);
      const isAnswer = status < 300 || [401, 403, 404].includes(status);
      if (NONE.includes(operation) || !isAnswer) expect(rows, `${operation} ${status}`).toBe(0);
      else expect(rows, `${operation} ${status}`).toBe(1);
      if (!isAudited(...(operation.replaceAll(/\{(\w+)\}/g, ':$1').split(' ') as [string, string])))
        silent.push(operation);
    }
    expect(silent.toSorted()).toEqual(NONE.toSorted());
    // Served where clients have keys of their own.
    expect(isAudited('GET', SMART_CONFIGURATION_PATH) || isAudited('POST', TOKEN_PATH)).toBe(false);
    // Refused: what is not done over HTTP, a page of no snapshot, what nobody sent, and messages and subscriptions without a body.
    expect(asked.filter((operation) => !given.includes(operation)).toSorted()).toEqual([
      'GET /fhir/Consent/{id}',
      'GET /fhir/Subscription/{id}/$snapshot',
      'GET /intake/messages',
      'POST /fhir',
      'POST /fhir/$process-message',
      'POST /fhir/Consent',
      'POST /fhir/Patient/$break-glass',
      'POST /fhir/Patient/{id}/$break-glass',
      'POST /fhir/Patient/{id}/$lift-hold',
      'POST /fhir/Patient/{id}/$set-competence',
      'POST /fhir/Patient/{id}/$set-parental-responsibility',
      'POST /fhir/Patient/{id}/$set-placement',
      'POST /fhir/Subscription',
      'POST /fhir/Subscription/{id}/$confirm-removal',
      'POST /fhir/Task/{id}/$accept',
      'POST /fhir/Task/{id}/$defer',
      'POST /fhir/Task/{id}/$reject',
      'POST /fhir/Task/{id}/$undo',
      'POST /intake/{system}',
    ]);
  });

  test('what a batch asks is recorded by each of its requests', async () => {
    const request = (url: string) => ({ request: { method: 'GET', url } });
    const entry = [request(`Patient/${mother}`), request('Patient?_count=1'), request('metadata')];
    const body = JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry });
    const before = await countRows();
    const headers = { ...FHIR, ...AS_PERINATAL };
    expect((await ask({ method: 'POST', path: '/fhir', headers, body })).status).toBe(200);
    expect((await countRows()) - before).toBe(2);
  });

  test('who is turned away and is known is recorded, and nobody else is', async () => {
    const { pool, key } = household.database;
    const added = { name: 'gone', ods: 'RXQ', team: 'gone', sector: null, kind: null, source: null };
    const { token } = await addSystem(pool, key, added);
    await setDisabled(pool, 'gone', true);
    const closed = await startSkein(household.database, { AUTH: 'token', ROLES: 'api' });
    const before = await countRows();
    const path = `/fhir/Patient/${mother}`;
    expect((await closed.get(path)).status).toBe(401);
    expect((await closed.send('GET', path, { authorization: 'Bearer nobody' })).status).toBe(401);
    expect((await countRows()) - before).toBe(0);
    expect((await closed.send('GET', path, { authorization: `Bearer ${token}` })).status).toBe(401);
    await closed.stop();
    const { rows } = await pool.query('select kind, outcome, name, ids from audit order by id desc limit 1');
    expect(rows).toEqual([{ kind: 'refusal', outcome: '401', name: 'gone', ids: [mother] }]);
  });
});

describe('where no row can be written', () => {
  beforeAll(async () => {
    await household.database.pool.query('alter table audit add constraint full_up check (false) not valid');
  });
  afterAll(async () => {
    await household.database.pool.query('alter table audit drop constraint if exists full_up');
  });

  test.each([
    ['a read', () => `/fhir/Patient/${mother}`],
    ['a search', () => '/fhir/Patient?_count=5'],
    ['a history', () => `/fhir/Patient/${mother}/_history`],
    ['a journey', () => `/fhir/Group/${ids.get('Group')}/$journey`],
    ['events', () => `/fhir/Subscription/${ids.get('Subscription')}/$events`],
    ['what is not known', () => '/fhir/Patient/00000000-0000-4000-8000-000000000001'],
  ])('%s is answered 503, and nothing of it is given', async (_, pathOf) => {
    const { status, headers, text } = await ask({ method: 'GET', path: pathOf(), headers: AS_PERINATAL });
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'transient' }],
    });
    expect(headers.get('retry-after')).toBe('1');
    for (const name of ['etag', 'last-modified']) expect(headers.get(name)).toBeNull();
    for (const word of [mother, MOTHER.family, MOTHER.nhs]) expect(text).not.toContain(word);
  });

  test('nothing is said by a header alone, of a HEAD or of what is not modified', async () => {
    const path = `/fhir/Patient/${mother}`;
    for (const [method, more] of [
      ['HEAD', {}],
      ['GET', { 'if-none-match': '*' }],
    ] as const) {
      const { status, headers } = await ask({ method, path, headers: { ...AS_PERINATAL, ...more } });
      expect([method, status, headers.get('etag')]).toEqual([method, 503, null]);
    }
  });

  test('nothing is changed: no hold, no registration', async () => {
    const { pool } = household.database;
    const countKept = async () => (await pool.query('select count(*)::int as n from message')).rows[0].n;
    const before = await countKept();
    const how = [{ name: 'how', valueCode: 'letter' }];
    const body = JSON.stringify({ resourceType: 'Parameters', parameter: how });
    const headers = { ...FHIR, ...AS_PERINATAL };
    const path = `/fhir/Patient/${mother}/$safe-contact`;
    expect((await ask({ method: 'POST', path, headers, body })).status).toBe(503);
    expect(await countKept()).toBe(before);
    await expect(setDisabled(pool, 'perinatal', true)).rejects.toThrow('the audit cannot be written');
    expect(await findActive(pool, 'perinatal')).not.toBeNull();
    // Nor was it refused for another reason: once rows can be written it is kept.
    await pool.query('alter table audit drop constraint full_up');
    expect((await ask({ method: 'POST', path, headers, body })).status).toBe(200);
    expect(await countKept()).toBe(before + 1);
  });
});
