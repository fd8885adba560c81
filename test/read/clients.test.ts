/** Clients that know FHIR and nothing of Skein, over a real connection. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { MedplumClient, OperationOutcomeError } from '@medplum/core';
import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { Client, type FhirResource } from 'fhir-kit-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { startSkein } from '../support/skein.ts';
import { chart, contactOf, episodeOf, NHS_NUMBER, transactionOf } from '../support/transactions.ts';
import { nhsNumber, register } from './fixtures.ts';

const database = await testDatabase();
const TEAM = 'perinatal';
const [number, other] = [nhsNumber(41), nhsNumber(42)];
let skein: Awaited<ReturnType<typeof startSkein>>;

beforeAll(async () => {
  await register(database, TEAM, 'specialist-perinatal');
  // Page links name the port that the configuration names.
  skein = await startSkein(database, { ROLES: 'api', PORT: String(await freePort()) });
});
afterAll(() => skein.stop());

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Two people in the team's care, one with three contacts. */
function family(): FhirResource {
  const [ann, bea] = [
    chart(TEAM, { nhs: number, given: 'Ann', family: 'Quill', born: '1990-01-02' }),
    chart(TEAM, { nhs: other, given: 'Bea', family: 'Reed', born: '1991-01-02' }),
  ];
  const days = ['2026-03-01', '2026-03-02', '2026-03-03'];
  const said = [
    ...[ann, bea],
    ...[ann, bea].map((one, index) => episodeOf(one, TEAM, { id: `e${index}`, start: '2026-02-01' })),
    ...days.map((day, index) => contactOf(ann, TEAM, `c${index}`, day)),
  ];
  return transactionOf(said, '2026-04-01T09:00:00Z');
}

describe('fhir-kit-client', () => {
  let client: Client;
  const idsOf = (bundle: unknown) => ((bundle as Bundle).entry ?? []).map(({ resource }) => resource?.id);

  beforeAll(() => {
    client = new Client({ baseUrl: `${skein.url}/fhir`, customHeaders: { 'X-Skein-System': TEAM } });
  });

  test('sends a transaction, and reads, searches and pages what it may see', async () => {
    const answer = await client.transaction({ body: family() });
    expect((answer as unknown as Bundle).entry?.map(({ response }) => response?.status)).toEqual(
      Array(7).fill('201'),
    );
    expect((await client.capabilityStatement()).resourceType).toBe('CapabilityStatement');
    const searchParams = { identifier: `${NHS_NUMBER}|${number}` };
    const found = await client.search({ resourceType: 'Patient', searchParams });
    const [id = ''] = idsOf(found);
    expect(idsOf(found)).toHaveLength(1);
    const posted = await client.resourceSearch({
      resourceType: 'Patient',
      searchParams,
      options: { postSearch: true },
    });
    expect(idsOf(posted)).toEqual([id]);
    const read = await client.read({ resourceType: 'Patient', id });
    expect(read).toMatchObject({ birthDate: '1990-01-02' });
    const version = (read as unknown as Resource).meta?.versionId ?? '';
    expect(await client.vread({ resourceType: 'Patient', id, version })).toEqual(read);
    expect(idsOf(await client.resourceHistory({ resourceType: 'Patient', id }))).toEqual([id]);
    const visits = { 'patient.identifier': number, _sort: '-date', _count: '2' };
    const first = await client.search({ resourceType: 'Encounter', searchParams: visits });
    const second = await client.nextPage({ bundle: first as never });
    expect([idsOf(first).length, idsOf(second).length]).toEqual([2, 1]);
  });

  test('is told what is not served: by status, and with an OperationOutcome', async () => {
    const refusals = [
      [405, () => client.create({ resourceType: 'Patient', body: { resourceType: 'Patient' } })],
      [405, () => client.delete({ resourceType: 'Patient', id: 'x' })],
      [405, () => client.patch({ resourceType: 'Patient', id: 'x', jsonPatch: [] })],
      [405, () => client.update({ resourceType: 'Patient', id: 'x', body: { resourceType: 'Patient' } })],
      [404, () => client.read({ resourceType: 'Patient', id: 'x' })],
      [404, () => client.search({ resourceType: 'Observation' })],
      [400, () => client.search({ resourceType: 'Patient', searchParams: { famly: 'x' } })],
    ] as const;
    for (const [status, ask] of refusals) {
      const refused = await ask().then(
        () => undefined,
        ({ response }) => response,
      );
      expect([refused?.status, refused?.data.resourceType]).toEqual([status, 'OperationOutcome']);
    }
  });
});

describe('MedplumClient', () => {
  let client: MedplumClient;

  beforeAll(() => {
    client = new MedplumClient({
      baseUrl: skein.url,
      fhirUrlPath: 'fhir',
      cacheTime: 0,
      defaultHeaders: { 'X-Skein-System': TEAM },
    });
  });

  test('searches, reads, pages and counts', async () => {
    const patient = await client.searchOne('Patient', { identifier: `${NHS_NUMBER}|${number}` });
    const id = patient?.id ?? '';
    expect(await client.readResource('Patient', id)).toMatchObject({ birthDate: '1990-01-02' });
    expect((await client.readHistory('Patient', id)).entry).toHaveLength(1);
    expect((await client.search('Patient', '_count=1&_total=accurate')).total).toBe(2);
    const pages: number[] = [];
    for await (const page of client.searchResourcePages('Encounter', `patient=Patient/${id}&_count=2`))
      pages.push(page.length);
    expect(pages).toEqual([2, 1]);
  });

  test('reads several things at once, which it puts into one batch', async () => {
    const { baseUrl, ...options } = { baseUrl: skein.url, fhirUrlPath: 'fhir', cacheTime: 0 };
    const batching = new MedplumClient({
      ...options,
      baseUrl,
      autoBatchTime: 20,
      defaultHeaders: { 'X-Skein-System': TEAM },
    });
    const [patients, visits, none] = await Promise.allSettled([
      batching.search('Patient'),
      batching.search('Encounter', 'patient.family=quill'),
      batching.readResource('Patient', 'none'),
    ]);
    expect([patients, visits].map((one) => one.status === 'fulfilled' && one.value.entry?.length)).toEqual([
      2, 3,
    ]);
    expect(none).toMatchObject({ status: 'rejected', reason: expect.any(OperationOutcomeError) });
    const outcome = (none as PromiseRejectedResult).reason.outcome as OperationOutcome;
    expect(outcome.issue[0]?.code).toBe('not-found');
  });
});
