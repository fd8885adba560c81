import { randomUUID } from 'node:crypto';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { beforeAll, expect, test } from 'vitest';
import { rangeOf, stringsOf, targetOf, tokensOf, valuesOf } from '../../src/fhir/index-rows.ts';
import { INDEXED_TYPES, type Param, paramsOf } from '../../src/fhir/search-parameters.ts';
import type { ChartSource, System } from '../../src/model.ts';
import { testDatabase } from '../support/database.ts';
import { startReading } from './app.ts';
import { involve, join, nhsNumber, register, store, storePatient } from './fixtures.ts';

const database = await testDatabase();
const { get } = await startReading(database);
let infantTeam: System;
let perinatal: System;
let charity: System;
let mother: string;
let infant: string;
const journey = randomUUID();
const NHS = 'https://fhir.nhs.uk/Id/nhs-number';

beforeAll(async () => {
  infantTeam = await register(database, 'parent-infant', 'parent-infant');
  perinatal = await register(database, 'perinatal', 'specialist-perinatal');
  charity = await register(database, 'charity', null);
  mother = await storePatient(
    database,
    {
      active: true,
      gender: 'female',
      birthDate: '1990-03-04',
      identifier: [{ system: NHS, value: nhsNumber(7) }],
      name: [{ family: 'Green' }],
    },
    [perinatal.service.id],
  );
  infant = await storePatient(database, { birthDate: '2026-01-01', name: [{ family: 'Green' }] }, [
    infantTeam.service.id,
  ]);
  await join(database, journey, { [mother]: 'mother', [infant]: 'infant' });
});

/** As this system, or as the operator (null). */
const search = async (path: string, system: System | null) => {
  const answer = await get(`/fhir/${path}`, system ?? undefined);
  expect(answer.statusCode).toBe(200);
  return answer.json<Bundle>();
};
const ids = (bundle: Bundle) => (bundle.entry ?? []).map(({ resource }) => resource?.id);

test('the infant team sees the mother in summary', async () => {
  const seen = (await get(`/fhir/Patient/${mother}`, infantTeam)).json();
  expect(seen).toMatchObject({ name: [{ family: 'Green' }], birthDate: '1990-03-04' });
  expect(seen).not.toHaveProperty('gender');
  expect(seen).not.toHaveProperty('identifier');
});

test.each([`identifier=${NHS}|${nhsNumber(7)}`, `identifier=${nhsNumber(7)}`, 'gender=female'])(
  'a search by an element that is withheld finds nobody: %s',
  async (query) => {
    expect(ids(await search(`Patient?${query}`, infantTeam))).toEqual([]);
    expect(ids(await search(`Patient?${query}`, perinatal))).toEqual([mother]);
  },
);

test('a negative search by a withheld element tells nothing of its value', async () => {
  const female = ids(await search('Patient?gender:not=female', infantTeam));
  const male = ids(await search('Patient?gender:not=male', infantTeam));
  expect(female).toEqual(male);
  expect(female).toContain(mother);
});

test('a stranger is told the same of a search for a known and an unknown person', async () => {
  const known = await get(`/fhir/Patient?identifier=${NHS}|${nhsNumber(7)}`, charity);
  const unknown = await get(`/fhir/Patient?identifier=${NHS}|${nhsNumber(8)}`, charity);
  expect(known.body.replace(nhsNumber(7), '')).toBe(unknown.body.replace(nhsNumber(8), ''));
});

