/** A snapshot ends where the next event begins: through the real doors, with messages between its pages. */
import type { Bundle, Resource, Subscription } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import { numbersOf, statusIn } from '../support/receiver.ts';
import { SERVED } from '../support/served.ts';
import { ago, say } from '../support/telling.ts';
import { subscriptionTo } from './support.ts';

const FHIR = { 'content-type': 'application/fhir+json' };
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  stranger: ['specialist-perinatal', 'RXS', 'fhir-r4'],
};
const MOTHER = person(611, 'Philippa', 'Overstone', '1992-02-02');
const BABY = person(612, 'Barnaby', 'Overstone', 40);
const OTHERS = Array.from({ length: 5 }, (_, n) => person(620 + n, `Given${n}`, `Family${n}`, '1991-01-01'));
const LATER = Array.from({ length: 4 }, (_, n) => person(640 + n, `Later${n}`, `After${n}`, '1990-03-03'));

let household: Household;
let own = '';

beforeAll(async () => {
  household = await gather(SERVICES);
  const births = [ward(BABY, { mother: MOTHER.nhs }), ward(MOTHER, { event: 'A28', day: ago(80) })];
  for (const one of [...births, care('perinatal', MOTHER, { start: ago(30), contact: ago(3) })])
    await say(household, one);
  for (const other of OTHERS)
    await say(household, care('perinatal', other, { start: ago(20), contact: ago(2) }));
  await household.settle();
  own = household.subscriptions.get('perinatal') ?? '';
});
afterAll(() => household.stop());

type Page = { number: number; resources: Resource[]; next: string | null };

async function ask(
  method: string,
  path: string,
  { as = 'perinatal', body }: { as?: string; body?: object } = {},
) {
  const headers = { ...(body ? FHIR : {}), 'x-skein-system': as };
  const reply = await household.skein.send(method, path, headers, body ? JSON.stringify(body) : undefined);
  return { status: reply.status, body: reply.body as unknown as Bundle };
}

function read(bundle: Bundle): Page {
  const parameters = statusIn(bundle).parameter ?? [];
  const number = parameters.find(({ name }) => name === 'events-since-subscription-start')?.valueString;
  const next = bundle.link?.find(({ relation }) => relation === 'next')?.url;
  return {
    number: Number(number),
    resources: (bundle.entry ?? []).slice(1).flatMap(({ resource }) => resource ?? []),
    next: next ? next.slice(next.indexOf('/fhir/')) : null,
  };
}

/** All pages; `between` runs after each of them but the last. */
async function take(id: string, count: number, between: (page: number) => Promise<void> = async () => {}) {
  const body = { resourceType: 'Parameters', parameter: [{ name: '_count', valueInteger: count }] };
  const pages = [read((await ask('POST', `/fhir/Subscription/${id}/$snapshot`, { body })).body)];
  for (let last = pages[0]; last?.next; last = pages.at(-1)) {
    await between(pages.length);
    const { status, body } = await ask('GET', last.next);
    expect(status).toBe(200);
    pages.push(read(body));
  }
  const [first] = pages as [Page];
  expect(pages.every(({ number }) => number === first.number)).toBe(true);
  return {
    number: first.number,
    pages: pages.length,
    resources: pages.flatMap(({ resources }) => resources),
  };
}

const nameOf = ({ resourceType, id }: { resourceType: string; id?: string }) => `${resourceType}/${id}`;
const versionsOf = (resources: object[]) =>
  new Map((resources as Resource[]).map((one) => [nameOf(one), one.meta?.versionId]));

/** All that the service can read by searches, contacts apart: who wants to be told of those asks for it. */
async function readAll(): Promise<Resource[]> {
  const types = SERVED.filter((type) => type !== 'Encounter');
  const found = await Promise.all(types.map((type) => household.find(type, '', 'perinatal')));
  return found.flat() as unknown as Resource[];
}

