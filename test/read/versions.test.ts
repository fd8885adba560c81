/** What tells of a change, tells only those who may see what changed: version ids, ETag, times, histories and orders. */
import { randomUUID } from 'node:crypto';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { System } from '../../src/model.ts';
import { testDatabase } from '../support/database.ts';
import { startReading } from './app.ts';
import { involve, join, nhsNumber, register, sourcesOf, store, storePatient } from './fixtures.ts';

const database = await testDatabase();
const { get } = await startReading(database);
let perinatal: System;
let infantTeam: System;
let charity: System;

beforeAll(async () => {
  perinatal = await register(database, 'perinatal', 'specialist-perinatal');
  infantTeam = await register(database, 'parent-infant', 'parent-infant');
  charity = await register(database, 'charity', null);
});

/** A mother known to the perinatal team in full, and by name and birth date to the team of her baby. */
async function storeMother(content: object, version = 1): Promise<{ id: string; rowId: string }> {
  const id = randomUUID();
  const rowId = await store(database, { resourceType: 'Patient', id, ...content } as Resource, {
    persons: [id],
    version,
  });
  await involve(database, id, perinatal.service.id);
  const infant = await storePatient(database, {}, [infantTeam.service.id]);
  await join(database, randomUUID(), { [id]: 'mother', [infant]: 'infant' });
  return { id, rowId };
}

/** The next version of a stored row, as save writes it: the former one goes into the history. */
async function change(id: string, content: object): Promise<void> {
  const patient = { resourceType: 'Patient', id, ...content } as Resource;
  await database.pool.query(
    `with former as (
       insert into resource_history
         (row_id, type, id, version, updated_at, content, persons, authors, service, sources)
       select row_id, type, id, version, updated_at, content, persons, authors, service, sources
       from resource where id = $1)
     update resource set version = version + 1, updated_at = now(), content = $2, sources = $3 where id = $1`,
    [id, patient, sourcesOf(patient)],
  );
}

/** All that a reader learns of one patient. */
async function learnt(id: string, reader: System): Promise<unknown> {
  const paths = ['', '/_history'].map((path) => `/fhir/Patient/${id}${path}`);
  const searches = ['', '&_sort=-_lastUpdated', '&_sort=_lastUpdated'].map(
    (by) => `/fhir/Patient?_id=${id}${by}`,
  );
  const answers = await Promise.all([...paths, ...searches].map((path) => get(path, reader)));
  return answers.map(({ statusCode, headers, body }) => [
    statusCode,
    headers.etag,
    headers['last-modified'],
    body,
  ]);
}

const NAMED = { name: [{ family: 'Green' }], birthDate: '1990-03-04' };
const NUMBERED = {
  ...NAMED,
  gender: 'female',
  identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber(7) }],
};

test('a change that a reader may not see leaves no trace for it, and one that it may see does', async () => {
  const { id } = await storeMother(NAMED);
  const [before, own] = [await learnt(id, infantTeam), await learnt(id, perinatal)];
  await change(id, NUMBERED);
  expect(await learnt(id, infantTeam)).toEqual(before);
  expect(await learnt(id, perinatal)).not.toEqual(own);
  await change(id, { ...NUMBERED, birthDate: '1990-03-05' });
  expect(await learnt(id, infantTeam)).not.toEqual(before);
});

test('each version that a reader sees has an id by which it is read again, and a time at which it began', async () => {
  const { id } = await storeMother(NAMED);
  await change(id, NUMBERED);
  await change(id, { ...NUMBERED, birthDate: '1990-03-05' });
  await change(id, NUMBERED);
  const versionsFor = async (reader: System) =>
    ((await get(`/fhir/Patient/${id}/_history`, reader)).json<Bundle>().entry ?? []).map(
      ({ resource }) => resource,
    );
  const [all, some] = [await versionsFor(perinatal), await versionsFor(infantTeam)];
  expect([all.length, some.length]).toEqual([4, 3]);
  expect(new Set(some.map((one) => one?.meta?.versionId)).size).toBe(3);
  for (const version of some) {
    const read = await get(`/fhir/Patient/${id}/_history/${version?.meta?.versionId}`, infantTeam);
    expect(read.json()).toEqual(version);
  }
  expect((await get(`/fhir/Patient/${id}`, infantTeam)).json()).toEqual(some[0]);
  expect((await get(`/fhir/Patient?_id=${id}`, infantTeam)).json<Bundle>().entry?.[0]?.resource).toEqual(
    some[0],
  );
  const times = some.map((one) => one?.meta?.lastUpdated ?? '');
  expect(times).toEqual([...times].sort().reverse());
});

