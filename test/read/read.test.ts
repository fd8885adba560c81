import { randomUUID } from 'node:crypto';
import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { beforeAll, expect, test } from 'vitest';
import type { System } from '../../src/model.ts';
import { testDatabase } from '../support/database.ts';
import { startReading } from './app.ts';
import { involve, register, store, storePast, storePatient, storeRecord } from './fixtures.ts';

const database = await testDatabase();
const { get } = await startReading(database);
let team: System;
let other: System;

beforeAll(async () => {
  team = await register(database, 'perinatal', 'specialist-perinatal');
  other = await register(database, 'cmht', 'cmht');
});

test('a read gives the resource with its version, time and type', async () => {
  const id = await storePatient(database, { birthDate: '1990-01-02' }, [], {
    version: 3,
    updatedAt: '2026-01-02T03:04:05.678Z',
  });
  const answer = await get(`/fhir/Patient/${id}`);
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/fhir+json; charset=utf-8',
    etag: 'W/"3"',
    'last-modified': 'Fri, 02 Jan 2026 03:04:05 GMT',
  });
  expect(answer.json()).toMatchObject({
    id,
    birthDate: '1990-01-02',
    meta: { versionId: '3', lastUpdated: '2026-01-02T03:04:05.678Z' },
  });
});

test('a reader that has the version is told that nothing changed', async () => {
  const id = await storePatient(database, {});
  const answer = await get(`/fhir/Patient/${id}`, undefined, { 'if-none-match': 'W/"1"' });
  expect([answer.statusCode, answer.body]).toEqual([304, '']);
  expect((await get(`/fhir/Patient/${id}`, undefined, { 'if-none-match': 'W/"2"' })).statusCode).toBe(200);
});

test('what does not exist, what may not be seen and what is no id are answered alike', async () => {
  const hidden = await storePatient(database, { birthDate: '1990-01-02' }, [other.service.id]);
  const answers = await Promise.all(
    [hidden, randomUUID(), 'nonsense', '1 or 1=1'].map((id) =>
      get(`/fhir/Patient/${encodeURIComponent(id)}`, team),
    ),
  );
  expect(answers.map((answer) => answer.statusCode)).toEqual([404, 404, 404, 404]);
  expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
  expect(answers[0]?.json<OperationOutcome>().issue[0]?.code).toBe('not-found');
});

test('a read of another type under the same id finds nothing', async () => {
  const id = await storePatient(database, {});
  expect((await get(`/fhir/Encounter/${id}`)).statusCode).toBe(404);
});

test('a merged person answers, inactive, with its successor', async () => {
  const [id, survivor] = [randomUUID(), randomUUID()];
  const link = [{ other: { reference: `Patient/${survivor}` }, type: 'replaced-by' as const }];
  await store(database, { resourceType: 'Patient', id, active: false, link }, { persons: [id, survivor] });
  for (const person of [id, survivor]) await involve(database, person, team.service.id);
  expect((await get(`/fhir/Patient/${id}`, team)).json()).toMatchObject({ active: false, link });
});

test('each version is read by its number, and history lists them newest first', async () => {
  const id = randomUUID();
  const patient = (gender: 'male' | 'female'): Resource => ({ resourceType: 'Patient', id, gender });
  const row = await store(database, patient('female'), { persons: [id], version: 2 });
  await storePast(database, row, patient('male'), 1);
  await involve(database, id, team.service.id);
  const history = (await get(`/fhir/Patient/${id}/_history`, team)).json<Bundle>();
  expect(history.type).toBe('history');
  const [second, first] = history.entry?.map(({ resource }) => resource?.meta?.versionId as string) ?? [];
  expect(history.entry?.map(({ response }) => response?.etag)).toEqual([`W/"${second}"`, `W/"${first}"`]);
  expect(history.entry?.map(({ response }) => response?.status)).toEqual(['200', '201']);
  expect((await get(`/fhir/Patient/${id}/_history/${first}`, team)).json()).toMatchObject({
    gender: 'male',
    meta: { versionId: first },
  });
  expect((await get(`/fhir/Patient/${id}/_history/${second}`, team)).json()).toMatchObject({
    gender: 'female',
  });
  for (const version of ['1', '3', '0', 'x'])
    expect((await get(`/fhir/Patient/${id}/_history/${version}`, team)).statusCode).toBe(404);
  for (const path of ['_history', `_history/${first}`])
    expect((await get(`/fhir/Patient/${id}/${path}`, other)).statusCode).toBe(404);
  expect((await get(`/fhir/Patient/${id}/_history/1`)).json()).toMatchObject({ gender: 'male' });
});

