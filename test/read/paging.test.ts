import { randomUUID } from 'node:crypto';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import type { System } from '../../src/model.ts';
import { testDatabase } from '../support/database.ts';
import { startReading } from './app.ts';
import { register, storePatient } from './fixtures.ts';

const database = await testDatabase();
const { get } = await startReading(database);
let team: System;
let other: System;

beforeAll(async () => {
  team = await register(database, 'perinatal', 'specialist-perinatal');
  other = await register(database, 'cmht', 'cmht');
});
beforeEach(() =>
  database.pool.query('truncate resource, index_token, index_date, index_string, involvement'),
);

const born = (day: number) => ({
  birthDate: `1990-01-${String(day).padStart(2, '0')}`,
  name: [{ family: `F${day % 3}` }],
});
const fill = async (count: number, services: string[] = [], from = 0) => {
  const ids = [];
  for (let day = from + 1; day <= from + count; day++)
    ids.push(await storePatient(database, born(day), services));
  return ids;
};
const nextOf = (bundle: Bundle) => bundle.link?.find(({ relation }) => relation === 'next')?.url;
const page = async (url: string, system?: System) =>
  (await get(url.replace(/^http:\/\/[^/]+/, ''), system)).json<Bundle>();
const resources = (bundle: Bundle) => (bundle.entry ?? []).map(({ resource }) => resource as Resource);

async function readAll(url: string, system?: System, between = async () => {}): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | undefined = url; next; ) {
    const bundle: Bundle = await page(next, system);
    ids.push(...resources(bundle).map(({ id }) => id as string));
    next = nextOf(bundle);
    await between();
  }
  return ids;
}

test.each([
  '',
  '&_sort=_id',
  '&_sort=-_id',
  '&_sort=_lastUpdated',
  '&_sort=-_lastUpdated',
  '&_sort=birthdate',
  '&_sort=-family,birthdate',
])('pages in order "%s" give every patient once while others are stored', async (sort) => {
  const ids = await fill(7);
  let stored = 0;
  const seen = await readAll(`/fhir/Patient?_count=2${sort}`, undefined, async () => {
    if (stored++ < 5) await fill(1, [], 10 + stored);
  });
  expect(seen.filter((id) => ids.includes(id)).sort()).toEqual([...ids].sort());
  expect(new Set(seen).size).toBe(seen.length);
});

test('the last page has no next link, even where it is full', async () => {
  await fill(4);
  const first = await page('/fhir/Patient?_count=2');
  expect(nextOf(await page(nextOf(first) ?? ''))).toBeUndefined();
});

test('pages are full of what may be seen, and what may not be seen makes no further page', async () => {
  await fill(3, [other.service.id]);
  const visible = await fill(2, [team.service.id], 3);
  await fill(300, [other.service.id], 5);
  visible.push(...(await fill(2, [team.service.id], 305)));
  await fill(3, [other.service.id], 307);
  const first = await page('/fhir/Patient?_count=4', team);
  expect(resources(first).map(({ id }) => id)).toEqual(visible);
  expect(nextOf(first)).toBeUndefined();
  expect(first).not.toHaveProperty('total');
});

test('a page link is worth nothing to another recipient, for another type, or bent', async () => {
  await fill(3, [team.service.id, other.service.id]);
  const next = nextOf(await page('/fhir/Patient?_count=1', team)) ?? '';
  const path = next.replace(/^http:\/\/[^/]+/, '');
  expect((await get(path, team)).statusCode).toBe(200);
  expect((await get(path, other)).statusCode).toBe(400);
  expect((await get(path.replace('Patient', 'Encounter'), team)).statusCode).toBe(400);
  expect((await get(`${path.slice(0, -3)}AAA`, team)).statusCode).toBe(400);
  expect((await get('/fhir/Patient?_cursor=x', team)).statusCode).toBe(400);
  expect((await get(`${path}&gender=male`, team)).statusCode).toBe(400);
});

test('a page link goes on for a client that adds how many it wants, or says again what it asked', async () => {
  const ids = await fill(6);
  const first = await page('/fhir/Patient?_count=2&birthdate=ge1990');
  const next = nextOf(first) ?? '';
  const counts = async (more: string) => resources(await page(`${next}${more}`)).map(({ id }) => id);
  expect(await counts('&_count=1')).toEqual(ids.slice(2, 3));
  expect(await counts('&_count=1000')).toEqual(ids.slice(2));
  expect(await counts('&birthdate=ge1990&_count=3')).toEqual(ids.slice(2, 5));
  expect((await get(`${next.replace(/^http:\/\/[^/]+/, '')}&birthdate=ge1991`)).statusCode).toBe(400);
});

test('a page link tells nothing of where it leads', async () => {
  await fill(3);
  const [first, second] = await Promise.all([page('/fhir/Patient?_count=1'), page('/fhir/Patient?_count=1')]);
  expect(nextOf(first)).not.toBe(nextOf(second));
  const token = new URL(nextOf(first) ?? '').searchParams.get('_cursor') ?? '';
  expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('_count');
});

test('an unknown id in a search finds nothing', async () => {
  expect(resources(await page(`/fhir/Patient?_id=${randomUUID()}`))).toEqual([]);
});