test('a reader that has a version is told so until it sees another, also when what it may see changes', async () => {
  const { id } = await storeMother(NAMED);
  await change(id, NUMBERED);
  const { etag } = (await get(`/fhir/Patient/${id}`, infantTeam)).headers;
  const again = async () =>
    (await get(`/fhir/Patient/${id}`, infantTeam, { 'if-none-match': etag as string })).statusCode;
  await change(id, { ...NUMBERED, gender: 'other' });
  expect(await again()).toBe(304);
  await involve(database, id, infantTeam.service.id);
  expect(await again()).toBe(200);
});

test('a reader of nothing but its own words sees no version of what others say', async () => {
  const { id } = await storeMother(NAMED);
  const { rows } = await database.pool.query(
    `insert into record (message_id, system_id, position, said_at, stamp, mapping, mode, statements, lineage, created_at)
     values (1, $1, '', now(), '', 'm@1', 'snapshot', '[]', '[]', now()) returning id`,
    [charity.id],
  );
  await database.pool.query('update resource set authors = array[$2::uuid] where id = $1', [
    id,
    charity.service.id,
  ]);
  await database.pool.query(
    `insert into statement (key, type, system_id, chart, record_id, base, first, content, person)
     values ($1, 'Patient', $2, $1, $3, '2026', '2026', $4, $5)`,
    [randomUUID(), charity.id, rows[0].id, { resourceType: 'Patient', name: [{ family: 'Lane' }] }, id],
  );
  const before = await learnt(id, charity);
  await change(id, NUMBERED);
  expect(await learnt(id, charity)).toEqual(before);
});

describe('in order of time', () => {
  test('each is found where its reader saw it change', async () => {
    const team = await register(database, 'mmh', 'maternity-mh');
    const [early, late] = [await storeMother(NAMED), await storeMother(NAMED)];
    for (const { id } of [early, late]) await involve(database, id, team.service.id);
    await change(late.id, { ...NAMED, gender: 'female' });
    await change(early.id, { ...NAMED, gender: 'female' });
    const order = async (query: string, reader: System) =>
      (((await get(`/fhir/Patient?${query}`, reader)).json<Bundle>().entry ?? []) as { resource: Resource }[])
        .map(({ resource }) => resource.id)
        .filter((id) => id === early.id || id === late.id);
    expect(await order('_sort=-_lastUpdated&_count=200', team)).toEqual([early.id, late.id]);
    expect(await order('_sort=-_lastUpdated&_count=200', infantTeam)).toEqual([late.id, early.id]);
    expect(await order('_sort=_lastUpdated&_count=200', infantTeam)).toEqual([early.id, late.id]);
    const seen = (await get(`/fhir/Patient/${early.id}`, infantTeam)).json().meta.lastUpdated;
    const past = encodeURIComponent(new Date(Date.parse(seen) + 1).toISOString());
    expect(await order(`_id=${early.id}&_lastUpdated=ge${past}`, infantTeam)).toEqual([]);
    expect(await order(`_id=${early.id}&_lastUpdated=ge${past}`, team)).toEqual([early.id]);
    expect(await order(`_id=${early.id}&_lastUpdated=lt${past}`, infantTeam)).toEqual([early.id]);
  });
});

