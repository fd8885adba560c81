/** The OpenAPI description against what is really answered, and against the rules of its own standard. */
import type { Bundle } from '@medplum/fhirtypes';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { Config } from '../../src/config.ts';
import { INDEXED_TYPES } from '../../src/fhir/search-parameters.ts';
import { placesOf } from '../../src/receive/senders.ts';
import type { OpenApi } from '../../src/web/docs.ts';
import {
  COMPETENCE_SAID,
  CONSENT,
  DECISION,
  DEFERRAL,
  DUTY_CONTACT,
  GLASS_BROKEN,
  GLASS_BROKEN_FOR,
  HL7_V2,
  MATCHING,
  PARAMETERS,
  PARAMETERS_OF_EVENTS,
  PARAMETERS_OF_REMOVAL,
  PARAMETERS_OF_SNAPSHOT,
  PARENTAL_SAID,
  PLACEMENT_SAID,
  PROMPT_ENDED,
  SAFE_CONTACT_SAID,
  SUBSCRIPTION,
  TRANSACTION,
} from '../../src/web/examples.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { askingPeople, humanToken, newHumanPair } from '../support/humans.ts';
import { adt, barsReferral } from '../support/messages.ts';
import { startReceiver } from '../support/receiver.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at } from '../support/roll.ts';
import { type Reply, startSkein } from '../support/skein.ts';
import { chart, episodeOf, referralOf, transactionOf } from '../support/transactions.ts';

type Skein = Awaited<ReturnType<typeof startSkein>>;
type Asked = {
  system?: string;
  accept?: string;
  type?: string;
  body?: string;
  headers?: Record<string, string>;
};

const FHIR = 'application/fhir+json';
const FORM = 'application/x-www-form-urlencoded';
const NOBODY = '00000000-0000-4000-8000-000000000000';
/** Larger than any way in takes. */
const HUGE = `"${'x'.repeat(5_300_000)}"`;
const UNA = { nhs: nhsNumber(970), given: 'Una', family: 'Tregear', born: '1990-01-01', local: 'U1' };

const people = newHumanPair('people');
const ROLES = [{ organisation: 'RXP', role: 'R8001', team: 'perinatal', may: ['clinician', 'reviewer'] }];
/** A request of the system for one of two people at it. */
const by = (sub: string) => ({
  'x-skein-user': `Bearer ${humanToken(people, { sub, organisation: 'RXP', role: 'R8001' })}`,
});

let database: TestDatabase;
let open: Skein;
let asking: Skein;
let api: OpenApi;
let closed: OpenApi;
let token = '';
/** Statuses seen, by operation. */
const seen = new Map<string, Set<string>>();
let valid: (schema: string, body: unknown) => boolean;

beforeAll(async () => {
  database = await testDatabase();
  const add = (name: string, sector: string | null, source: string) =>
    addSystem(database.pool, database.key, { name, ods: 'RXP', team: name, sector, kind: null, source });
  ({ token } = await add('perinatal', 'specialist-perinatal', 'fhir-r4'));
  await add('pas', 'maternity', 'hl7v2-adt');
  open = await startSkein(database, await askingPeople([people], ROLES));
  asking = await startSkein(database, { AUTH: 'token', ROLES: 'api' });
  api = (await (await fetch(`${open.url}/docs/openapi.json`)).json()) as OpenApi;
  closed = (await (await fetch(`${asking.url}/docs/openapi.json`)).json()) as OpenApi;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(api as object, 'api');
  valid = (schema, body) => ajv.validate({ $ref: `api${schema}` }, body);
});
afterAll(async () => {
  await open.stop();
  await asking.stop();
});

/** Asks, and holds the answer to what is said of it: its status, headers, media type and shape. */
async function ask(
  operation: string,
  path = operation.split(' ')[1] as string,
  asked: Asked = {},
): Promise<Reply> {
  const [method = '', template = ''] = operation.split(' ');
  const { system, accept, type, body, headers } = asked;
  const reply = await open.send(
    method,
    path,
    {
      ...(system ? { 'x-skein-system': system } : {}),
      ...(accept ? { accept } : {}),
      ...(type ? { 'content-type': type } : {}),
      ...headers,
    },
    body,
  );
  const { responses } = api.paths[template]?.[method.toLowerCase()] ?? {};
  const described = responses?.[reply.status];
  expect(Object.keys(responses ?? {}), `${operation} ${JSON.stringify(reply.body)}`).toContain(
    String(reply.status),
  );
  for (const name of Object.keys(described?.headers ?? {}))
    expect(reply.headers.get(name), `${operation} ${reply.status} ${name}`).not.toBeNull();
  const media = reply.headers.get('content-type')?.split(';')[0];
  expect(Object.keys(described?.content ?? {}), `${operation} ${reply.status}`).toEqual(
    media ? expect.arrayContaining([media]) : [],
  );
  const { $ref = '' } = (described?.content?.[media ?? '']?.schema ?? {}) as { $ref?: string };
  if (media?.includes('json')) expect(valid($ref, reply.body), `${operation} ${reply.status}`).toBe(true);
  seen.set(operation, (seen.get(operation) ?? new Set()).add(String(reply.status)));
  return reply;
}