test('a history is given from a time on, as it was at a time, and a page at a time', async () => {
  const id = randomUUID();
  const genders = ['male', 'female', 'other'] as const;
  const patient = (version: number): Resource => ({
    resourceType: 'Patient',
    id,
    gender: genders[version - 1] as 'male',
  });
  const at = (version: number) => `2026-0${version}-01T10:00:00.000Z`;
  const row = await store(database, patient(3), { persons: [id], version: 3, updatedAt: at(3) });
  for (const version of [1, 2]) {
    await storePast(database, row, patient(version), version);
    const when = [row, version, at(version)];
    await database.pool.query(
      'update resource_history set updated_at = $3 where row_id = $1 and version = $2',
      when,
    );
  }
  const path = `/fhir/Patient/${id}/_history`;
  const read = async (url: string) => (await get(url.replace(/^http:\/\/[^/]+/, ''))).json<Bundle>();
  const versions = ({ entry = [] }: Bundle) => entry.map(({ resource }) => resource?.meta?.versionId);
  expect(versions(await read(path))).toEqual(['3', '2', '1']);
  expect(versions(await read(`${path}?_since=2030-01-01`))).toEqual([]);
  expect(versions(await read(`${path}?_since=${at(2)}`))).toEqual(['3', '2']);
  expect(versions(await read(`${path}?_at=2026-02-15`))).toEqual(['2']);
  expect(versions(await read(`${path}?_at=2026-02`))).toEqual(['2', '1']);
  expect(versions(await read(`${path}?_at=2025`))).toEqual([]);
  expect(versions(await read(`${path}?_at=2031`))).toEqual(['3']);
  const first = await read(`${path}?_count=1&_since=${at(1)}`);
  const next = first.link?.find(({ relation }) => relation === 'next')?.url ?? '';
  const rest = await read(`${next}&_count=5`);
  expect([versions(first), versions(await read(next)), versions(rest)]).toEqual([['3'], ['2'], ['2', '1']]);
  expect(rest.link?.map(({ relation }) => relation)).toEqual(['self']);
  for (const query of ['_count=x', '_since=soon', '_sort=date', '_count=1&_count=2', '_cursor=x'])
    expect((await get(`${path}?${query}`)).statusCode, query).toBe(400);
  expect((await get(`${path}?_sort=date`, undefined, { prefer: 'handling=lenient' })).statusCode).toBe(200);
});

test('the topic is a Basic that everyone may read', async () => {
  const topic = await get('/fhir/Basic/family-episode', other);
  expect(topic.statusCode).toBe(200);
  expect(topic.body).toContain('https://skein.example/fhir/SubscriptionTopic/family-episode');
  expect((await get('/fhir/Basic/family-episode/_history/1', other)).statusCode).toBe(200);
});

test('a provenance tells its sender and the operator where each element came from, and nobody else', async () => {
  const person = await storePatient(database, {}, [team.service.id, other.service.id]);
  const recordId = await storeRecord(database, [
    { element: 'Patient.birthDate', source: 'PID-7', rule: 'hl7v2-adt:birth' },
  ]);
  const id = randomUUID();
  const provenance: Resource = {
    resourceType: 'Provenance',
    id,
    recorded: '2026-01-01T00:00:00Z',
    target: [{ reference: `Patient/${person}` }],
    agent: [{ who: { reference: `Organization/${team.service.id}` } }],
  };
  await store(database, provenance, { persons: [person], authors: [team.service.id], recordId });
  for (const reader of [team, undefined]) {
    const { extension } = (await get(`/fhir/Provenance/${id}`, reader)).json();
    expect(extension).toEqual([
      {
        url: 'https://skein.example/StructureDefinition/lineage',
        extension: [
          { url: 'element', valueString: 'Patient.birthDate' },
          { url: 'source', valueString: 'PID-7' },
          { url: 'rule', valueString: 'hl7v2-adt:birth' },
        ],
      },
    ]);
  }
  expect((await get(`/fhir/Provenance/${id}`, other)).body).not.toContain('PID-7');
});

test.each([
  ['an Accept header of XML', '/fhir/Basic/family-episode', { accept: 'application/fhir+xml' }, 406],
  ['_format=xml', '/fhir/Basic/family-episode?_format=xml', {}, 406],
  ['_format=json', '/fhir/Basic/family-episode?_format=json', { accept: 'application/fhir+xml' }, 200],
  ['_format with an unencoded plus', '/fhir/Basic/family-episode?_format=application/fhir+json', {}, 200],
  ['a browser', '/fhir/Basic/family-episode', { accept: 'text/html,application/xml;q=0.9,*/*;q=0.8' }, 200],
  [
    'a version of FHIR JSON',
    '/fhir/Basic/family-episode',
    { accept: 'application/fhir+json; fhirVersion=4.0' },
    200,
  ],
])('%s is answered as it asks, if it asks for JSON', async (_what, url, headers, status) => {
  expect((await get(url, undefined, headers)).statusCode).toBe(status);
});