/** Of a patient: whether the reader knows her birth date and names, those, and what else was hidden in between. */
const patient = fc.record({
  own: fc.boolean(),
  birthDate: fc.option(fc.constantFrom('1980', '1990-03', '1990-03-04', '2001-01-01'), { nil: undefined }),
  given: fc.array(fc.constantFrom('Ana', 'Bea', 'Élan', 'cyd'), { maxLength: 3 }),
  genders: fc.array(fc.constantFrom('female', 'male', 'other'), { maxLength: 2 }),
});
const SORTS = ['birthdate', '-birthdate', 'given', '-given', '_lastUpdated', '-_lastUpdated', '_id'];

test('pages in any order give each once, in the order of what is seen', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(patient, { minLength: 1, maxLength: 9 }), async (patients) => {
      const reader = await register(database, `reader${runs++}`, 'specialist-perinatal');
      for (const { own, genders, ...content } of patients) await storeFor(reader, { own, genders, content });
      const all = await pages('', reader, 200);
      for (const sort of SORTS) {
        const found = await pages(`&_sort=${sort}`, reader, 2);
        expect(found.map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
        const keys = found.map((one) => keyOf(one, sort)).filter((key) => key !== undefined);
        expect(keys).toEqual(sort.startsWith('-') ? [...keys].sort().reverse() : [...keys].sort());
        expect(found.slice(keys.length).every((one) => keyOf(one, sort) === undefined)).toBe(true);
      }
    }),
    { numRuns: 6 },
  );
}, 120_000);

type Given = { own: boolean; genders: string[]; content: { birthDate?: string; given: string[] } };

async function storeFor(reader: System, { own, genders, content }: Given): Promise<void> {
  const { given, birthDate } = content;
  const said = { name: given.map((one) => ({ given: [one] })), ...(birthDate ? { birthDate } : {}) };
  const id = await storePatient(database, said, own ? [reader.service.id] : []);
  if (!own) {
    const child = await storePatient(database, {}, [reader.service.id]);
    await join(database, randomUUID(), { [id]: 'mother', [child]: 'infant' });
  }
  for (const gender of genders) await change(id, { ...said, gender });
}

type Patient = {
  id: string;
  birthDate?: string;
  name?: { given?: string[] }[];
  meta: { lastUpdated: string };
};

async function pages(query: string, reader: System, count: number): Promise<Patient[]> {
  const found: Patient[] = [];
  let path: string | undefined = `/fhir/Patient?_count=${count}${query}`;
  while (path) {
    const bundle: Bundle = (await get(path, reader)).json();
    found.push(...(bundle.entry ?? []).map(({ resource }) => resource as Patient));
    const next = bundle.link?.find(({ relation }) => relation === 'next')?.url;
    path = next?.slice(next.indexOf('/fhir/'));
  }
  return found;
}

function keyOf({ id, birthDate, name, meta }: Patient, sort: string): string | undefined {
  if (sort.endsWith('_id')) return id;
  if (sort.endsWith('_lastUpdated')) return meta.lastUpdated;
  if (sort.endsWith('birthdate')) return birthDate && `${birthDate}-01-01`.slice(0, 10);
  const texts = (name ?? [])
    .flatMap(({ given }) => given ?? [])
    .map((text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase());
  return texts.sort().at(sort.startsWith('-') ? -1 : 0);
}

test('what changed twice at one instant comes on one page, however the pages fall', async () => {
  const reader = await register(database, 'instant', 'specialist-perinatal');
  const ids = [];
  for (const gender of ['female', 'male', 'other']) {
    const id = await storePatient(database, NAMED, [reader.service.id]);
    for (let times = 0; times < 2; times++) await change(id, { ...NAMED, gender });
    ids.push(id);
  }
  const at = (micro: string) => `2026-05-01T10:00:00.000${micro}Z`;
  for (const [index, id] of ids.entries()) {
    await database.pool.query('update resource set updated_at = $2 where id = $1', [id, at(`90${index}`)]);
    const earlier = 'update resource_history set updated_at = $2 where id = $1 and version = 2';
    await database.pool.query(earlier, [id, at(`10${index}`)]);
  }
  for (const sort of ['_lastUpdated', '-_lastUpdated'])
    for (const count of [1, 2])
      expect((await pages(`&_sort=${sort}`, reader, count)).map(({ id }) => id).sort()).toEqual(
        [...ids].sort(),
      );
});
