/** What is hidden costs the same statements as what does not exist, so that no time tells the one from the other. */
import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import pg from 'pg';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { System } from '../../src/model.ts';
import { testDatabase } from '../support/database.ts';
import { startReading } from './app.ts';
import { involve, join, nhsNumber, register, store, storePast, storePatient } from './fixtures.ts';

const database = await testDatabase();
const { get } = await startReading(database);
const NHS = 'https://fhir.nhs.uk/Id/nhs-number';
const journey = randomUUID();
const ids: Record<string, string> = { Group: journey };
let outsider: System;
let infantTeam: System;

/** A mother with a past whom a team knows by name and birth date alone, being that of her baby; an outsider knows nothing. */
beforeAll(async () => {
  const perinatal = await register(database, 'perinatal', 'specialist-perinatal');
  infantTeam = await register(database, 'parent-infant', 'parent-infant');
  outsider = await register(database, 'outsider', 'camhs-0-5');
  const mother = { name: [{ family: 'Green' }], identifier: [{ system: NHS, value: nhsNumber(7) }] };
  const id = randomUUID();
  ids.Patient = id;
  const content = { resourceType: 'Patient', id, gender: 'female', ...mother } as Resource;
  const rowId = await store(database, content, { persons: [id], version: 2 });
  await storePast(database, rowId, { ...content, gender: 'other' } as Resource, 1);
  await involve(database, id, perinatal.service.id);
  const infant = await storePatient(database, { name: [{ family: 'Green' }] }, [infantTeam.service.id]);
  await join(database, journey, { [id]: 'mother', [infant]: 'infant' });
  const [group, care, provenance] = [
    { resourceType: 'Group', id: journey, member: [{ entity: { reference: `Patient/${id}` } }] },
    { resourceType: 'EpisodeOfCare', status: 'active', patient: { reference: `Patient/${id}` } },
    { resourceType: 'Provenance', target: [{ reference: `Patient/${id}` }] },
  ];
  for (const one of [group, care, provenance]) {
    ids[one?.resourceType as string] ??= randomUUID();
    const resource = { ...one, id: ids[one?.resourceType as string] } as Resource;
    await store(database, resource, { persons: [id], authors: [perinatal.service.id] });
  }
  // What is kept in memory has been read once.
  for (const reader of [outsider, infantTeam]) await get(`/fhir/Patient/${randomUUID()}`, reader);
});
afterEach(() => vi.restoreAllMocks());

/** The texts of all statements that one request costs. */
async function statementsOf(path: string, system: System): Promise<{ status: number; texts: string[] }> {
  const texts: string[] = [];
  const { query } = pg.Client.prototype;
  vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const [given] = args as [string | { text: string }];
    texts.push(typeof given === 'string' ? given : given.text);
    return Reflect.apply(query, this, args);
  } as never);
  const { statusCode } = await get(`/fhir/${path}`, system);
  vi.restoreAllMocks();
  return { status: statusCode, texts };
}

const byId = ['Patient', 'Group', 'EpisodeOfCare', 'Provenance'].flatMap((type) =>
  ['', '/_history', '/_history/1', ...(type === 'Group' ? ['/$journey'] : [])].map(
    (rest) => [type, rest] as const,
  ),
);
test.each(byId)('%s/{id}%s of who may not know of it', async (type, rest) => {
  const hidden = await statementsOf(`${type}/${ids[type]}${rest}`, outsider);
  const unknown = await statementsOf(`${type}/${randomUUID()}${rest}`, outsider);
  expect(hidden.status).toBe(404);
  expect(hidden.texts.length).toBeGreaterThan(1);
  expect(hidden).toEqual(unknown);
});

test('of a Provenance of whose targets a reader may know none', async () => {
  const [hidden, id] = [randomUUID(), randomUUID()];
  const target = [{ reference: `EpisodeOfCare/${ids.EpisodeOfCare}` }];
  await store(database, { resourceType: 'Provenance', id, target } as Resource, {
    persons: [ids.Patient as string, hidden],
    authors: [infantTeam.service.id],
  });
  const answer = await statementsOf(`Provenance/${id}`, infantTeam);
  expect(answer.status).toBe(404);
  expect(answer).toEqual(await statementsOf(`Provenance/${randomUUID()}`, infantTeam));
});

const KNOWN = nhsNumber(7);
const OTHER = nhsNumber(8);
test.each([
  ['Patient?identifier=ID', KNOWN, OTHER],
  ['Patient?identifier=ID&_lastUpdated=ge2020', KNOWN, OTHER],
  ['Patient?identifier=ID&_sort=-_lastUpdated', KNOWN, OTHER],
  ['Patient?identifier=ID&_sort=family', KNOWN, OTHER],
  ['Patient?identifier=ID&_total=accurate', KNOWN, OTHER],
  ['Patient?identifier=ID&_summary=count', KNOWN, OTHER],
  ['Patient?identifier=ID&_revinclude=EpisodeOfCare:patient', KNOWN, OTHER],
  ['EpisodeOfCare?patient.identifier=ID', KNOWN, OTHER],
  ['EpisodeOfCare?patient:identifier=ID&_total=accurate', KNOWN, OTHER],
  ['Group?member.identifier=ID', KNOWN, OTHER],
  ['Patient?gender=ID', 'female', 'male'],
  ['Patient?_id=ID', () => ids.Patient, randomUUID()],
  ['EpisodeOfCare?patient=ID', () => ids.Patient, randomUUID()],
  ['ServiceRequest?patient:identifier=ID', KNOWN, OTHER],
  ['Group?member=ID', () => ids.Patient, randomUUID()],
  ['Provenance?target=Patient/ID', () => ids.Patient, randomUUID()],
] as [string, string | (() => string), string][])(
  'a search, %s, by what is hidden',
  async (query, known, other) => {
    const value = typeof known === 'string' ? known : known();
    const readers =
      query.includes('identifier=ID') || query.includes('gender') ? [outsider, infantTeam] : [outsider];
    for (const reader of readers) {
      const hidden = await statementsOf(query.replace('ID', value), reader);
      expect(hidden.status).toBe(200);
      expect(hidden).toEqual(await statementsOf(query.replace('ID', other), reader));
    }
  },
);