test('sorting by a withheld element does not show its order', async () => {
  const team = await register(database, 'mmh', 'maternity-mh');
  const made: string[] = [];
  for (const birthDate of ['1980-01-01', '1970-01-01']) {
    const parent = await storePatient(database, { birthDate });
    const child = await storePatient(database, {}, [team.service.id]);
    await join(database, randomUUID(), { [parent]: 'mother', [child]: 'infant' });
    made.push(parent, child);
  }
  const seen = async (sort: string) =>
    ids(await search(`Patient?_sort=${sort}`, team)).filter((id) => id && made.includes(id));
  const dated = (await search('Patient?_sort=birthdate', team)).entry?.filter(
    ({ resource }) => 'birthDate' in (resource ?? {}),
  );
  expect(dated ?? []).toEqual([]);
  // Nobody's place says anything: it is that of its row, whichever way the order goes.
  expect(await seen('birthdate')).toEqual(made);
  expect(await seen('-birthdate')).toEqual(made);
});

test('an include brings nothing that could not be read', async () => {
  const stranger = await storePatient(database, {});
  const episode: Resource = {
    resourceType: 'EpisodeOfCare',
    id: randomUUID(),
    status: 'active',
    patient: { reference: `Patient/${mother}` },
    managingOrganization: { reference: `Organization/${perinatal.service.id}` },
  };
  await store(database, episode, {
    persons: [mother],
    authors: [perinatal.service.id],
    service: perinatal.service.id,
  });
  const forward = await search(`EpisodeOfCare?_id=${episode.id}&_include=EpisodeOfCare:patient`, perinatal);
  expect(ids(forward)).toEqual([episode.id, mother]);
  const back = await search(`Patient?_id=${mother}&_revinclude=EpisodeOfCare:patient`, charity);
  expect(ids(back)).toEqual([]);
  expect(ids(await search(`Patient?_id=${stranger}`, perinatal))).toEqual([]);
});

test('the sender of a patient reads back what it sent, and no more', async () => {
  const [name, birth] = [
    { name: [{ family: 'Lane' }] },
    { birthDate: '1991-01-01', gender: 'male' as const },
  ];
  const chart = (author: string, said: object): ChartSource => ({
    ...{ author, content: { resourceType: 'Patient', ...said }, named: true, verified: true },
    ...{ care: [{ service: author, authors: [author] }], referredTo: [] },
  });
  const id = await storePatient(database, { ...name, ...birth }, [], {
    authors: [charity.service.id, perinatal.service.id],
    sources: { charts: [chart(charity.service.id, name), chart(perinatal.service.id, birth)] },
  });
  const seen = (await get(`/fhir/Patient/${id}`, charity)).json();
  expect(seen).toMatchObject({ resourceType: 'Patient', id, name: [{ family: 'Lane' }] });
  expect(seen).not.toHaveProperty('birthDate');
  expect(ids(await search('Patient?family=lane', charity))).toEqual([id]);
  expect(ids(await search('Patient?birthdate=1991-01-01', charity))).toEqual([]);
  expect(ids(await search(`Patient?_id=${id}`, charity))).toEqual([id]);
});

test('a journey shows each service its own view, with the same sentence for all', async () => {
  const member = [mother, infant].map((person) => ({ entity: { reference: `Patient/${person}` } }));
  await store(
    database,
    { resourceType: 'Group', id: journey, type: 'person', actual: true, member },
    { persons: [mother, infant] },
  );
  const tag = [{ system: 'https://skein.example/fhir/journey', code: journey }];
  const episode = (id: string, person: string, tagged: object[], more: object): Resource =>
    ({
      resourceType: 'EpisodeOfCare',
      id,
      status: 'active',
      patient: { reference: `Patient/${person}` },
      meta: { tag: tagged },
      ...more,
    }) as Resource;
  const [own, elsewhere, contact] = [randomUUID(), randomUUID(), randomUUID()];
  const by = { authors: [perinatal.service.id], service: perinatal.service.id, persons: [mother] };
  const organization = { managingOrganization: { reference: `Organization/${perinatal.service.id}` } };
  await store(database, episode(own, mother, tag, organization), by);
  await store(database, episode(elsewhere, mother, [{ ...tag[0], code: randomUUID() }], organization), by);
  const visit = {
    resourceType: 'Encounter',
    id: contact,
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: `Patient/${mother}` },
  };
  await store(
    database,
    { ...visit, episodeOfCare: [{ reference: `EpisodeOfCare/${elsewhere}` }] } as Resource,
    by,
  );
  const seen = await search(`Group/${journey}/$journey`, perinatal);
  expect(ids(seen)).toEqual(expect.arrayContaining([journey, mother, own, perinatal.service.id]));
  expect(ids(seen)).not.toContain(elsewhere);
  expect(ids(seen)).not.toContain(contact);
  const infantView = await search(`Group/${journey}/$journey`, infantTeam);
  expect(ids(infantView)).toEqual(expect.arrayContaining([journey, mother, infant]));
  for (const view of [seen, infantView])
    expect(view.entry?.at(-1)).toMatchObject({
      search: { mode: 'outcome' },
      resource: { issue: [{ diagnostics: 'Other services may be involved that are not shown.' }] },
    });
  for (const id of [journey, randomUUID(), 'x'])
    expect((await get(`/fhir/Group/${id}/$journey`, charity)).statusCode).toBe(404);
  await involve(database, infant, charity.service.id, 'closed');
});

