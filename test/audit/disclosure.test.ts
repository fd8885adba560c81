/** What two services were told of one family, over the real interfaces, and what the audit says of it. */
import type { AuditEvent } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { POLICY_DIGEST } from '../../src/access/decide/policy.ts';
import { findDisclosures } from '../../src/audit/who.ts';
import { DISCLOSURE_BASIS } from '../../src/fhir/systems.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import { runProgram } from '../support/process.ts';
import { ago, say } from '../support/telling.ts';

const MOTHER = person(801, 'Rosalind', 'Hartwell', '1993-04-04');
const BABY = person(802, 'Casper', 'Hartwell', 40);
const OTHER = person(803, 'Benedicta', 'Loxley', '1991-05-05');
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  gp: ['gp', 'Y00001', 'fhir-r4'],
};

type Row = { kind: string; outcome: string; name: string; interaction: string; type: string | null } & {
  ids: string[];
  persons: string[];
  request: string | null;
  policy: string;
};

let household: Household;
const ids: Record<string, string> = {};

beforeAll(async () => {
  household = await gather(SERVICES);
  const messages = [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(80) }),
    care('perinatal', MOTHER, { start: ago(30) }),
    care('visiting', BABY, { start: ago(30) }),
    care('gp', OTHER, { start: ago(30) }),
  ];
  for (const message of messages) await say(household, message);
  await household.settle();
  const number = (nhs: string) => `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`;
  for (const [name, { nhs }] of Object.entries({ mother: MOTHER, baby: BABY, other: OTHER }))
    ids[name] = (await household.find('Patient', number(nhs)))[0]?.id ?? '';
  ids.journey = (await household.find('Group', `&member=Patient/${ids.mother}`))[0]?.id ?? '';
});
afterAll(() => household.stop());

/** The rows that one request leaves. */
async function rowsOf(ask: () => Promise<unknown>): Promise<Row[]> {
  const { pool } = household.database;
  const before = (await pool.query('select coalesce(max(id), 0) as id from audit')).rows[0].id;
  await ask();
  const { rows } = await pool.query<Row>('select * from audit where id > $1 order by id', [before]);
  return rows;
}

const who = (id = '', since = new Date(0)) => findDisclosures(household.database.pool, id, since);

/** As `skein audit who` says it, in another process. */
async function whoByCommand(id = ''): Promise<string> {
  const program = runProgram(['bin/skein.js', 'audit', 'who', id], { DATABASE_URL: household.database.url });
  expect(await program.exit(), program.output()).toBe(0);
  return program.output();
}

