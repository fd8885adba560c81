/** What the sender of a FHIR transaction is told, and what comes of it: through the real door. */
import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nhsNumber, register } from '../read/fixtures.ts';
import { testDatabase } from '../support/database.ts';
import { startSkein } from '../support/skein.ts';

const database = await testDatabase();
const SENDER = 'maternity-a';
let skein: Awaited<ReturnType<typeof startSkein>>;
let service = '';

beforeAll(async () => {
  service = (await register(database, SENDER, 'maternity')).service.id;
  skein = await startSkein(database, { ROLES: 'api' });
});
afterAll(() => skein.stop());

type Entry = { fullUrl?: string; resource: object; request: Record<string, string> };
const put = (resource: { resourceType: string; id: string }): Entry => ({
  fullUrl: `https://x.example/${resource.resourceType}/${resource.id}`,
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
});
const send = async (...entry: Entry[]) => {
  const { status, body } = await skein.transaction(
    { resourceType: 'Bundle', type: 'transaction', timestamp: '2026-03-01T09:00:00Z', entry },
    SENDER,
  );
  const told = (body as unknown as Bundle).entry?.map(({ response }) => response) ?? [];
  return { status, body: body as unknown as OperationOutcome, told };
};
const textsOf = (outcome: unknown) =>
  (outcome as OperationOutcome).issue.map(({ severity, diagnostics }) => `${severity} ${diagnostics}`);
const find = async (query: string) => {
  const { body } = await skein.get(`/fhir/${query}`, SENDER);
  return ((body as unknown as Bundle).entry ?? []).map(({ resource }) => resource as Resource);
};

let people = 0;
function patient(id: string, more: object = {}) {
  people += 1;
  const identifier = [{ system: 'https://x.example/p', value: id }];
  const name = [{ family: 'Sample', given: [`P${people}`] }];
  return { resourceType: 'Patient', id, identifier, name, birthDate: '1990-01-01', ...more };
}
const subject = (id: string) => ({ reference: `https://x.example/Patient/${id}` });
const of = (type: string, id: string, more: object) => ({
  resourceType: type,
  id,
  identifier: [{ system: `https://x.example/${type}`, value: id }],
  ...more,
});
const episode = (id: string, whom: object, more: object = {}) =>
  put(of('EpisodeOfCare', id, { status: 'active', patient: whom, ...more }));
const referral = (id: string, more: object) =>
  put(of('ServiceRequest', id, { status: 'active', intent: 'order', ...more }));

describe('what is not carried', () => {
  test('what Skein leaves out holds nothing, and is said', async () => {
    const visit = put(
      of('Encounter', 'e1', {
        status: 'finished',
        class: { code: 'AMB' },
        subject: subject('a1'),
        location: [{ location: { reference: 'https://x.example/Location/l1' }, status: 'completed' }],
      }),
    );
    const diagnosis = [{ condition: { reference: 'https://x.example/Condition/c1' }, rank: 1 }];
    const { status, told } = await send(
      put(patient('a1')),
      visit,
      episode('ep1', subject('a1'), { diagnosis }),
      put({ resourceType: 'Location', id: 'l1' }),
      put({ resourceType: 'Condition', id: 'c1' }),
    );
    expect(status).toBe(200);
    expect(textsOf(told[1]?.outcome)[1]).toMatch(
      /^warning \/entry\/1\/resource\/location\/0\/location\/reference/,
    );
    expect(textsOf(told[2]?.outcome)[1]).toMatch(
      /^warning \/entry\/2\/resource\/diagnosis\/0\/condition\/reference/,
    );
    const [kept] = await find('Encounter?patient.identifier=a1');
    expect(kept).toMatchObject({ status: 'finished' });
    expect(kept).not.toHaveProperty('location');
  });

  test('each element of a kept resource that is not, is said with its entry', async () => {
    const more = {
      subject: subject('a2'),
      patientInstruction: 'call first',
      supportingInfo: [{ display: 'scan' }],
    };
    const { status, told } = await send(put(patient('a2')), referral('s1', more));
    expect(status).toBe(200);
    expect(textsOf(told[0]?.outcome)).toHaveLength(1);
    for (const name of ['patientInstruction', 'supportingInfo'])
      expect(textsOf(told[1]?.outcome).join()).toContain(
        `warning /entry/1/resource/${name}: ServiceRequest.${name} is not kept`,
      );
  });

  test.each([
    ['ServiceRequest.doNotPerform', { doNotPerform: true }],
    ['ServiceRequest.implicitRules', { implicitRules: 'https://x.example/rules' }],
  ])('%s, which changes the meaning of the rest, holds the message', async (name, more) => {
    const { status, body } = await send(
      put(patient('a3')),
      referral('s2', { subject: subject('a3'), ...more }),
    );
    expect(status).toBe(422);
    const [, element] = name.split('.');
    expect(textsOf(body)).toContainEqual(
      `error /entry/1/resource/${element}: ${name} changes the meaning of what it is in, and is not kept`,
    );
    expect(await find('Patient?identifier=a3')).toEqual([]);
  });

  test('a modifier that changes nothing holds nothing', async () => {
    const more = { subject: subject('a4'), doNotPerform: false };
    expect((await send(put(patient('a4')), referral('s3', more))).status).toBe(200);
  });
});

