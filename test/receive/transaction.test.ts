import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Context } from '../../src/context.ts';
import { Unavailable } from '../../src/errors.ts';
import type { Answer, Issue } from '../../src/model.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { answering } from './answering.ts';
import { appWith } from './app.ts';

const transaction: Bundle = {
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } },
    { resource: { resourceType: 'Patient', id: 'a' }, request: { method: 'PUT', url: 'Patient/a' } },
  ],
};

let ctx: Context;
beforeAll(async () => {
  ctx = testContext(await testDatabase());
});

async function post(
  intake: Parameters<typeof appWith>[1],
  headers: Record<string, string> = {},
  payload = JSON.stringify(transaction),
) {
  const app = appWith(ctx, intake);
  const response = await app.inject({
    ...{ method: 'POST', url: '/fhir', payload },
    headers: { 'content-type': 'application/fhir+json', ...headers },
  });
  await app.close();
  return response;
}

test('an accepted transaction is answered entry by entry, without locations', async () => {
  const warning: Issue = {
    severity: 'warning',
    code: 'code-invalid',
    field: '/entry/1/resource/gender',
    text: 'unknown code',
  };
  const { intake, taken } = answering({}, [warning]);
  const response = await post(intake);
  expect(response.statusCode).toBe(200);
  const { type, entry = [] } = response.json<Bundle>();
  expect([type, entry.map((item) => item.response?.status)]).toEqual([
    'transaction-response',
    ['201', '200'],
  ]);
  expect(
    entry.map(({ response: told }) => {
      const outcome = told?.outcome as OperationOutcome | undefined;
      return outcome?.issue.map(({ diagnostics }) => diagnostics);
    }),
  ).toEqual([['stored as message 42'], ['stored as message 42', '/entry/1/resource/gender: unknown code']]);
  expect(response.body).not.toContain('location');
  expect(taken[0]).toMatchObject({ channel: 'fhir', source: 'fhir-r4', system: { name: 'loopback' } });
});

test('a transaction is known by its Idempotency-Key, else by its content', async () => {
  const { intake, taken } = answering();
  await post(intake, { 'idempotency-key': 'key-1' });
  await post(intake);
  await post(intake, { 'idempotency-key': 'k'.repeat(1_000) });
  const [first, second, third] = taken.map(({ identifier }) => identifier);
  expect([first, second, third?.length]).toEqual(['key-1', taken[1]?.contentHash, 64]);
});

test('a transaction whose answer is wanted in XML is refused before anything is stored', async () => {
  const { intake, taken } = answering();
  for (const accept of ['application/fhir+xml', 'text/html'])
    expect((await post(intake, { accept })).statusCode).toBe(406);
  expect(taken).toEqual([]);
  for (const accept of ['*/*', 'application/json', 'application/fhir+xml, application/fhir+json;q=0.5'])
    expect((await post(intake, { accept })).statusCode).toBe(200);
});

test('a transaction sent again gets the stored answer', async () => {
  expect((await post(answering({ duplicate: true }).intake)).statusCode).toBe(200);
});

test.each([
  ['held', { status: 'held' }, 422],
  ['unreadable', { status: 'rejected' }, 400],
  ['sent under an id used for other content', { conflict: true }, 409],
] as const)(
  'a transaction that is %s is answered by an OperationOutcome',
  async (_, given: Partial<Answer>, status) => {
    const response = await post(
      answering(given, [{ severity: 'error', code: 'required', text: 'x' }]).intake,
    );
    expect([response.statusCode, response.json<OperationOutcome>().resourceType]).toEqual([
      status,
      'OperationOutcome',
    ]);
  },
);

test('a body of another type, or too large, or that cannot be kept now, is refused as such', async () => {
  const { intake, taken } = answering();
  expect((await post(intake, { 'content-type': 'application/fhir+xml' })).statusCode).toBe(415);
  const large = await post(intake, {}, ' '.repeat(5 * 1024 * 1024 + 1));
  expect([large.statusCode, large.json<OperationOutcome>().issue[0]?.diagnostics]).toEqual([
    413,
    'the body is larger than 5242880 bytes',
  ]);
  expect(taken).toEqual([]);
  const busy = await post(() => Promise.reject(new Unavailable('away')));
  expect([busy.statusCode, busy.headers['retry-after']]).toEqual([503, '1']);
});

describe('a batch', () => {
  const batch = (entry: unknown[]) =>
    JSON.stringify({ resourceType: 'Bundle', type: 'batch', timestamp: '2026-01-01T00:00:00Z', entry });
  const put = (id: string) => ({
    resource: { resourceType: 'Patient', id },
    request: { method: 'PUT', url: `Patient/${id}` },
  });

  test('is so many messages, each of which fails alone', async () => {
    const { intake, taken } = answering();
    const read = { request: { method: 'GET', url: 'nowhere' } };
    const response = await post(intake, { 'idempotency-key': 'key' }, batch([put('a'), read, put('b')]));
    const { type, entry = [] } = response.json<Bundle>();
    expect([response.statusCode, type]).toEqual([200, 'batch-response']);
    expect(entry.map((one) => one.response?.status)).toEqual(['200', '400', '200']);
    expect(taken.map(({ identifier }) => identifier)).toEqual(['key#0', 'key#2']);
    expect(JSON.parse(String(taken[1]?.body))).toEqual({
      resourceType: 'Bundle',
      type: 'transaction',
      timestamp: '2026-01-01T00:00:00Z',
      entry: [put('b')],
    });
  });

  test('says of each why it was not taken', async () => {
    const { intake } = answering({ status: 'held' }, [
      { severity: 'error', code: 'required', text: 'no name' },
    ]);
    const [told] = (await post(intake, {}, batch([put('a')]))).json<Bundle>().entry ?? [];
    expect(told?.response?.status).toBe('422');
    const outcome = told?.response?.outcome as OperationOutcome | undefined;
    expect(outcome?.issue[0]?.diagnostics).toBe('no name');
  });

  test('leads to nothing but FHIR, and has an end', async () => {
    const { intake, taken } = answering();
    const urls = [
      '../intake/loopback',
      '/metrics',
      'Patient/../../metrics',
      '',
      '$process-message',
      'Patient/%2e%2e/x',
    ];
    const entries = [...urls.map((url) => ({ request: { method: 'GET', url } })), {}, null, { request: 'x' }];
    const { entry = [] } = (await post(intake, {}, batch(entries))).json<Bundle>();
    expect(
      entry.map((one) => one.response?.status).filter((status) => !/^40[045]$/.test(String(status))),
    ).toEqual([]);
    expect(JSON.stringify(entry)).not.toContain('skein_');
    expect((await post(intake, {}, batch(Array(101).fill(put('a'))))).statusCode).toBe(400);
    expect(taken).toEqual([]);
  });
});