test('a chain, a total and what comes along again tell nothing of what is withheld', async () => {
  const group = (reader: System, query: string) => search(`Group?${query}`, reader);
  expect(ids(await group(infantTeam, `member=${mother}`))).toEqual([journey]);
  for (const hidden of [`identifier=${nhsNumber(7)}`, 'gender=female']) {
    expect(ids(await group(infantTeam, `member:Patient.${hidden}`)), hidden).toEqual([]);
    expect(ids(await group(perinatal, `member:Patient.${hidden}`)), hidden).toEqual([journey]);
    expect(await search(`Patient?${hidden}&_summary=count`, infantTeam)).toMatchObject({ total: 0 });
    expect(await search(`Patient?${hidden}&_total=accurate`, charity)).toMatchObject({ total: 0 });
  }
  const [female, male] = ['female', 'male'].map((gender) => group(infantTeam, `member.gender:not=${gender}`));
  expect(ids(await (female as Promise<Bundle>))).toEqual(ids(await (male as Promise<Bundle>)));
  const all = `Patient?_id=${infant}&_revinclude=Group:member&_include:iterate=Group:member`;
  expect(ids(await search(all, charity))).toEqual([]);
  expect(ids(await search(all, infantTeam))).toEqual([infant, journey, mother]);
});

/** A search that finds a resource by one of its parameters; undefined where it has nothing there. */
function queryFor(param: Param, resource: Resource): string | undefined {
  const values = valuesOf(param, resource);
  const [found] = {
    token: values.flatMap(tokensOf).filter((text) => !text.startsWith('|')),
    reference: values.flatMap((value) => targetOf(value) ?? []),
    date: values.flatMap((value) => (rangeOf(value) ? 'ge1900' : [])),
    string: values.flatMap(stringsOf),
  }[param.kind];
  return found && `${resource.resourceType}?${param.code}=${encodeURIComponent(found)}`;
}

test('no search parameter of any type finds a stranger anything', async () => {
  const stranger = await register(database, 'stranger', 'camhs-0-5');
  const all = await Promise.all(
    INDEXED_TYPES.filter((one) => !['Organization', 'Basic'].includes(one)).map((type) => search(type, null)),
  );
  const resources = all.flatMap(({ entry }) => (entry ?? []).flatMap(({ resource }) => resource ?? []));
  const queries = resources.flatMap((resource) =>
    paramsOf(resource.resourceType).flatMap((param) => queryFor(param, resource) ?? []),
  );
  expect(new Set(queries.map((query) => query.replace(/=.*/, ''))).size).toBeGreaterThan(15);
  for (const query of new Set(queries)) {
    expect(await search(query, null), query).toHaveProperty('entry');
    expect(await search(query, stranger), query).not.toHaveProperty('entry');
  }
});