describe('what is understood when it comes back', () => {
  test('an id that the sender has put before, and an id and URLs that it was given', async () => {
    expect((await send(put(patient('b1')))).status).toBe(200);
    const [own] = await find('Patient?identifier=b1');
    const base = 'https://proxy.example/fhir';
    const organization = { reference: `${base}/Organization/${service}` };
    const whom = [
      'https://x.example/Patient/b1',
      'Patient/b1',
      `Patient/${own?.id}`,
      `${base}/Patient/${own?.id}`,
    ];
    for (const [index, reference] of whom.entries()) {
      const given = { managingOrganization: organization };
      const { status } = await send(episode(`back${index}`, { reference }, given));
      expect(status, reference).toBe(200);
    }
    const elsewhere = { reference: 'https://other.example/Patient/b1' };
    expect((await send(episode('not-back', elsewhere))).status).toBe(422);
    const found = await find('EpisodeOfCare?patient.identifier=b1');
    expect(found.map((one) => (one as { managingOrganization?: object }).managingOrganization)).toEqual(
      whom.map(() => ({ reference: `Organization/${service}` })),
    );
  });
});

describe('preconditions', () => {
  const post = (resource: { resourceType: string }, request: object = {}): Entry => ({
    resource,
    request: { method: 'POST', url: resource.resourceType, ...request },
  });

  test.each([
    ['ifMatch', { ...put(patient('c1')), request: { method: 'PUT', url: 'Patient/c1', ifMatch: 'W/"1"' } }],
    [
      'ifNoneMatch',
      { ...put(patient('c1')), request: { method: 'PUT', url: 'Patient/c1', ifNoneMatch: '*' } },
    ],
    ['ifModifiedSince', post(patient('c1'), { ifModifiedSince: '2026-01-01T00:00:00Z' })],
    ['ifNoneExist', post(patient('c1'), { ifNoneExist: 'family=Sample' })],
    ['ifNoneExist', post(patient('c1'), { ifNoneExist: 'identifier=https://x.example/p|other' })],
  ])('%s that is not kept to is refused', async (name, entry) => {
    const { status, body } = await send(entry as Entry);
    expect([status, textsOf(body)[0]]).toEqual([422, expect.stringContaining(`request.${name}`)]);
    expect(await find('Patient?identifier=c1')).toEqual([]);
  });

  test('one of the whole transaction is refused', async () => {
    const body = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: [put(patient('c2'))] });
    for (const name of ['if-match', 'if-none-exist']) {
      const headers = { 'content-type': 'application/fhir+json', 'x-skein-system': SENDER, [name]: 'x' };
      expect((await skein.send('POST', '/fhir', headers, body)).status).toBe(400);
    }
  });

  test('ifNoneExist makes one, and leaves it as it is from then on', async () => {
    const ifNoneExist = 'identifier=https%3A%2F%2Fx.example%2Fp%7Cc3';
    const first = patient('c3', { gender: 'female' });
    const made = await send(post(first, { ifNoneExist }), post(first, { ifNoneExist }));
    expect(made.told.map((one) => one?.status)).toEqual(['201', '200']);
    const again = await send(
      {
        ...post({ ...first, gender: 'male' } as never, { ifNoneExist }),
        fullUrl: 'urn:uuid:0b090000-0000-4000-8000-000000000001',
      },
      episode('c3', { reference: 'urn:uuid:0b090000-0000-4000-8000-000000000001' }),
    );
    expect(again.told.map((one) => one?.status)).toEqual(['200', '200']);
    expect(textsOf(again.told[0]?.outcome)[1]).toContain('request.ifNoneExist leaves it as it was');
    expect(await find('Patient?identifier=c3')).toMatchObject([{ gender: 'female' }]);
    expect(await find('EpisodeOfCare?patient.identifier=c3')).toHaveLength(1);
    const alone = await send(post({ ...first, gender: 'other' } as never, { ifNoneExist }));
    expect([alone.status, alone.told[0]?.status]).toEqual([200, '200']);
    expect(await find('Patient?identifier=c3')).toMatchObject([{ gender: 'female' }]);
  });

  test('one that is found under another identifier is told, and nothing is stored of it', async () => {
    const number = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber(61) };
    const known = patient('c4');
    await send(put({ ...known, identifier: [...known.identifier, number] } as never));
    const ifNoneExist = `identifier=${number.system}|${number.value}`;
    const other = {
      ...known,
      id: 'c5',
      identifier: [{ system: 'https://x.example/p', value: 'c5' }, number],
    };
    const { status, body } = await send(post(other, { ifNoneExist }));
    expect([status, textsOf(body)[0]]).toEqual([422, expect.stringContaining('finds another of yours')]);
  });

  test('one person in two entries, named by either, is one, whichever comes first', async () => {
    const contained = [
      {
        resourceType: 'Organization',
        id: 'org',
        identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RQ3' }],
      },
    ];
    const ifNoneExist = 'identifier=https://x.example/p|c6';
    const person = patient('c6');
    const urn = (number: number) => `urn:uuid:0b090000-0000-4000-8000-00000000000${number}`;
    const named = (number: number, entry: Entry): Entry => ({ ...entry, fullUrl: urn(number) });
    const care = named(
      4,
      post({
        ...of('EpisodeOfCare', 'c6', { status: 'active', patient: { reference: urn(2) } }),
        ...{ contained, managingOrganization: { reference: '#org' } },
      }),
    );
    const [one, two] = [1, 2].map((number) => named(number, post(person, { ifNoneExist }))) as [Entry, Entry];
    const visit = post(
      of('Encounter', 'c6', {
        status: 'finished',
        class: { code: 'AMB' },
        subject: { reference: urn(1) },
        episodeOfCare: [{ reference: urn(4) }],
      }),
    );
    const sent = await send(care, one, two, visit);
    expect(sent.told.map((each) => each?.status)).toEqual(['201', '201', '200', '201']);
    const again = await send(care, two, one, visit);
    expect(again.told.map((each) => each?.status)).toEqual(['201', '200', '200', '201']);
    const [found, ...others] = await find('Patient?identifier=c6');
    expect(others).toEqual([]);
    const reference = `Patient/${found?.id}`;
    const { rows } = await database.pool.query("select id from service where ods = 'RQ3'");
    expect(await find('EpisodeOfCare?patient.identifier=c6')).toMatchObject([
      { patient: { reference }, managingOrganization: { reference: `Organization/${rows[0]?.id}` } },
    ]);
    expect(await find('Encounter?patient.identifier=c6')).toMatchObject([{ subject: { reference } }]);
  });
});