/** Foci of events after a number, as they arrived. */
function fociAfter(number: number): string[] {
  const events = household
    .posts('perinatal')
    .flatMap(({ bundle }) => statusIn(bundle).parameter ?? [])
    .filter(({ name }) => name === 'notification-event');
  const value = (part: (typeof events)[number], name: string) => part.part?.find((one) => one.name === name);
  return events
    .filter((event) => Number(value(event, 'event-number')?.valueString) > number)
    .map((event) => value(event, 'focus')?.valueReference?.reference?.split('/').slice(-2).join('/') ?? '');
}

test('of a store at rest it is all that can be read, as it is read, and no event follows', async () => {
  const { number, pages, resources } = await take(own, 7);
  expect(pages).toBeGreaterThan(2);
  const readable = await readAll();
  expect(versionsOf(resources)).toEqual(versionsOf(readable));
  expect(new Map(resources.map((one) => [nameOf(one), one]))).toEqual(
    new Map(readable.map((one) => [nameOf(one), one])),
  );
  await household.settle();
  expect(number).toBe(Math.max(...numbersOf(household.posts('perinatal'))));
  expect(fociAfter(number)).toEqual([]);
});

test('what changes between its pages is told by an event after its number, or is in a page: nothing is lost', async () => {
  const before = versionsOf(await readAll());
  const { number, resources } = await take(own, 5, async (page) => {
    const woman = LATER[page - 1];
    if (woman) await say(household, care('perinatal', woman, { start: ago(9) }));
    // Somebody who is in it already: her care begins on another day now.
    const other = OTHERS[page - 1];
    if (other) await say(household, care('perinatal', other, { start: ago(19) }));
  });
  await household.settle();
  const given = versionsOf(resources);
  for (const name of before.keys()) expect([...given.keys()]).toContain(name);
  const told = new Set(fociAfter(number));
  // What events are about; a new journey is found by the tag of the care that it began with.
  const foci = (await readAll()).filter(({ resourceType }) => resourceType === 'EpisodeOfCare');
  expect(foci.length).toBeGreaterThan(8);
  const lost = foci.filter((one) => given.get(nameOf(one)) !== one.meta?.versionId && !told.has(nameOf(one)));
  expect(lost.map(nameOf)).toEqual([]);
  // And nothing is told again that was in it and has not changed since.
  const doubled = [...told].filter(
    (name) => before.has(name) && before.get(name) === versionsOf(foci).get(name),
  );
  expect(doubled).toEqual([]);
});

test('what was sent just before is in it and not told after it', async () => {
  const woman = person(660, 'Just', 'Before', '1989-09-09');
  await say(household, care('perinatal', woman, { start: ago(4) }));
  const { number, resources } = await take(own, 500);
  await household.settle();
  expect(JSON.stringify(resources)).toContain('"family":"Before"');
  expect(fociAfter(number)).toEqual([]);
});

async function subscribe(filters: string[]): Promise<string> {
  const body = { ...subscriptionTo(`${household.hook}/more`, { filters }) };
  return ((await ask('POST', '/fhir/Subscription', { body })).body as unknown as Subscription).id as string;
}

test('the filters of the subscription hold for it, by what its owner sees', async () => {
  const all = await readAll();
  const mother = all.find(
    (one) => JSON.stringify(one).includes('"family":"Overstone"') && one.resourceType === 'Patient',
  );
  const group = all.find(({ resourceType }) => resourceType === 'Group');
  const typesIn = async (...filters: string[]) => {
    const { resources } = await take(await subscribe(filters), 500);
    return { types: [...new Set(resources.map(({ resourceType }) => resourceType))].sort(), resources };
  };
  const hers = await typesIn(`patient=Patient/${mother?.id}`);
  expect(hers.resources.length).toBeGreaterThan(2);
  for (const one of hers.resources) expect(JSON.stringify(one)).toContain(mother?.id);
  const family = await typesIn(`journey=Group/${group?.id}`);
  expect(family.types).toEqual(expect.arrayContaining(['Group', 'Patient', 'EpisodeOfCare']));
  for (const { family: name } of OTHERS) expect(JSON.stringify(family.resources)).not.toContain(name);
  expect((await typesIn('event=episode-started')).types).toEqual(['CareTeam', 'EpisodeOfCare', 'Patient']);
  expect((await typesIn('event=encounter')).types).toEqual(['Encounter', 'Patient']);
  expect((await typesIn('stage=preconception')).types).toEqual([]);
  const own = household.serviceOf('perinatal');
  expect((await typesIn(`service=Organization/${own}`, 'event=episode-started')).types).toEqual([
    'CareTeam',
    'EpisodeOfCare',
  ]);
});