test('a read is one row: who, what, about whom, under which policy', async () => {
  const [row, ...more] = await rowsOf(() => household.skein.get(`/fhir/Patient/${ids.mother}`, 'perinatal'));
  expect(more).toEqual([]);
  expect(row).toMatchObject({
    ...{ kind: 'read', outcome: '200', name: 'perinatal', interaction: 'read', type: 'Patient' },
    ...{ ids: [ids.mother], persons: [ids.mother], policy: POLICY_DIGEST },
    ...{ service: household.serviceOf('perinatal'), request: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  });
});

test('a version that is not modified, and a HEAD, are rows like the whole', async () => {
  const path = `/fhir/Patient/${ids.mother}`;
  const { headers } = await household.skein.get(path, 'perinatal');
  const known = { 'x-skein-system': 'perinatal', 'if-none-match': headers.get('etag') ?? '' };
  const same = await rowsOf(() => household.skein.send('GET', path, known));
  expect(same).toMatchObject([{ kind: 'read', outcome: '304', ids: [ids.mother], persons: [ids.mother] }]);
  const head = await rowsOf(() =>
    fetch(household.skein.url + path, { method: 'HEAD', headers: { 'x-skein-system': 'perinatal' } }),
  );
  expect(head).toMatchObject([{ kind: 'read', outcome: '200', ids: [ids.mother], persons: [ids.mother] }]);
});

test('what was refused is a row that says what was asked for, the same of what does not exist', async () => {
  const nobody = '00000000-0000-4000-8000-000000000001';
  for (const id of [ids.mother, nobody])
    expect(await rowsOf(() => household.skein.get(`/fhir/Patient/${id}`, 'gp'))).toMatchObject([
      { kind: 'refusal', outcome: '404', name: 'gp', interaction: 'read', ids: [id], persons: [id] },
    ]);
});

test('a search is one row with what was given, and a journey with all that it holds', async () => {
  const found = await household.find('Patient', '', 'visiting');
  const [search] = await rowsOf(() => household.skein.get('/fhir/Patient?birthdate=gt1900', 'visiting'));
  expect(search).toMatchObject({ interaction: 'search', type: 'Patient' });
  expect(search?.ids.toSorted()).toEqual(found.map(({ id }) => id).toSorted());
  expect(search?.persons).toContain(ids.baby);
  const [journey] = await rowsOf(() =>
    household.skein.get(`/fhir/Group/${ids.journey}/$journey`, 'perinatal'),
  );
  expect(journey).toMatchObject({ interaction: '$journey', type: 'Group' });
  expect(journey?.ids).toEqual(expect.arrayContaining([ids.journey, ids.mother, ids.baby]));
  expect(journey?.persons.toSorted()).toEqual([ids.baby, ids.mother].toSorted());
});

test('whoever asks for few elements is told of somebody all the same', async () => {
  const rows = await rowsOf(() => household.skein.get('/fhir/EpisodeOfCare?_elements=status', 'visiting'));
  expect(rows).toMatchObject([{ persons: expect.arrayContaining([ids.baby]) }]);
});

test('events that are read again name what they are about', async () => {
  const path = `/fhir/Subscription/${household.subscriptions.get('perinatal')}`;
  const [row] = await rowsOf(() => household.skein.get(`${path}/$events`, 'perinatal'));
  expect(row).toMatchObject({ interaction: '$events', persons: expect.arrayContaining([ids.mother]) });
  const [status] = await rowsOf(() => household.skein.get(`${path}/$status`, 'perinatal'));
  expect(status).toMatchObject({ interaction: '$status', persons: [] });
  expect(status?.ids).toEqual([household.subscriptions.get('perinatal')]);
});

test('who was told what of somebody is one list: answers, refusals, notifications and decisions', async () => {
  await rowsOf(() => household.skein.get(`/fhir/Patient/${ids.mother}`, 'perinatal'));
  await rowsOf(() => household.skein.get(`/fhir/Patient/${ids.mother}`, 'gp'));
  const hold = `/fhir/Patient/${ids.mother}/$place-hold`;
  expect(
    await rowsOf(() => household.skein.send('POST', hold, { 'x-skein-system': 'perinatal' })),
  ).toMatchObject([
    {
      kind: 'decision',
      outcome: 'done',
      interaction: 'hold-place',
      name: 'perinatal',
      persons: [ids.mother],
    },
  ]);
  await household.settle();
  const told = await who(ids.mother);
  const of = (system: string) => told.filter((one) => one.system === system).map(({ kind }) => kind);
  expect(new Set(of('perinatal'))).toEqual(new Set(['read', 'notification', 'decision']));
  expect(new Set(of('gp'))).toEqual(new Set(['refusal']));
  for (const { policy } of told) expect(policy).toBe(POLICY_DIGEST);
  // Told on the basis of its group; by a refusal and by what it decides itself nobody is told anything.
  for (const { kind, system, basis } of told)
    expect(basis, kind).toBe(
      ['read', 'notification'].includes(kind) ? (system === null ? 'processor' : 'direct-care') : null,
    );
  const notified = told.filter(({ kind }) => kind === 'notification');
  expect(notified.map(({ service }) => service)).toContain('RXP|perinatal');
  expect(notified.every(({ outcome }) => /^(delivered|withheld since)$/.test(outcome))).toBe(true);
  const times = told.map(({ at }) => at.getTime());
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  // Nobody outside her family was told anything of it, and she is in no row about others.
  expect((await who(ids.other)).every(({ system }) => system === 'gp' || system === null)).toBe(true);
  const family = await who(ids.journey);
  expect(family.length).toBeGreaterThan(told.length);
  expect(await who(ids.mother, new Date('2999-01-01'))).toEqual([]);
  const { body } = await household.skein.get(`/fhir/AuditEvent?patient=${ids.mother}`);
  const events = (body.entry as { resource: AuditEvent }[]).map(({ resource }) => resource);
  expect(events).toHaveLength(told.length);
  expect(events.filter(({ outcome }) => outcome === '4').map(({ agent }) => agent[0]?.who?.display)).toEqual(
    of('gp').map(() => 'gp, Y00001|gp'),
  );
  expect(events.find(({ subtype }) => subtype?.[0]?.code === 'read')).toMatchObject({
    ...{ action: 'R', outcome: '0', type: { code: 'rest' } },
    purposeOfEvent: [{ coding: [{ system: DISCLOSURE_BASIS, code: 'direct-care' }] }],
    agent: [{ requestor: true, policy: [expect.stringContaining(POLICY_DIGEST)] }],
    entity: [{ what: { reference: `Patient/${ids.mother}` } }, {}, {}],
  });
  expect((await household.skein.get(`/fhir/AuditEvent?patient=${ids.mother}`, 'perinatal')).status).toBe(403);
  const text = await whoByCommand(ids.mother);
  expect(text.split('\n')).toHaveLength(told.length + 1);
  expect(text).toMatch(
    / perinatal \(RXP\|perinatal\), read read 200: Patient [0-9a-f-]{36}, policy [0-9a-f]{16}, basis direct-care, request /,
  );
  expect(text).toMatch(/ gp \(Y00001\|gp\), refusal read 404: Patient /);
});

test('no row holds a name, a number, or what was searched for', async () => {
  const values = [MOTHER, BABY, OTHER].flatMap(({ nhs, given, family }) => [nhs, given, family]);
  const parameters = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'resource',
        resource: { resourceType: 'Patient', name: [{ family: MOTHER.family, given: [MOTHER.given] }] },
      },
    ],
  };
  const rows = await rowsOf(async () => {
    for (const value of values) {
      await household.skein.get(`/fhir/Patient?identifier=${value}&name=${value}`, 'perinatal');
      await household.skein.get(`/fhir/Patient/${value}`, 'perinatal');
    }
    const headers = { 'x-skein-system': 'perinatal', 'content-type': 'application/fhir+json' };
    await household.skein.send('POST', '/fhir/Patient/$match', headers, JSON.stringify(parameters));
  });
  expect(rows.map(({ interaction }) => interaction)).toEqual(
    expect.arrayContaining(['search', 'read', '$match']),
  );
  const { rows: all } = await household.database.pool.query('select a::text as text from audit a');
  for (const value of [...values, '1993-04-04'])
    expect(
      all.some(({ text }) => text.toLowerCase().includes(value.toLowerCase())),
      value,
    ).toBe(false);
});