/** The statuses of several requests of one operation. */
async function statuses(operation: string, path: string, all: Asked[]): Promise<number[]> {
  const found: number[] = [];
  for (const asked of all) found.push((await ask(operation, path, asked)).status);
  return found;
}

const fhirBody = (body: unknown, system = 'perinatal', headers = {}): Asked => ({
  ...{ type: FHIR, system, headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

test('a Bundle sent is answered as described', async () => {
  const whom = chart('perinatal', UNA);
  const said = transactionOf([whom, episodeOf(whom, 'perinatal', { id: 'O1', start: ago(3) })], at(ago(2)));
  const all = [
    fhirBody(said),
    fhirBody(TRANSACTION),
    fhirBody('{'),
    { ...fhirBody(said), accept: 'text/html' },
    fhirBody(said, 'perinatal', { 'idempotency-key': 'one' }),
    fhirBody(TRANSACTION, 'perinatal', { 'idempotency-key': 'one' }),
    fhirBody(HUGE),
    { ...fhirBody(said), type: 'text/csv' },
    fhirBody(JSON.stringify(TRANSACTION).replace('1990-01-01', 'yesterday')),
  ];
  expect(await statuses('POST /fhir', '/fhir', all)).toEqual([200, 200, 400, 406, 200, 409, 413, 415, 422]);
});

test('a BaRS message is answered as described', async () => {
  const ids = { 'x-request-id': NOBODY, 'x-correlation-id': NOBODY };
  const other = { ...ids, 'x-request-id': NOBODY.replace('8000', '9000') };
  const referral = barsReferral(UNA);
  const all = [
    fhirBody(referral, 'perinatal', ids),
    fhirBody(referral),
    { ...fhirBody(referral, 'perinatal', ids), accept: 'text/html' },
    fhirBody(referral, 'perinatal', ids),
    fhirBody(HUGE, 'perinatal', ids),
    { ...fhirBody(referral, 'perinatal', ids), type: 'text/csv' },
    fhirBody(JSON.stringify(referral).replaceAll('1990-01-01', 'yesterday'), 'perinatal', other),
  ];
  expect(await statuses('POST /fhir/$process-message', '/fhir/$process-message', all)).toEqual([
    200, 400, 406, 409, 413, 415, 422,
  ]);
});

test('what is sent to intake is answered as described', async () => {
  const type = 'x-application/hl7-v2+er7';
  const hl7 = (body: string, more: Asked = {}): Asked => ({ type, body, ...more });
  const all = [
    hl7(HL7_V2),
    hl7(HL7_V2, { accept: 'application/json' }),
    hl7('MSH|'),
    hl7(HL7_V2.replace('Una', 'Ada')),
    hl7(HL7_V2.replace('Una', 'Ada'), { accept: 'application/json' }),
    hl7(HUGE),
    { type: 'text/plain', body: 'hello' },
    hl7(adt(UNA, { event: 'Z99', id: 'HELD' })),
    hl7(adt(UNA, { event: 'Z99', id: 'HELD2' }), { accept: 'application/json' }),
    { type: FHIR, body: JSON.stringify(TRANSACTION), headers: { prefer: 'respond-async' } },
  ];
  expect(await statuses('POST /intake/{system}', '/intake/pas', all)).toEqual([
    200, 200, 400, 409, 409, 413, 415, 422, 422, 202,
  ]);
  const become = 'GET /intake/messages';
  for (const [query, status] of [
    ['?identifier=EXAMPLE-1', 200],
    ['?identifier=HELD', 200],
    ['', 400],
    ['?identifier=x', 404],
  ])
    expect((await ask(become, `/intake/messages${query}`, { system: 'pas' })).status).toBe(status);
});

test('what messages are taken is answered as described', async () => {
  const operation = 'GET /fhir/MessageDefinition';
  const at = (query: string, more: Asked = {}) => ask(operation, `/fhir/MessageDefinition${query}`, more);
  expect((await at('?event=servicerequest-request')).status).toBe(200);
  expect((await at('?colour=red')).status).toBe(400);
  expect((await at('', { accept: 'text/html' })).status).toBe(406);
});

test('who was told what is answered as described', async () => {
  const at = async (query: string, more: Asked = {}) =>
    (await ask('GET /fhir/AuditEvent', `/fhir/AuditEvent${query}`, more)).status;
  expect(await at(`?patient=${NOBODY}`)).toBe(200);
  expect(await at('')).toBe(400);
  expect(await at('', { system: 'perinatal' })).toBe(403);
  expect(await at('', { accept: 'text/html' })).toBe(406);
});

test('what is read and searched is answered as described', async () => {
  const [type, html] = ['Patient', { accept: 'text/html' }];
  const { body } = await ask(`GET /fhir/${type}`, undefined, {});
  const [{ resource }] = body.entry as [{ resource: { id: string; meta: { versionId: string } } }];
  const one = `/fhir/${type}/${resource.id}`;
  for (const [form, path] of [
    ['{id}', one],
    ['{id}/_history/{vid}', `${one}/_history/${resource.meta.versionId}`],
  ] as const) {
    const read = `GET /fhir/${type}/${form}`;
    const etag = (await ask(read, path)).headers.get('etag') ?? '';
    expect((await ask(read, path, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await ask(read, `${path}?_summary=count`)).status).toBe(400);
    expect((await ask(read, path.replace(resource.id, NOBODY))).status).toBe(404);
    expect((await ask(read, path, html)).status).toBe(406);
  }
  const history = `GET /fhir/${type}/{id}/_history`;
  for (const path of [`${one}/_history`, `${one}/_history?_count=x`, `/fhir/${type}/${NOBODY}/_history`])
    await ask(history, path);
  await ask(history, `${one}/_history`, html);
  await ask(`GET /fhir/${type}`, `/fhir/${type}?colour=red`);
  await ask(`GET /fhir/${type}`, `/fhir/${type}`, html);
  const search = `POST /fhir/${type}/_search`;
  for (const form of ['family=Tregear', 'colour=red', `family=${'x'.repeat(70_000)}`])
    await ask(search, undefined, { type: FORM, body: form });
  await ask(search, undefined, { type: FHIR, body: '{}' });
  await ask(search, undefined, { ...html, type: FORM, body: '' });
  const match = 'POST /fhir/Patient/$match';
  for (const body of [JSON.stringify(MATCHING), '{}']) await ask(match, undefined, { type: FHIR, body });
  await ask(match, undefined, { type: FORM, body: 'family=Tregear' });
  await ask(match, undefined, { ...html, type: FHIR, body: JSON.stringify(MATCHING) });
  await ask(match, undefined, { type: FHIR, body: JSON.stringify({ text: 'x'.repeat(70_000) }) });
  const group = (await open.get('/fhir/Group')).body.entry as { resource: { id: string } }[];
  const journey = 'GET /fhir/Group/{id}/$journey';
  await ask(journey, `/fhir/Group/${group[0]?.resource.id}/$journey`);
  await ask(journey, `/fhir/Group/${NOBODY}/$journey`);
  await ask(journey, `/fhir/Group/${NOBODY}/$journey`, html);
  await ask(journey, `/fhir/Group/${NOBODY}/$journey?colour=red`);
  await ask('GET /fhir/metadata');
  await ask('GET /fhir/metadata', undefined, html);
});

test('what a service says of itself is answered as described', async () => {
  const form = '/fhir/HealthcareService/{id}';
  const { rows } = await database.pool.query<{ id: string }>(
    "select id from service where team = 'perinatal'",
  );
  const [own, none] = [rows[0]?.id, NOBODY].map((id) => `/fhir/HealthcareService/${id}`) as [string, string];
  const html = { system: 'perinatal', accept: 'text/html' };
  const said = fhirBody(DUTY_CONTACT);
  expect(await statuses(`PUT ${form}`, own, [said, fhirBody({ ...DUTY_CONTACT, id: NOBODY })])).toEqual([
    200, 400,
  ]);
  const wrong = [
    fhirBody({ ...DUTY_CONTACT, telecom: [] }),
    { ...said, type: 'text/csv' },
    { ...said, ...html },
  ];
  expect(await statuses(`PUT ${form}`, own, wrong)).toEqual([422, 415, 406]);
  await ask(`PUT ${form}`, none, said);
  for (const path of [own, none]) await ask(`GET ${form}`, path, { system: 'perinatal' });
  await ask(`GET ${form}`, own, html);
});

test('waits are answered as described', async () => {
  for (const system of [undefined, 'perinatal']) {
    const { status } = await ask('GET /waits', '/waits?period=2025-Q3', system ? { system } : {});
    expect(status).toBe(200);
  }
  await ask('GET /waits', '/waits?period=soon', { system: 'perinatal' });
});

test('what the owner of a prompt does with it is answered as described', async () => {
  const form = '/fhir/Task/{id}';
  const { rows } = await database.pool.query<{ id: string }>(
    "select id from service where team = 'perinatal'",
  );
  const whom = chart('perinatal', UNA);
  const asked = referralOf(whom, { id: 'O2', from: rows[0]?.id ?? '', to: NOBODY }, ago(40));
  await ask('POST /fhir', '/fhir', fhirBody(transactionOf([whom, asked], at(ago(40)))));
  const { body } = await open.get('/fhir/Task?code=referral-unanswered', 'perinatal');
  const [{ resource }] = body.entry as [{ resource: { id: string } }];
  const [own, none] = [`/fhir/Task/${resource.id}`, `/fhir/Task/${NOBODY}`] as const;
  const said = fhirBody(PROMPT_ENDED);
  const wrong = [
    fhirBody('{'),
    { ...said, accept: 'text/html' },
    fhirBody(PROMPT_ENDED, 'perinatal', { 'if-match': 'W/"99"' }),
    { ...said, type: 'text/csv' },
    fhirBody({ ...PROMPT_ENDED, status: 'draft' }),
  ];
  expect(await statuses(`PUT ${form}`, own, wrong)).toEqual([400, 406, 412, 415, 422]);
  expect((await ask(`PUT ${form}`, none, said)).status).toBe(404);
  expect((await ask(`PUT ${form}`, own, said)).status).toBe(200);
});

test('what people are to decide, and decide, is answered as described', async () => {
  const ada = { given: 'Ada', family: 'Tregear', born: '1988-04-05', postcode: 'LS1 1AA' };
  const known = { ...ada, nhs: nhsNumber(971), local: 'A1' };
  await ask('POST /intake/{system}', '/intake/pas', {
    type: 'x-application/hl7-v2+er7',
    body: adt(known, { id: 'ADA' }),
  });
  const whom = chart('perinatal', { ...ada, local: 'A2' });
  await ask('POST /fhir', '/fhir', fhirBody(transactionOf([whom], at(ago(4)))));
  const list = 'GET /fhir/Task/$worklist';
  const { body } = await ask(list);
  const [{ resource }] = body.entry as [{ resource: { id: string } }];
  for (const [query, more] of [
    ['', { system: 'perinatal' }],
    ['?colour=red', {}],
    ['', { accept: 'text/html' }],
  ] as const)
    await ask(list, `/fhir/Task/$worklist${query}`, more);
  await ask('GET /fhir/Task/{id}', `/fhir/Task/${resource.id}`);
  const until = { name: 'until', valueDate: ago(-9) };
  const deferral = { ...DEFERRAL, parameter: [...DEFERRAL.parameter.slice(0, 1), until] };
  const [html, csv] = [{ accept: 'text/html' }, { type: 'text/csv' }];
  for (const [name, example] of [
    ...[['reject', DECISION] as const, ['undo', DECISION] as const, ['accept', DECISION] as const],
    ...[['undo', DECISION] as const, ['defer', deferral] as const],
  ]) {
    const [operation, path] = [`POST /fhir/Task/{id}/$${name}`, `/fhir/Task/${resource.id}/$${name}`];
    const said = fhirBody(example, '');
    const empty = fhirBody({ resourceType: 'Parameters' }, '');
    const wrong = [fhirBody('{', ''), { ...said, ...html }, fhirBody(HUGE, ''), { ...said, ...csv }, empty];
    expect(await statuses(operation, path, wrong)).toEqual([400, 406, 413, 415, 422]);
    expect((await ask(operation, path.replace(resource.id, NOBODY), said)).status).toBe(404);
    expect((await ask(operation, path, said)).status).toBe(200);
  }
});

test('what is said for somebody’s safety is answered as described', async () => {
  const { body } = await open.get('/fhir/Patient?family=Tregear', 'perinatal');
  const [{ resource }] = body.entry as [{ resource: { id: string } }];
  const at = (id: string, operation: string) => `/fhir/Patient/${id}/$${operation}`;
  const own = { type: FHIR, system: 'perinatal' };
  const [html, huge] = [
    { ...own, accept: 'text/html' },
    { ...own, body: HUGE.slice(0, 70_000) },
  ];
  const hold = 'POST /fhir/Patient/{id}/$place-hold';
  const all = [{ ...own, headers: by('1') }, {}, html, huge];
  expect(await statuses(hold, at(resource.id, 'place-hold'), all)).toEqual([200, 403, 406, 413]);
  expect((await ask(hold, at(NOBODY, 'place-hold'), own)).status).toBe(404);
  const lift = 'POST /fhir/Patient/{id}/$lift-hold';
  const lifting = { ...own, headers: by('2') };
  const attempts = [own, html, huge, { ...own, headers: by('1') }, lifting];
  expect(await statuses(lift, at(resource.id, 'lift-hold'), attempts)).toEqual([403, 406, 413, 422, 200]);
  expect((await ask(lift, at(NOBODY, 'lift-hold'), lifting)).status).toBe(404);
  const contact = 'POST /fhir/Patient/{id}/$safe-contact';
  const said = fhirBody(SAFE_CONTACT_SAID);
  const asked = [
    said,
    fhirBody('{'),
    { ...said, system: '' },
    { ...said, accept: 'text/html' },
    fhirBody(HUGE),
    { ...said, type: 'text/csv' },
    fhirBody({ ...SAFE_CONTACT_SAID, parameter: [] }),
  ];
  const expected = [200, 400, 403, 406, 413, 415, 422];
  expect(await statuses(contact, at(resource.id, 'safe-contact'), asked)).toEqual(expected);
  expect((await ask(contact, at(NOBODY, 'safe-contact'), said)).status).toBe(404);
  const placed = fhirBody(PLACEMENT_SAID);
  const placement = 'POST /fhir/Patient/{id}/$set-placement';
  const other = { ...PLACEMENT_SAID, parameter: [{ name: 'placement', valueCode: 'moved' }] };
  const all3 = [placed, ...asked.slice(1, -1), fhirBody(other)];
  expect(await statuses(placement, at(resource.id, 'set-placement'), all3)).toEqual(expected);
  expect((await ask(placement, at(NOBODY, 'set-placement'), placed)).status).toBe(404);
});

test('what is found of a young person is answered as described', async () => {
  const girl = { ...UNA, nhs: nhsNumber(971), given: 'Ivy', born: ago(15 * 366), local: 'I1' };
  const whom = chart('perinatal', girl);
  const care = episodeOf(whom, 'perinatal', { id: 'E-I1', start: ago(9) });
  await open.transaction(transactionOf([whom, care], at(ago(9))), 'perinatal');
  const idOf = async (given: string) => {
    const { body } = await open.get(`/fhir/Patient?family=Tregear&given=${given}`, 'perinatal');
    return (body.entry as [{ resource: { id: string } }])[0].resource.id;
  };
  const operation = 'POST /fhir/Patient/{id}/$set-competence';
  const path = (id: string) => `/fhir/Patient/${id}/$set-competence`;
  const said = { ...fhirBody(COMPETENCE_SAID), headers: by('1') };
  const all = [
    said,
    { ...said, body: '{' },
    fhirBody(COMPETENCE_SAID),
    { ...said, accept: 'text/html' },
    { ...said, body: HUGE },
    { ...said, type: 'text/csv' },
  ];
  expect(await statuses(operation, path(await idOf('Ivy')), all)).toEqual([200, 400, 403, 406, 413, 415]);
  expect((await ask(operation, path(await idOf('Una')), said)).status).toBe(422);
  expect((await ask(operation, path(NOBODY), said)).status).toBe(404);
  const holding = 'POST /fhir/Patient/{id}/$set-parental-responsibility';
  const to = (id: string) => path(id).replace('set-competence', 'set-parental-responsibility');
  const [own, ...others] = all;
  const held = { ...own, ...fhirBody(PARENTAL_SAID), headers: by('1') };
  const wrong = others.map((one) => (one.body === said.body ? { ...held, ...one, body: held.body } : one));
  expect(await statuses(holding, to(await idOf('Ivy')), [held, ...wrong])).toEqual([
    200, 400, 403, 406, 413, 415,
  ]);
  expect((await ask(holding, to(await idOf('Una')), held)).status).toBe(422);
  expect((await ask(holding, to(NOBODY), held)).status).toBe(404);
});

test('who breaks glass is answered as described', async () => {
  const { body } = await open.get('/fhir/Patient?family=Tregear', 'perinatal');
  const [{ resource }] = body.entry as [{ resource: { id: string } }];
  const forms = [
    ['POST /fhir/Patient/{id}/$break-glass', `/fhir/Patient/${resource.id}/$break-glass`, GLASS_BROKEN],
    ['POST /fhir/Patient/$break-glass', '/fhir/Patient/$break-glass', GLASS_BROKEN_FOR],
  ] as const;
  for (const [operation, path, example] of forms) {
    const headers = by(operation);
    const own = { ...fhirBody(example), headers };
    const all = [
      own,
      { ...fhirBody('{'), headers },
      fhirBody(example),
      { ...own, accept: 'text/html' },
      { ...fhirBody(HUGE), headers },
      { ...own, type: 'text/csv' },
      { ...fhirBody({ ...example, parameter: [] }), headers },
    ];
    expect(await statuses(operation, path, all)).toEqual([200, 400, 403, 406, 413, 415, 422]);
    const parameter = example.parameter.map((one) =>
      one.name === 'given' ? { ...one, valueString: 'Ada' } : one,
    );
    const nobody = { ...fhirBody({ ...example, parameter }), headers };
    const nowhere = path.replace(resource.id, NOBODY);
    for (let tries = 1; tries < 10; tries++) expect((await ask(operation, nowhere, nobody)).status).toBe(404);
    expect((await ask(operation, path, own)).status).toBe(429);
  }
});

test('what a person refused is kept as described', async () => {
  const { body } = await open.get('/fhir/Patient?family=Tregear', 'perinatal');
  const [{ resource }] = body.entry as [{ resource: { id: string } }];
  const consent = (id: string) => ({ ...CONSENT, patient: { reference: `Patient/${id}` } });
  const said = fhirBody(consent(resource.id));
  const strange = fhirBody({ ...consent(resource.id), status: 'draft' });
  const [html, huge, csv] = [
    { ...said, accept: 'text/html' },
    fhirBody(HUGE.slice(0, 70_000)),
    { ...said, type: 'text/csv' },
  ];
  const make = 'POST /fhir/Consent';
  const all = [
    said,
    fhirBody('{'),
    { ...said, system: '' },
    fhirBody(consent(NOBODY)),
    html,
    huge,
    csv,
    strange,
  ];
  expect(await statuses(make, '/fhir/Consent', all)).toEqual([201, 400, 403, 404, 406, 413, 415, 422]);
  const kept = (await ask(make, '/fhir/Consent', said)).body as { id: string };
  const [form, own, none] = ['/fhir/Consent/{id}', `/fhir/Consent/${kept.id}`, `/fhir/Consent/${NOBODY}`];
  const changes = [said, fhirBody('{'), { ...said, system: '' }, html, huge, csv, strange];
  expect(await statuses(`PUT ${form}`, own, changes)).toEqual([200, 400, 403, 406, 413, 415, 422]);
  expect((await ask(`PUT ${form}`, none, said)).status).toBe(404);
  const as = { system: 'perinatal' };
  expect(await statuses(`GET ${form}`, own, [as, { ...as, accept: 'text/html' }])).toEqual([200, 406]);
  expect((await ask(`GET ${form}`, none, as)).status).toBe(404);
});

test('a subscription lives as described', async () => {
  const form = '/fhir/Subscription/{id}';
  const made = await ask('POST /fhir/Subscription', undefined, fhirBody({ ...SUBSCRIPTION, status: 'off' }));
  const email = { ...SUBSCRIPTION, channel: { ...SUBSCRIPTION.channel, type: 'email' } };
  for (const asked of [fhirBody({}), { ...fhirBody(SUBSCRIPTION), type: 'text/csv' }, fhirBody(email)])
    await ask('POST /fhir/Subscription', undefined, asked);
  const [own, none] = [`/fhir/Subscription/${made.body.id}`, `/fhir/Subscription/${NOBODY}`];
  const as = { system: 'perinatal' };
  const late = { 'if-match': 'W/"99"' };
  for (const path of [own, none]) await ask(`GET ${form}`, path, as);
  for (const query of ['', '?colour=red'])
    await ask('GET /fhir/Subscription', `/fhir/Subscription${query}`, as);
  const off = { ...SUBSCRIPTION, status: 'off', id: made.body.id };
  expect((await ask(`PUT ${form}`, own, fhirBody(off))).body.status).toBe('off');
  await ask(`PUT ${form}`, own, fhirBody({ ...off, id: NOBODY }));
  await ask(`PUT ${form}`, none, fhirBody(off));
  await ask(`PUT ${form}`, own, fhirBody(off, 'perinatal', late));
  await ask(`PUT ${form}`, own, { ...fhirBody(off), type: 'text/csv' });
  await ask(`PUT ${form}`, own, fhirBody({ ...email, id: made.body.id }));
  const status = '/fhir/Subscription/$status';
  for (const query of ['', '?status=off']) await ask(`GET ${status}`, `${status}${query}`, as);
  const sent = [fhirBody(PARAMETERS), fhirBody([]), { ...fhirBody('x'), type: 'text/csv' }];
  expect(await statuses(`POST ${status}`, status, sent)).toEqual([200, 400, 415]);
  for (const [name, example] of [
    ['$status', PARAMETERS],
    ['$events', PARAMETERS_OF_EVENTS],
  ] as const) {
    for (const path of [own, none]) await ask(`GET ${form}/${name}`, `${path}/${name}`, as);
    await ask(`POST ${form}/${name}`, `${none}/${name}`, fhirBody(example));
    const asked = [fhirBody(example), ...sent.slice(1)];
    expect(await statuses(`POST ${form}/${name}`, `${own}/${name}`, asked)).toEqual([200, 400, 415]);
  }
  const withdrawn = { code: 'withdrawn', focus: { type: 'Patient', id: NOBODY }, persons: [NOBODY] };
  await database.pool.query('insert into event (id, at, event) values (999999999, now(), $1)', [withdrawn]);
  await database.pool.query(
    'insert into notification (subscription_id, number, bundle, event_id, numbered_at) values ($1, 12, 12, 999999999, now())',
    [made.body.id],
  );
  const another = { resourceType: 'Parameters', parameter: [{ name: 'eventNumber', valueString: '13' }] };
  await ask(`POST ${form}/$confirm-removal`, `${own}/$confirm-removal`, fhirBody(another));
  const removal = `POST ${form}/$confirm-removal`;
  for (const path of [own, none])
    await ask(removal, `${path}/$confirm-removal`, fhirBody(PARAMETERS_OF_REMOVAL));
  for (const asked of sent.slice(1)) await ask(removal, `${own}/$confirm-removal`, asked);
  await ask(`GET ${form}/$events`, `${own}/$events?eventsSinceNumber=x`, as);
  for (const query of ['$status?colour=red', '$snapshot?_cursor=x'])
    await ask(`GET ${form}/${query.split('?')[0]}`, `${own}/${query}`, as);
  await ask(`GET ${status}`, `${status}?colour=red`, as);
  const snapshot = `${form}/$snapshot`;
  await ask(`POST ${snapshot}`, `${own}/$snapshot`, fhirBody(PARAMETERS_OF_SNAPSHOT));
  await ask(`PUT ${form}`, own, fhirBody({ ...off, status: 'requested' }));
  const begun = await ask(`POST ${snapshot}`, `${own}/$snapshot`, fhirBody(PARAMETERS_OF_SNAPSHOT));
  const page = `${own}/$snapshot?_cursor=${(begun.body as unknown as Bundle).entry?.[0]?.resource?.id}.0`;
  await ask(`GET ${snapshot}`, page, as);
  await ask(`GET ${snapshot}`, `${none}/$snapshot`, as);
  await ask(`POST ${snapshot}`, `${none}/$snapshot`, fhirBody(PARAMETERS_OF_SNAPSHOT));
  for (const asked of sent.slice(1)) await ask(`POST ${snapshot}`, `${own}/$snapshot`, asked);
  const rotate = `POST ${form}/$rotate-secret`;
  for (const path of [own, none]) await ask(rotate, `${path}/$rotate-secret`, as);
  for (const asked of sent.slice(1)) await ask(rotate, `${own}/$rotate-secret`, asked);
  for (const path of [own, `${none}`]) await ask(`GET ${form}/$attempts`, `${path}/$attempts`, as);
  await ask(`GET ${form}/$attempts`, `${own}/$attempts?_count=x`, as);
  await ask(`DELETE ${form}`, own, { ...as, headers: late });
  await ask(`DELETE ${form}`, own, as);
  await ask(`DELETE ${form}`, none, as);
  for (const name of ['', '/$status', '/$events', '/$snapshot', '/$attempts'])
    expect((await ask(`GET ${form}${name}`, `${own}${name}`, as)).status).toBe(410);
  for (const name of ['$status', '$events', '$snapshot', '$confirm-removal', '$rotate-secret'])
    expect((await ask(`POST ${form}/${name}`, `${own}/${name}`, as)).status).toBe(410);
  expect((await ask(`PUT ${form}`, own, fhirBody(off))).status).toBe(410);
});

/** A value for a parameter: by its name, else by the kind that its description is. */
const VALUES: Record<string, string> = {
  ...{ _id: NOBODY, _lastUpdated: 'ge2026-01-31', _sort: '-_id', _count: '1', _total: 'estimate' },
  ...{ _summary: 'data', _elements: 'id', _since: '2026-01-31', _at: '2026-01', status: 'off' },
  ...{ token: 'x', string: 'x', date: '2026-01-31', reference: `Patient/${NOBODY}`, uri: 'urn:x' },
};

test('every parameter of a search, a read and a history that is described is taken', async () => {
  const found = (await open.get('/fhir/Patient')).body.entry as [{ resource: { id: string } }];
  let taken = 0;
  for (const [template, { get }] of Object.entries(api.paths)) {
    if (!/^\/fhir\/([A-Z]\w+|Patient\/\{id\}(\/_history)?)$/.test(template)) continue;
    const path = template.replace('{id}', found[0].resource.id);
    for (const { name, description = '' } of get?.parameters.filter((one) => one.in === 'query') ?? []) {
      // test/read/describe.test.ts asks for each of these; AuditEvents are the operator's.
      if (/include/.test(name) || template.endsWith('/AuditEvent')) continue;
      const value = encodeURIComponent(VALUES[description] ?? VALUES[name] ?? 'x');
      const { status, body } = await open.get(`${path}?${name}=${value}`, 'perinatal');
      expect(status, `${path}?${name}=${value} ${JSON.stringify(body)}`).toBe(200);
      taken += 1;
    }
  }
  expect(taken).toBeGreaterThan(80);
});

test('health, metrics and the description itself are answered as described', async () => {
  for (const path of [
    '/health/live',
    '/health/ready',
    '/health/pager',
    '/metrics',
    '/docs',
    '/docs/openapi.json',
  ])
    expect((await ask(`GET ${path}`)).status, path).toBe(200);
  await database.pool.query("insert into migration (name) values ('999-future.sql')");
  for (const path of ['/health/ready', '/health/pager'])
    expect((await ask(`GET ${path}`)).status, path).toBe(503);
  await database.pool.query("delete from migration where name = '999-future.sql'");
});

/** Every operation, with a path that it is asked by. */
const operations = (described: OpenApi) =>
  Object.entries(described.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
      operation: `${method.toUpperCase()} ${template}`,
      path: template.replace('{system}', 'pas').replace(/\{\w+\}/g, NOBODY),
      statuses: Object.keys(responses).filter((status) => status !== 'default'),
    })),
  );

test('whoever comes from another machine is refused everywhere', async () => {
  for (const { operation, path } of operations(api)) {
    const { status } = await ask(operation, path, { headers: { origin: 'https://elsewhere.example' } });
    expect(status, operation).toBe(403);
  }
});

test('a sender of whom as much is in hand as may be is asked to wait', async () => {
  const places = placesOf({ db: database.serving, config: Config.parse({}) });
  const { rows } = await database.pool.query<{ id: number }>(
    `select id from system where name = 'perinatal'`,
  );
  const { id = 0 } = rows[0] ?? {};
  let taken = 0;
  while (places.tryTake(id)) taken++;
  expect(taken).toBe(64);
  for (const [operation, path] of [
    ['POST /fhir/$process-message', '/fhir/$process-message'],
    ['POST /fhir', '/fhir'],
    ['POST /intake/{system}', '/intake/perinatal'],
  ] as const)
    expect((await ask(operation, path, fhirBody({}))).status, operation).toBe(429);
  while (taken-- > 0) places.free(id);
});

test('every status that is described has been seen, and no other', () => {
  const typed = new RegExp(
    `/fhir/(${INDEXED_TYPES.filter((type) => type !== 'Patient').join('|')})(?=/|$)(?!/.*\\$)`,
  );
  for (const { operation, statuses } of operations(api)) {
    // What is read goes the same way for each type: one stands for all.
    const like = operation.startsWith('PUT') ? operation : operation.replace(typed, '/fhir/Patient');
    const found = like === operation ? [...(seen.get(operation) ?? [])].sort() : statusesOf(api, like);
    expect(statuses.sort(), operation).toEqual(found);
  }
});
const statusesOf = (described: OpenApi, operation: string) =>
  operations(described)
    .find((one) => one.operation === operation)
    ?.statuses.sort();

test('with AUTH=token everything but what concerns nobody asks for one, and says so', async () => {
  const without = (statuses: string[] = []) =>
    statuses.filter((status) => !['401', '403'].includes(status)).sort();
  for (const { operation, path, statuses } of operations(closed)) {
    const [method = ''] = operation.split(' ');
    const { status, headers } = await asking.send(method, path, {});
    expect(statuses, operation).toContain(String(status));
    expect(status === 401, operation).toBe(statuses.includes('401'));
    if (status === 401) expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(without(statuses), operation).toEqual(without(statusesOf(api, operation)));
  }
  const bearer = { authorization: `Bearer ${token}` };
  expect((await asking.send('GET', '/metrics', bearer)).status).toBe(403);
  expect((await asking.send('POST', '/intake/pas', bearer, 'MSH|')).status).toBe(403);
  const forbidding = operations(closed).filter(({ statuses }) => statuses.includes('403'));
  // Scopes may limit whoever is asked who they are (test/access/smart-scopes.test.ts).
  expect(forbidding).toEqual(operations(closed).filter(({ statuses }) => statuses.includes('401')));
  for (const path of ['/docs', '/docs/', '/docs/openapi.json?x=1'])
    expect((await asking.send('GET', path, {})).status, path).toBe(200);
  expect((await asking.send('GET', '/docs', {})).body.text).toContain('Authorization: Bearer $TOKEN');
});

test('a subscriber is sent what the webhook says', async () => {
  const receiver = await startReceiver();
  const working = await startSkein(database, { ROLES: 'worker,api', WEBHOOK_ALLOW: '127.0.0.1' });
  onTestFinished(async () => {
    await working.stop();
    await receiver.close();
  });
  const channel = { ...SUBSCRIPTION.channel, endpoint: `${receiver.url}/hook` };
  await working.send('POST', '/fhir/Subscription', ...jsonOf({ ...SUBSCRIPTION, channel }));
  const [first] = await receiver.until((posts) => posts.length > 0);
  const { parameters, requestBody } = api.webhooks.notification?.post ?? {};
  expect(parameters).toHaveLength(3);
  for (const { name } of parameters ?? []) expect(first?.headers[name], name).toBeDefined();
  expect(Object.keys(requestBody?.content ?? {})).toEqual([first?.headers['content-type']?.split(';')[0]]);
  expect(valid('#/components/schemas/Bundle', first?.bundle)).toBe(true);
});
const jsonOf = (body: object): [Record<string, string>, string] => [
  { 'content-type': FHIR, 'x-skein-system': 'perinatal' },
  JSON.stringify(body),
];

test('redocly finds nothing to say about it', async () => {
  const config = await createConfig({ extends: ['recommended'] });
  const lint = async (described: OpenApi) =>
    (await lintFromString({ source: JSON.stringify(described), config })).map(
      ({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`,
    );
  expect(await lint(api)).toEqual([]);
  // What is told to everybody refuses nobody.
  const told = (await lint(closed)).filter((line) => !/^operation-4xx-response .*~1(docs|health)/.test(line));
  expect(told).toEqual([]);
  const smart = await startSkein(database, { AUTH: 'smart', ROLES: 'api', PUBLIC_URL: 'https://skein.test' });
  const described = (await smart.get('/docs/openapi.json')).body as unknown as OpenApi;
  await smart.stop();
  expect(described.paths['/oauth2/token']).toBeDefined();
  const more = (await lint(described)).filter(
    (line) => !/^operation-4xx-response .*(docs|health|smart)/.test(line),
  );
  expect(more).toEqual([]);
});