test('each page is recorded as a read is: what was given, and whom it is about', async () => {
  const { rows: last } = await household.database.pool.query('select coalesce(max(id), 0) as id from audit');
  const { pages, resources } = await take(own, 20);
  const { rows } = await household.database.pool.query(
    `select kind, name, ids, persons from audit where interaction = '$snapshot' and id > $1 order by id`,
    [last[0].id],
  );
  expect(rows).toHaveLength(pages);
  expect(new Set(rows.map(({ kind, name }) => `${kind} ${name}`))).toEqual(new Set(['read perinatal']));
  const ids = new Set(rows.flatMap((row) => row.ids));
  for (const { id } of resources) expect(ids).toContain(id);
  const persons = new Set(rows.flatMap((row) => row.persons));
  for (const { resourceType, id } of resources) if (resourceType === 'Patient') expect(persons).toContain(id);
});

test('what only a snapshot told of is withdrawn when it may be known no more', async () => {
  const id = await subscribe([]);
  const { number, resources } = await take(id, 500);
  const baby = resources.find((one) => one.resourceType === 'Patient' && one.birthDate === BABY.born);
  expect(baby).toBeDefined();
  const held = await ask('POST', `/fhir/Patient/${baby?.id}/$place-hold`, { as: 'maternity' });
  expect(held.status).toBe(200);
  await household.settle();
  const { body } = await ask('GET', `/fhir/Subscription/${id}/$events?eventsSinceNumber=${number + 1}`);
  expect(JSON.stringify(body)).toContain(`Patient/${baby?.id}`);
  expect(JSON.stringify(body)).toMatch(/"(withdrawn|member-unlinked)"/);
});

test('it is its owner’s alone, begins by POST, and is not given where nothing would follow', async () => {
  const path = `/fhir/Subscription/${own}/$snapshot`;
  await addSystem(household.database.pool, household.database.key, {
    ...{ name: 'other', ods: 'RXO', team: 'other', sector: 'maternity', kind: null, source: 'fhir-r4' },
  });
  expect((await ask('POST', path, { as: 'other' })).status).toBe(404);
  expect((await ask('GET', path)).status).toBe(400);
  const theirs = household.subscriptions.get('stranger') ?? '';
  const nothing = await ask('POST', `/fhir/Subscription/${theirs}/$snapshot`, { as: 'stranger' });
  expect([nothing.status, nothing.body.entry?.length]).toEqual([200, 1]);
  const first = read((await ask('POST', `${path}?_count=1`)).body);
  await ask('POST', path);
  expect((await ask('GET', first.next ?? '')).status).toBe(400);
  for (const query of ['_count=0', '_count=x', 'since=1', '_cursor=a&_cursor=b', '_cursor=x'])
    expect((await ask('POST', `${path}?${query}`)).status).toBe(400);
  const id = await subscribe([]);
  const off = { ...subscriptionTo(`${household.hook}/more`), id, status: 'off' };
  expect((await ask('PUT', `/fhir/Subscription/${id}`, { body: off })).status).toBe(200);
  expect((await ask('POST', `/fhir/Subscription/${id}/$snapshot`)).status).toBe(422);
});
