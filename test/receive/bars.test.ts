import type { Bundle, MessageHeader, OperationOutcome } from '@medplum/fhirtypes';
import { beforeAll, describe, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import type { Context } from '../../src/context.ts';
import { Unavailable } from '../../src/errors.ts';
import type { Answer, Issue } from '../../src/model.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { answering } from './answering.ts';
import { appWith } from './app.ts';

const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code';
const IDS = {
  'x-request-id': 'C1AB3FBA-6bae-4ba4-b257-5a87c44d4a91',
  'x-correlation-id': '9562466f-c982-4bd5-bb0e-255e9f5e6689',
};
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const organisation = (code: string) =>
  base64({ resourceType: 'Organization', identifier: [{ system: ODS, value: code }] });

const header: MessageHeader = {
  resourceType: 'MessageHeader',
  id: 'header-1',
  eventCoding: {
    system: 'https://fhir.nhs.uk/CodeSystem/message-events-bars',
    code: 'servicerequest-request',
  },
  source: { endpoint: 'http://fhir.nhs.uk/Id/dos-service-id|2222222222' },
  sender: { reference: 'urn:uuid:org' },
};
const message: Bundle = {
  resourceType: 'Bundle',
  id: 'bundle-1',
  type: 'message',
  entry: [
    { fullUrl: 'urn:uuid:header', resource: header },
    {
      fullUrl: 'urn:uuid:org',
      resource: { resourceType: 'Organization', identifier: [{ system: ODS, value: 'RXS' }] },
    },
    { fullUrl: 'urn:uuid:p', resource: { resourceType: 'Patient', name: [{ family: 'Marsh' }] } },
  ],
};

let database: TestDatabase;
let ctx: Context;

beforeAll(async () => {
  database = await testDatabase();
  ctx = testContext(database);
});

type Sent = { headers?: Record<string, string>; body?: unknown; intake?: Parameters<typeof appWith>[1] };

async function post({ headers = {}, body = message, intake = answering().intake }: Sent = {}) {
  const app = appWith(ctx, intake);
  const response = await app.inject({
    ...{ method: 'POST', url: '/fhir/$process-message' },
    headers: { 'content-type': 'application/fhir+json', ...IDS, ...headers },
    payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
  await app.close();
  return response;
}

/** Status, BaRS code and FHIR issue codes of an error. */
function errorOf(response: Awaited<ReturnType<typeof post>>): unknown[] {
  const { issue } = response.json<OperationOutcome>();
  return [response.statusCode, issue[0]?.details?.coding?.[0]?.code, ...issue.map(({ code }) => code)];
}

describe('the BaRS endpoint', () => {
  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const)(
    'answers %s with 405, and what is allowed',
    async (method) => {
      const app = appWith(ctx, answering().intake);
      const response = await app.inject({ method, url: '/fhir/$process-message', headers: IDS });
      expect([response.statusCode, response.headers.allow]).toEqual([405, 'POST']);
      expect(response.headers).toMatchObject(
        Object.fromEntries(Object.entries(IDS).map(([name, value]) => [name.toLowerCase(), value])),
      );
      if (method !== 'HEAD')
        expect(errorOf(response)).toEqual([405, 'REC_METHOD_NOT_ALLOWED', 'not-supported']);
      await app.close();
    },
  );
});

describe('a BaRS message', () => {
  test('that is accepted is answered by a message that names it, and nobody in it', async () => {
    const { intake, taken } = answering();
    const response = await post({ intake });
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toContain('application/fhir+json');
    const bundle = response.json<Bundle>();
    const first = bundle.entry?.[0]?.resource as MessageHeader;
    expect([bundle.type, bundle.identifier?.value, first.resourceType, first.eventCoding]).toEqual([
      ...['message', '42', 'MessageHeader', header.eventCoding],
    ]);
    expect([first.response?.identifier, first.response?.code]).toEqual(['bundle-1', 'ok']);
    expect(first.response?.details?.reference).toBe(bundle.entry?.[1]?.fullUrl);
    expect(response.body).toContain('stored as message 42, 1 source record');
    expect(response.body).not.toMatch(/Marsh|Patient/);
    expect(taken[0]).toMatchObject({
      ...{ channel: 'bars', source: 'bars-referral', contentType: 'application/fhir+json' },
      identifier: 'c1ab3fba-6bae-4ba4-b257-5a87c44d4a91|9562466f-c982-4bd5-bb0e-255e9f5e6689',
      body: Buffer.from(JSON.stringify(message)),
    });
  });

  test('has the same content whatever the order of its properties', async () => {
    const { intake, taken } = answering();
    await post({ intake });
    await post({
      intake,
      body: JSON.stringify(Object.fromEntries(Object.entries(message).reverse()), null, 2),
    });
    await post({ intake, body: { ...message, id: 'other' } });
    const [first, second, third] = taken.map(({ contentHash }) => contentHash);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test.each([
    ['is held', { status: 'held' }, 422, 'REC_UNPROCESSABLE_ENTITY', 'required'],
    [
      'is held and sent again',
      { status: 'held', duplicate: true },
      422,
      'REC_UNPROCESSABLE_ENTITY',
      'required',
    ],
    ['cannot be read', { status: 'rejected' }, 400, 'REC_BAD_REQUEST', 'required'],
    ['was processed before', { duplicate: true }, 409, 'REC_CONFLICT', 'duplicate'],
    ['has ids used for other content', { conflict: true }, 409, 'REC_CONFLICT', 'conflict'],
  ] as const)('that %s is answered by its own code', async (_, given: Partial<Answer>, ...expected) => {
    const issue: Issue = {
      severity: 'error',
      code: 'required',
      field: '/entry/2',
      expression: 'Patient.birthDate',
      text: 'x',
    };
    const response = await post({ intake: answering(given, [issue]).intake });
    expect(errorOf(response).slice(0, 3)).toEqual(expected);
    expect(response.json<OperationOutcome>().issue[0]?.details?.coding?.[0]?.system).toBe(
      'https://fhir.nhs.uk/Codesystem/http-error-codes',
    );
    expect(response.headers).toMatchObject(IDS);
  });

  test('that is held is told where, in the names of the sender, and what it was kept as', async () => {
    const issue: Issue = {
      severity: 'error',
      code: 'value',
      field: '/entry/2/x',
      expression: 'Patient.birthDate',
      text: 'no date',
    };
    const { issue: told } = (
      await post({ intake: answering({ status: 'held' }, [issue]).intake })
    ).json<OperationOutcome>();
    expect([told[0]?.expression, told[0]?.diagnostics, told[1]?.diagnostics]).toEqual([
      ...[['Patient.birthDate'], '/entry/2/x: no date', 'kept as message 42, not processed'],
    ]);
  });

  test('that could not be kept is to be sent again, and a bug of ours says nothing of itself', async () => {
    const busy = await post({ intake: () => Promise.reject(new Unavailable('the store is away')) });
    expect([...errorOf(busy), busy.headers['retry-after']]).toEqual([
      503,
      'REC_SERVICE_UNAVAILABLE',
      'transient',
      '1',
    ]);
    const bug = await post({ intake: () => Promise.reject(new TypeError('Marsh is undefined')) });
    expect(errorOf(bug)).toEqual([500, 'REC_SERVER_ERROR', 'exception']);
    expect(bug.body).not.toContain('Marsh');
    for (const response of [busy, bug]) expect(response.headers).toMatchObject(IDS);
  });
});

describe('the headers of a BaRS message', () => {
  test('come back with every answer', async () => {
    expect((await post()).headers).toMatchObject(IDS);
    const large = await post({ body: Buffer.alloc(5 * 1024 * 1024 + 1, ' ') });
    expect(errorOf(large)).toEqual([413, 'REC_BAD_REQUEST', 'too-long']);
    expect(large.headers).toMatchObject(IDS);
    const stranger = await post({ headers: { 'x-skein-system': 'nobody' } });
    expect(errorOf(stranger)).toEqual([403, 'REC_FORBIDDEN', 'forbidden']);
    expect(stranger.headers).toMatchObject(IDS);
  });

  test.each([
    ['no request id', { 'x-request-id': '' }, 400, 'REC_BAD_REQUEST', 'required'],
    ['no correlation id', { 'x-correlation-id': '' }, 400, 'REC_BAD_REQUEST', 'required'],
    ['a request id that is no UUID', { 'x-request-id': '12' }, 400, 'REC_BAD_REQUEST', 'value'],
    ['a target that is not base64', { 'nhsd-target-identifier': '{}' }, 400, 'REC_BAD_REQUEST', 'invalid'],
    [
      'a target that is not JSON',
      { 'nhsd-target-identifier': 'bm90anNvbg==' },
      400,
      'REC_BAD_REQUEST',
      'invalid',
    ],
    [
      'a target without a system',
      { 'nhsd-target-identifier': base64({ value: '1' }) },
      400,
      'REC_BAD_REQUEST',
      'value',
    ],
    [
      'a target without a value',
      { 'nhsd-target-identifier': base64({ system: 'x' }) },
      400,
      'REC_BAD_REQUEST',
      'value',
    ],
    [
      'a target that is no text',
      { 'nhsd-target-identifier': base64({ value: 1, system: {} }) },
      ...([400, 'REC_BAD_REQUEST', 'value'] as const),
    ],
    ['a target that is a list', { 'nhsd-target-identifier': base64([]) }, 400, 'REC_BAD_REQUEST', 'value'],
    ['a compressed body', { 'content-encoding': 'gzip' }, 415, 'REC_BAD_REQUEST', 'not-supported'],
    [
      'a practitioner that is no object',
      { 'nhsd-requesting-practitioner': base64(7) },
      400,
      'REC_BAD_REQUEST',
      'invalid',
    ],
    [
      'another version',
      { accept: 'application/fhir+json; version=9.0.0' },
      406,
      'REC_NOT_ACCEPTABLE',
      'processing',
    ],
    [
      'a version that is none',
      { accept: 'application/fhir+json; version=new' },
      ...([406, 'REC_NOT_ACCEPTABLE', 'processing'] as const),
    ],
    [
      'content of another version',
      { 'content-type': 'application/fhir+json; version=2.0.0' },
      ...([415, 'REC_BAD_REQUEST', 'not-supported'] as const),
    ],
    ['XML wanted', { accept: 'application/fhir+xml' }, 406, 'REC_NOT_ACCEPTABLE', 'processing'],
    ['XML sent', { 'content-type': 'application/fhir+xml' }, 415, 'REC_BAD_REQUEST', 'not-supported'],
    ['no content type', { 'content-type': '' }, 415, 'REC_BAD_REQUEST', 'not-supported'],
    ['a content type that is none', { 'content-type': 'json' }, 415, 'REC_BAD_REQUEST', 'not-supported'],
  ])('with %s are refused before anything is kept', async (_, headers, ...expected) => {
    const { intake, taken } = answering();
    const response = await post({ headers, intake });
    expect(errorOf(response)).toEqual(expected);
    expect(taken).toEqual([]);
    expect(response.headers['x-correlation-id']).toBe({ ...IDS, ...headers }['x-correlation-id']);
  });

  test('may name a target, and say that the body is not compressed', async () => {
    const target = base64({ value: '2000011147', system: 'https://fhir.nhs.uk/Id/dos-service-id' });
    const headers = { 'nhsd-target-identifier': target, 'content-encoding': 'identity' };
    expect((await post({ headers })).statusCode).toBe(200);
  });

  test.each([
    ['*/*', '1.6.0'],
    ['application/json', '1.6.0'],
    ['application/fhir+json', '1.6.0'],
    ['application/fhir+json;version=1.0.0', '1.0.0'],
    ['application/fhir+json; version=1.1.0', '1.1.0'],
    ['application/fhir+json; version=1.4.0-alpha', '1.4.0'],
    ['application/fhir+json; version=1.6.0', '1.6.0'],
    ['application/fhir+json; version=1.9.2', '1.6.0'],
    ['text/html, application/fhir+json; version="1.4.0"', '1.4.0'],
    ['application/fhir+json; version=2.0.0, application/fhir+json; version=1.2.0', '1.2.0'],
    ['application/fhir+json; version=1.2.0, application/fhir+json; version=1.5.0', '1.5.0'],
  ])('may accept %s, and are answered in %s: the newest that both know', async (accept, version) => {
    const response = await post({ headers: { accept } });
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      200,
      `application/fhir+json; charset=utf-8; version=${version}`,
    ]);
  });

  test('are answered in the version of the content where Accept names none', async () => {
    const headers = { 'content-type': 'application/fhir+json; version=1.3.0' };
    expect((await post({ headers })).headers['content-type']).toContain('version=1.3.0');
  });
});

describe('the sender of a BaRS message', () => {
  const senderOf = async (headers: Record<string, string>, body: unknown = message) => {
    const { intake, taken } = answering();
    await post({ headers, body, intake });
    return taken[0]?.system;
  };

  beforeAll(async () => {
    await addSystem(database.pool, database.key, {
      ...{ name: 'hv-system', ods: 'RXH', team: 'health visiting', sector: null, kind: null, source: null },
    });
  });

  test('is the system that the caller is', async () => {
    expect((await senderOf({ 'x-skein-system': 'hv-system' }))?.name).toBe('hv-system');
  });

  test('else is the end-user organisation, the sender organisation, or the endpoint, with no sector', async () => {
    const own = await senderOf({ 'nhsd-end-user-organisation': organisation('RXE') });
    expect([own?.name, own?.service.ods, own?.service.sector]).toEqual(['RXE', 'RXE', null]);
    expect((await senderOf({}))?.service.ods).toBe('RXS');
    const { sender: _, ...anonymous } = header;
    const endpoint = await senderOf({}, { ...message, entry: [{ resource: anonymous }] });
    expect(endpoint?.name).toBe('http://fhir.nhs.uk/Id/dos-service-id|2222222222');
  });

  test.each([
    'not json',
    '{}',
    '[]',
    '7',
    '{"resourceType":"Bundle","entry":[null]}',
    '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MessageHeader","sender":7,"source":[]}}]}',
  ])('is loopback where the body says nothing of it: %s', async (body) => {
    expect((await senderOf({}, body))?.name).toBe('loopback');
  });
});
