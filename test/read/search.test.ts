import { randomUUID } from 'node:crypto';
import type { Bundle, Encounter, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { startReading } from './app.ts';
import { nhsNumber, store, storePatient } from './fixtures.ts';

const database = await testDatabase();
const { get, post, send } = await startReading(database);
const NHS = 'https://fhir.nhs.uk/Id/nhs-number';
const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
const ids: Record<string, string> = {};

const idsOf = (bundle: Bundle, mode = 'match') =>
  (bundle.entry ?? [])
    .filter(({ search }) => search?.mode === mode)
    .map(({ resource }) => nameOf(resource?.id ?? ''));
const nameOf = (id: string) => Object.keys(ids).find((name) => ids[name] === id) ?? id;
const search = async (path: string) => (await get(`/fhir/${path}`)).json<Bundle>();

beforeAll(async () => {
  ids.ada = await storePatient(database, {
    active: true,
    gender: 'female',
    birthDate: '1990-03-04',
    identifier: [{ system: NHS, value: nhsNumber(1) }, { value: 'bare' }],
    name: [{ family: 'Ó Brien', given: ['Ada', 'Jane'] }],
  });
  ids.ben = await storePatient(database, {
    gender: 'male',
    birthDate: '1992',
    name: [{ family: 'Brown', given: ['Ben'] }],
  });
  ids.cyd = await storePatient(database, {
    gender: 'female',
    name: [{ family: '100%_sure', given: ['Cyd'] }],
  });
  ids.trust = randomUUID();
  await store(database, { resourceType: 'Organization', id: ids.trust, name: 'Trust' });
  const encounter = (name: string, patient: string, more: Partial<Encounter>): Resource => {
    ids[name] = randomUUID();
    const subject = { reference: `Patient/${ids[patient]}` };
    const provider = { reference: `Organization/${ids.trust}` };
    return {
      resourceType: 'Encounter',
      id: ids[name],
      status: 'finished',
      class: { code: 'AMB' },
      subject,
      serviceProvider: provider,
      ...more,
    };
  };
  await store(database, encounter('visit', 'ada', { period: { start: '2026-01-10', end: '2026-01-20' } }), {
    updatedAt: '2026-02-01T00:00:00Z',
  });
  await store(database, encounter('call', 'ada', { status: 'planned', period: { start: '2026-03-01' } }), {
    updatedAt: '2026-02-02T00:00:00Z',
  });
  await store(database, encounter('other', 'ben', {}), { updatedAt: '2026-02-03T00:00:00Z' });
});

test.each([
  [`Patient?identifier=${NHS}|${nhsNumber(1)}`, ['ada']],
  [`Patient?identifier=${nhsNumber(1)}`, ['ada']],
  [`Patient?identifier=|${nhsNumber(1)}`, []],
  ['Patient?identifier=|bare', ['ada']],
  [`Patient?identifier=urn:other|${nhsNumber(1)}`, []],
  ['Patient?gender=male', ['ben']],
  ['Patient?gender=male,female', ['ada', 'ben', 'cyd']],
  ['Patient?gender:not=male', ['ada', 'cyd']],
  ['Patient?active:not=true', ['ben', 'cyd']],
  ['Patient?active=true', ['ada']],
  ['Patient?family=o b', ['ada']],
  ['Patient?family=BR', ['ben']],
  ['Patient?family:contains=r', ['ada', 'ben', 'cyd']],
  ['Patient?family:exact=Ó Brien', ['ada']],
  ['Patient?family:exact=O Brien', []],
  ['Patient?family=100%_', ['cyd']],
  ['Patient?family=%', []],
  ['Patient?name=jane', ['ada']],
  ['Patient?given=ada&given=jane', ['ada']],
  ['Patient?given=ada&given=ben', []],
  ['Patient?birthdate=1990-03', ['ada']],
  ['Patient?birthdate=ge1991', ['ben']],
  ['Patient?birthdate=lt1992&gender=female', ['ada']],
  ['Patient?birthdate=1990-03-04,1992', ['ada', 'ben']],
  ['Encounter?date=ge2026-01-15', ['visit', 'call']],
  ['Encounter?date=eb2026-02', ['visit']],
  ['Encounter?date=sa2026-02', ['call']],
  ['Encounter?status=planned,finished&class=AMB', ['visit', 'call', 'other']],
  ['Encounter?_lastUpdated=ge2026-02-02', ['call', 'other']],
  ['Encounter?_lastUpdated=2026-02-02', ['call']],
  ['Encounter?_lastUpdated=lt2026-02-02,gt2026-02-02', ['visit', 'other']],
  ['Encounter?_sort=-_lastUpdated', ['other', 'call', 'visit']],
  ['Encounter?_sort=date', ['visit', 'call', 'other']],
  ['Encounter?_sort=-date', ['call', 'visit', 'other']],
  ['Patient?_sort=family', ['cyd', 'ben', 'ada']],
  ['Patient?_sort=-family', ['ada', 'ben', 'cyd']],
  ['Patient?_sort=birthdate,_id', ['ada', 'ben', 'cyd']],
])('%s finds %s', async (path, expected) => {
  const found = idsOf(await search(path.replaceAll('%', '%25')));
  if (path.includes('_sort') || !expected.every(Boolean)) expect(found).toEqual(expected);
  else expect(found.sort()).toEqual([...expected].sort());
});

test('ids and references find what they name', async () => {
  const { ada = '', ben = '', visit } = ids;
  expect(idsOf(await search(`Patient?_id=${ada},${ben},nonsense`))).toEqual(['ada', 'ben']);
  expect(idsOf(await search(`Patient?_id=${ada}&_id=${ben}`))).toEqual([]);
  for (const patient of [ada, `Patient/${ada}`])
    expect(idsOf(await search(`Encounter?patient=${patient}`))).toEqual(['visit', 'call']);
  expect(idsOf(await search(`Encounter?patient=${ada},${ben}`))).toHaveLength(3);
  expect(idsOf(await search(`Encounter?subject:Patient=${ada}`))).toEqual(['visit', 'call']);
  expect(idsOf(await search(`Encounter?patient=${visit}`))).toEqual([]);
  const [entry] = (await search(`Encounter?_id=${visit}`)).entry ?? [];
  expect(
    idsOf(await search(`Encounter?patient=${entry?.fullUrl?.replace(/Encounter.*/, `Patient/${ada}`)}`)),
  ).toHaveLength(2);
});

test('a search brings along what its matches refer to, and what refers to them, each once', async () => {
  const forward = await search('Encounter?_include=Encounter:patient&_include=Encounter:service-provider');
  expect(idsOf(forward, 'include').sort()).toEqual(['ada', 'ben', 'trust']);
  expect(idsOf(await search('Encounter?_include=Encounter:subject:Group'), 'include')).toEqual([]);
  const back = await search(
    `Patient?_id=${ids.ada}&_revinclude=Encounter:patient&_revinclude=Encounter:subject`,
  );
  expect([idsOf(back), idsOf(back, 'include')]).toEqual([['ada'], ['visit', 'call']]);
});

test('a search by POST keeps its values out of URLs, in the next page too', async () => {
  const first = await post('/fhir/Patient/_search', { gender: 'female', _count: '1' });
  const bundle = first.json<Bundle>();
  expect(idsOf(bundle)).toEqual(['ada']);
  const next = bundle.link?.find(({ relation }) => relation === 'next')?.url ?? '';
  expect(next).not.toContain('female');
  expect(idsOf((await get(new URL(next).pathname + new URL(next).search)).json())).toEqual(['cyd']);
});

test('a search by POST with a body that is no form is refused, never everything', async () => {
  for (const type of [
    'application/json',
    'application/fhir+json',
    'text/plain',
    'multipart/form-data; boundary=x',
  ]) {
    const answer = await send('POST', '/fhir/Patient/_search', { type, body: '{"identifier":"nobody"}' });
    expect([answer.statusCode, answer.json().resourceType], type).toEqual([415, 'OperationOutcome']);
  }
  expect(idsOf((await send('POST', '/fhir/Patient/_search?gender=male')).json())).toEqual(['ben']);
});

test('a chain finds what refers to what it finds, also in a page link', async () => {
  const visits = async (query: string) => idsOf(await search(`Encounter?${query}`)).sort();
  const number = `${NHS}|${nhsNumber(1)}`;
  for (const chain of [
    'patient.identifier',
    'patient:identifier',
    'subject:Patient.identifier',
    'subject.identifier',
  ])
    expect(await visits(`${chain}=${encodeURIComponent(number)}`), chain).toEqual(['call', 'visit']);
  expect(await visits('patient:Patient.birthdate=gt1991')).toEqual(['other']);
  expect(await visits('patient.family:exact=Brown&status=finished')).toEqual(['other']);
  expect(await visits('patient.identifier=nobody')).toEqual([]);
  expect(await visits(`service-provider.name=trust&patient._id=${ids.ben}`)).toEqual(['other']);
  const first = (
    await post('/fhir/Encounter/_search', { 'patient:identifier': number, _count: '1' })
  ).json<Bundle>();
  const next = first.link?.find(({ relation }) => relation === 'next')?.url ?? '';
  const { pathname, search: query } = new URL(next);
  expect([...idsOf(first), ...idsOf((await get(pathname + query)).json())].sort()).toEqual(['call', 'visit']);
});

test('what was included brings along what it refers to, where that is asked for', async () => {
  const path = `Patient?_id=${ids.ada}&_revinclude=Encounter:patient`;
  expect(idsOf(await search(path), 'include').sort()).toEqual(['call', 'visit']);
  const all = await search(
    `${path}&_include:iterate=Encounter:service-provider&_include:iterate=Encounter:patient`,
  );
  expect(idsOf(all, 'include').sort()).toEqual(['call', 'trust', 'visit']);
});

test('a total counts all pages, and comes alone where nothing else is wanted', async () => {
  for (const total of ['accurate', 'estimate'])
    expect(await search(`Patient?gender=female&_count=1&_total=${total}`)).toMatchObject({ total: 2 });
  expect(await search('Patient?gender=female&_total=none')).not.toHaveProperty('total');
  for (const query of ['_summary=count', '_count=0']) {
    const counted = await search(`Patient?gender=female&${query}`);
    expect([counted.total, counted.entry, counted.link?.length], query).toEqual([2, undefined, 1]);
  }
  expect(await search('Basic?_summary=count')).toMatchObject({ total: 1 });
  expect(await search('Encounter?patient.gender=female&_summary=count')).toMatchObject({ total: 2 });
});

test('a part of a resource is tagged as one, and has what its reader must not miss', async () => {
  const [patient] = (await search(`Patient?_id=${ids.ada}&_elements=birthDate`)).entry ?? [];
  expect(patient?.resource).toEqual({
    resourceType: 'Patient',
    id: ids.ada,
    meta: { ...patient?.resource?.meta, tag: [SUBSETTED] },
    active: true,
    birthDate: '1990-03-04',
  });
  const whole = (await get(`/fhir/Encounter/${ids.visit}`)).json<Encounter>();
  const shape = async (query: string) =>
    (await get(`/fhir/Encounter/${ids.visit}?${query}`)).json<Encounter>();
  expect(await shape('_summary=false')).toEqual(whole);
  expect(Object.keys(await shape('_summary=data'))).toEqual(Object.keys(whole));
  expect(await shape('_summary=text')).toMatchObject({ status: 'finished', class: { code: 'AMB' } });
  expect(await shape('_summary=text')).not.toHaveProperty('period');
  expect(await shape('_summary=true')).toMatchObject({ subject: whole.subject, meta: { tag: [SUBSETTED] } });
  expect(await shape('_summary=true')).not.toHaveProperty('period');
  const included = await search(`Encounter?_id=${ids.visit}&_include=Encounter:patient&_elements=subject`);
  expect(included.entry?.map(({ resource }) => 'name' in (resource ?? {}))).toEqual([false, true]);
  expect((await get(`/fhir/Encounter/${ids.visit}?_summary=count`)).statusCode).toBe(400);
});

test('an unknown parameter is refused by name, or left out where the caller is lenient', async () => {
  const strict = await get('/fhir/Patient?famly=brown');
  expect([strict.statusCode, strict.body]).toEqual([400, expect.stringContaining('famly')]);
  const lenient = await get('/fhir/Patient?famly=brown&gender=male', undefined, {
    prefer: 'handling=lenient',
  });
  expect(lenient.json<Bundle>().link?.[0]?.url).toMatch(/Patient\?gender=male$/);
});

test('the topic is found by its code and canonical', async () => {
  const canonical = 'https://skein.example/fhir/SubscriptionTopic/family-episode';
  for (const query of [
    '',
    '?code=SubscriptionTopic',
    `?identifier=urn:ietf:rfc:3986|${canonical}`,
    '?_id=family-episode',
  ])
    expect(idsOf(await search(`Basic${query}`))).toEqual(['family-episode']);
  for (const query of ['?code=other', '?_id=x', '?_lastUpdated=lt2020'])
    expect(await search(`Basic${query}`)).not.toHaveProperty('entry');
});

test('a referral is found by every parameter it is indexed under', async () => {
  const referral: ServiceRequest = {
    resourceType: 'ServiceRequest',
    id: randomUUID(),
    status: 'active',
    intent: 'plan',
    subject: { reference: `Patient/${ids.ben}` },
    authoredOn: '2026-05-01T10:00:00+01:00',
    requester: { reference: `Organization/${ids.trust}` },
    performer: [{ reference: `Organization/${ids.trust}` }],
    identifier: [{ system: 'urn:ref', value: 'r1' }],
    category: [{ coding: [{ system: 'urn:c', code: 'a' }] }],
    code: { coding: [{ system: 'urn:c', code: 'b' }] },
  };
  await store(database, referral);
  const queries = [
    'authored=2026-05-01',
    `requester=${ids.trust}`,
    `performer=${ids.trust}`,
    'identifier=urn:ref|r1',
    'category=a',
    'code=urn:c|b',
  ];
  for (const query of queries)
    expect(idsOf(await search(`ServiceRequest?${query}`)), query).toEqual([referral.id]);
});
