/** The pages of those who answer for the policy: what is in force, why, and who was told; nobody's name. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { POLICY } from '../../../src/access/decide/policy.ts';
import { type Told, tellFamily, wordsOf } from './family.ts';

let told: Told;
let mother = '';
beforeAll(async () => {
  told = await tellFamily();
  mother = (await told.find('Patient', '&given=Tamsin'))[0]?.id ?? '';
});
afterAll(() => told.stop());

const get = async (url: string, headers = {}) => {
  const { body, statusCode } = await told.app.inject({ method: 'GET', url, headers });
  return { status: statusCode, body, words: wordsOf(body.replace(/<select[\s\S]*?<\/select>/g, '')) };
};
const trace = (service: string, id = mother) =>
  get(`/pages/sharing/${id}?service=${told.serviceOf(service)}`);

test('every sector of the policy in force is in the table, with its nine cells', async () => {
  const { words } = await get('/pages/sharing');
  for (const sector of POLICY.rows.keys()) expect(words, sector).toContain(sector.replaceAll('-', ' '));
  expect(words).toMatch(/health visiting[^.]*INV F\/E\/-\/S STG F\/S\/-\/F DEM F\/S\/-\/F/);
  expect(words).toContain('Nothing waits to be approved');
});

describe('what a service may know of somebody', () => {
  test('is said with what it goes by', async () => {
    const own = (await trace('northlight')).words;
    expect(own).toContain('The person is its own patient');
    expect(own).toMatch(/Who is involved Full/);
    const childs = (await trace('littlebay')).words;
    expect(childs).toContain('The person is the mother in a journey of its patient');
    expect(childs).toMatch(/Who is involved Existence/);
    const far = (await trace('faraway')).words;
    expect(far).toContain('Nothing ties the person to this service');
    expect(far).toMatch(/Who is involved Nothing/);
  });

  test('follows a hold, which is listed by id', async () => {
    const headers = { 'x-skein-system': 'northlight', 'content-type': 'application/fhir+json' };
    const placed = await told.skein.send('POST', `/fhir/Patient/${mother}/$place-hold`, headers, '');
    expect(placed.status).toBe(200);
    const { words } = await get('/pages/sharing');
    expect(words).toContain(mother);
    const childs = (await trace('littlebay')).words;
    expect(childs).toContain('A safety hold stands of this person');
    expect(childs).toMatch(/Who is involved Nothing/);
  });

  test('of a service that nobody registered is not there', async () => {
    expect((await get(`/pages/sharing/${mother}?service=${mother}`)).status).toBe(404);
  });
});

test('who was told is there by service, time and rule, newest first, and names nobody', async () => {
  await told.skein.get(`/fhir/Patient/${mother}`, 'northlight');
  const { body, words } = await get(`/pages/sharing/${mother}`);
  expect(words).toMatch(
    /Who northlight RXP\|northlight What Read, .*About Patient .*policy [0-9a-f]{8}, basis/,
  );
  expect(body).not.toMatch(/Tamsin|Penrose|Kit|999\d{7}/);
});

test('an id is looked up by what was typed; what is no id is said where it was typed', async () => {
  const { statusCode, headers } = await told.app.inject(`/pages/sharing?id=${mother.toUpperCase()}`);
  expect([statusCode, headers.location]).toEqual([303, `/pages/sharing/${mother}`]);
  const wrong = await get('/pages/sharing?id=Tamsin');
  expect(wrong.status).toBe(422);
  expect(wrong.body).toContain('href="#id"');
  expect(wrong.body).not.toContain('Tamsin');
});

test.each(['northlight', 'midwives'])('to %s it is not there', async (name) => {
  for (const path of ['/pages/sharing', `/pages/sharing/${mother}`]) {
    expect((await get(`${path}?as=${told.serviceOf(name)}`)).status).toBe(404);
    expect((await get(path, { 'x-skein-system': name })).status).toBe(404);
  }
});
