/**
 * What a person is given of herself (docs/adr/0036-subject-access.md): drafted and released by the command
 * line, without other people, and alike whether or not there is something that others must not learn of.
 */
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDisclosures } from '../../src/audit/who.ts';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { runCommand } from '../support/command-line.ts';
import { gather, type Household, type Send, type Services } from '../support/household.ts';
import { askingPeople, humanToken, newHumanPair } from '../support/humans.ts';
import { ago, say } from '../support/telling.ts';
import {
  chart,
  contactOf,
  episodeOf,
  observationOf,
  referralOf,
  relationOf,
} from '../support/transactions.ts';

const MOTHER = person(861, 'Ottoline', 'Marchbanks', '1991-06-07');
const BABY = person(862, 'Peregrine', 'Babyname', 40);
const MAN = person(863, 'Lysander', 'Manname', '1988-08-08');
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  adult: ['adult-services', 'RXD', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  gp: ['gp', 'Y00001', 'fhir-r4'],
  clinic: ['gp', 'RXK', 'fhir-r4', 'reproductive-health'],
  refuge: ['third-sector-domestic-abuse', 'C003', 'fhir-r4'],
  drugs: ['drug-and-alcohol', 'RXG', 'fhir-r4'],
  dads: ['third-sector-partner', 'C004', 'fhir-r4'],
};
const LATER = new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 10);
/** In every place where a sender can write of somebody else, or of where she is. */
const PLANTED = {
  staff: 'Quentin-Staffname',
  note: 'Hepzibah-in-a-note',
  street: '9 Planted-Lane',
  phone: '07700900861',
  carer: 'Ermintrude-Carer',
  reason: 'Barnabas-in-a-reason',
};

/** How perinatal writes her down: with all that is not hers to be given. */
function hers(household: Household): Send {
  const staff = { display: PLANTED.staff };
  const whom = chart('perinatal', MOTHER, {
    telecom: [{ system: 'phone', value: PLANTED.phone }],
    address: [{ line: [PLANTED.street], postalCode: 'ZZ99 3WZ' }],
    contact: [{ name: { text: PLANTED.carer }, telecom: [{ system: 'phone', value: PLANTED.phone }] }],
    generalPractitioner: [staff],
    multipleBirthInteger: 2,
  });
  const spell = episodeOf(whom, 'perinatal', { id: 'E-perinatal', start: ago(30) });
  Object.assign(spell.resource, { careManager: staff });
  const met = contactOf(whom, 'perinatal', 'LAST', ago(20));
  Object.assign(met.resource, {
    participant: [{ individual: staff }],
    reasonCode: [{ text: PLANTED.reason }],
    type: [{ coding: [{ system: 'http://snomed.info/sct', code: '185349003' }], text: PLANTED.note }],
  });
  const visit = contactOf(whom, 'perinatal', 'NEXT', LATER);
  Object.assign(visit.resource, { status: 'planned', location: [{ location: { display: PLANTED.street } }] });
  const services = { from: household.serviceOf('perinatal'), to: household.serviceOf('adult') };
  const referral = referralOf(whom, { id: 'R-1', ...services }, ago(26));
  Object.assign(referral.resource, { note: [{ text: PLANTED.note }] });
  const seen = observationOf(whom, 'perinatal', 'infant-observation', ago(20));
  Object.assign(seen.resource, { note: [{ text: PLANTED.note }] });
  return said('perinatal', [whom, spell, met, visit, referral, seen], ago(20));
}

let household: Household;
let mother = '';

beforeAll(async () => {
  household = await gather(SERVICES);
  for (const message of [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(80) }),
    care('visiting', BABY, { start: ago(30) }),
    hers(household),
    care('adult', MOTHER, { start: ago(25), referral: 'R-1' }),
    care('gp', MOTHER, { start: ago(15), contact: ago(5) }),
  ])
    await say(household, message);
  await household.settle();
  mother = await idOf(MOTHER);
  await household.skein.get(`/fhir/Patient/${mother}`, 'perinatal');
  await household.skein.get(`/fhir/Patient/${mother}`, 'visiting');
}, 120_000);
afterAll(() => household.stop());

const idOf = async ({ nhs }: { nhs: string }): Promise<string> =>
  (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`))[0]?.id ?? '';
const folder = () => mkdtemp(join(tmpdir(), 'skein-test-'));
const skein = (args: string[], settings: Record<string, string> = {}) =>
  runCommand(args, { DATABASE_URL: household.database.url, ...settings });

async function draft(id = mother): Promise<string> {
  const out = join(await folder(), 'draft');
  const { code, output } = await skein(['person', 'export', id, '--draft', '--out', out]);
  expect(code, output).toBe(0);
  return out;
}
async function read(out: string) {
  const [json, html] = await Promise.all(
    ['export.json', 'export.html'].map((file) => readFile(join(out, file), 'utf8')),
  );
  return { json: json ?? '', html: html ?? '', all: `${json}\n${html}` };
}
const of = <T extends Resource['resourceType']>(json: string, type: T) =>
  ((JSON.parse(json) as Bundle).entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === type ? [resource as Extract<Resource, { resourceType: T }>] : [],
  );
const manifest = async (out: string) => JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8'));

describe('a draft', () => {
  test('says what each service said of her and when, her care, visits and referrals', async () => {
    const { json, html } = await read(await draft());
    expect(of(json, 'Patient')[0]).toMatchObject({ id: mother, birthDate: MOTHER.born });
    const controllers = of(json, 'Organization').map(({ identifier = [] }) => identifier[0]?.value);
    expect(controllers.toSorted()).toEqual(['RXD', 'RXP', 'Y00001']);
    expect(of(json, 'EpisodeOfCare').map(({ period }) => period?.start)).toEqual(
      expect.arrayContaining([ago(30), ago(25), ago(15)]),
    );
    expect(
      of(json, 'Encounter')
        .map(({ status }) => status)
        .toSorted(),
    ).toContain('planned');
    expect(of(json, 'ServiceRequest')).toMatchObject([{ requester: {}, performer: [{}] }]);
    expect(of(json, 'Provenance').length).toBeGreaterThanOrEqual(8);
    const [day = '', month = ''] = new Date(`${ago(30)}T00:00:00Z`)
      .toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
      .split(' ');
    expect(html).toContain(`${day} ${month}`);
    expect(html).toContain('you were born on 7 June 1991');
    expect(html).toContain('asked adult (RXD) to see you');
  });

  test('says who was told what, and on what basis, of those whom she may know of', async () => {
    const { json, html } = await read(await draft());
    const told = of(json, 'AuditEvent');
    const today = new Date().toISOString().slice(0, 10);
    expect(told).toContainEqual(
      expect.objectContaining({
        recorded: `${today}T00:00:00Z`,
        agent: [
          expect.objectContaining({ who: { reference: `Organization/${household.serviceOf('perinatal')}` } }),
        ],
        purposeOfEvent: [{ coding: [expect.objectContaining({ code: 'direct-care' })] }],
      }),
    );
    expect(JSON.stringify(told)).not.toContain(household.serviceOf('visiting'));
    expect(html).toContain(
      'perinatal (RXP) was told of who you are. Why the law lets us: UK GDPR Article 6(1)(e)',
    );
  });

  test('nothing of anybody else, of where she is, or in anybody’s own words is in it', async () => {
    const out = await draft();
    const { all } = await read(out);
    for (const word of [...Object.values(PLANTED), BABY.given, BABY.family, BABY.nhs, MAN.given, MAN.family])
      expect(all.includes(word), word).toBe(false);
    for (const id of [await idOf(BABY), ...(await household.find('Group')).map((one) => one.id)])
      expect(all).not.toContain(id);
    expect(all).not.toMatch(/RelatedPerson|multipleBirth|ZZ99|Babyname/);
    // Whoever releases it is told how much of each, and never what.
    const { leftOut } = await manifest(out);
    expect(leftOut).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ service: 'RXP|perinatal', what: 'texts, withheld for review' }),
        expect.objectContaining({ service: 'RXP|perinatal', what: 'numbers and addresses', count: 2 }),
        expect.objectContaining({ service: 'RXP|perinatal', what: 'Observation, for its author to give' }),
      ]),
    );
    const text = await readFile(join(out, 'manifest.json'), 'utf8');
    for (const word of Object.values(PLANTED)) expect(text.includes(word), word).toBe(false);
  });
});

describe('its release', () => {
  const release = (from: string, out: string, ...more: string[]) =>
    skein(['person', 'export', mother, '--release', from, '--out', out, ...more]);
  const rows = async () =>
    (await findDisclosures(household.database.pool, mother, new Date(0))).filter(
      ({ way }) => way === 'person-export',
    );

  test('is on record by who released it, on the basis of her own right, and gives what was looked at', async () => {
    const [from, out] = [await draft(), join(await folder(), 'copy')];
    expect(await release(from, out, '--by', 'C. Guardian')).toMatchObject({ code: 0 });
    expect((await readdir(out)).toSorted()).toEqual(['export.html', 'export.json']);
    expect(await read(out)).toEqual(await read(from));
    expect(await rows()).toMatchObject([{ by: 'C. Guardian', basis: 'subject-access', ids: [mother] }]);
    const { rows: kept } = await household.database.pool.query(
      "select digest from audit where interaction = 'person-export'",
    );
    expect(kept).toEqual([{ digest: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
  });

  test('is refused of what somebody changed, and of what the store would not give any more', async () => {
    const before = (await rows()).length;
    const changed = await draft();
    await writeFile(join(changed, 'export.html'), '<p>more</p>');
    const out = join(await folder(), 'copy');
    expect(await release(changed, out, '--by', 'C. Guardian')).toMatchObject({
      code: 1,
      output: expect.stringContaining('make a new one'),
    });
    const old = await draft();
    await say(household, care('gp', MOTHER, { start: ago(15), contact: ago(4) }));
    await household.settle();
    expect((await release(old, out, '--by', 'C. Guardian')).code).toBe(1);
    expect((await release(await draft(), out)).code).toBe(2);
    await expect(readdir(out)).rejects.toThrow('ENOENT');
    expect(await rows()).toHaveLength(before);
  });

  test('where the audit cannot be written nothing is given', async () => {
    const { pool } = household.database;
    const [from, out] = [await draft(), join(await folder(), 'copy')];
    await pool.query('alter table audit add constraint never check (false) not valid');
    const { code } = await release(from, out, '--by', 'C. Guardian');
    await pool.query('alter table audit drop constraint never');
    expect(code).toBe(1);
    await expect(readdir(out)).rejects.toThrow('ENOENT');
  });

  test('is by a person of governance who proves who they are, where people are asked', async () => {
    const pair = newHumanPair('one');
    const who = { sub: '900', organisation: 'RXM', role: 'R8010' };
    const roles = [{ organisation: 'RXM', role: 'R8010', team: 'maternity', may: ['governance'] }];
    const settings = await askingPeople([pair], roles);
    const [from, out] = [await draft(), await folder()];
    const ask = (...more: string[]) =>
      skein(['person', 'export', mother, '--release', from, '--out', out, ...more], settings);
    expect(await ask('--by', 'C. Guardian')).toMatchObject({
      code: 1,
      output: expect.stringContaining('--user FILE'),
    });
    const token = async (more: object) => {
      const file = join(await folder(), 'token');
      await writeFile(file, humanToken(pair, { ...who, ...more }));
      return file;
    };
    expect((await ask('--user', await token({ role: 'R8000' }))).code).toBe(1);
    const done = await ask('--user', await token({}));
    expect(done.code, done.output).toBe(0);
    expect((await rows()).at(-1)).toMatchObject({ human: { subject: '900', organisation: 'RXM' } });
  });
});

describe('byte for byte alike, apart from ids and times, with and without', () => {
  const alike = (text: string) =>
    text
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
      .replaceAll(/"(recorded|timestamp)": "[^"]*"/g, '"$1": "TIME"')
      .replaceAll(/last told us on \d+ \w+ \d{4}/g, 'last told us on DAY');
  const copy = async () => alike((await read(await draft())).all);
  const asOf = (system: string, id: string, label?: string) => {
    const whom = chart(system, MOTHER);
    const spell = episodeOf(whom, system, { id, start: ago(3) });
    const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: label }];
    const contact = contactOf(whom, system, `C-${id}`, ago(2));
    if (label) for (const one of [spell, contact]) Object.assign(one.resource, { meta: { security } });
    return said(system, label ? [whom, contact] : [whom, spell, contact], ago(2));
  };
  const post = (path: string, system: string, body?: object) =>
    household.skein.send(
      'POST',
      path,
      { 'x-skein-system': system, ...(body ? { 'content-type': 'application/fhir+json' } : {}) },
      body && JSON.stringify(body),
    );
  const parameters = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });

  test.each<[string, () => Promise<unknown>]>([
    ['a safety hold', () => post(`/fhir/Patient/${mother}/$place-hold`, 'perinatal')],
    [
      'an instruction for safe contact',
      () =>
        post(
          `/fhir/Patient/${mother}/$safe-contact`,
          'perinatal',
          parameters({ name: 'how', valueCode: 'text' }),
        ),
    ],
    ['care of a sealed kind', () => say(household, asOf('clinic', 'S1'))],
    ['a visit that is very restricted', () => say(household, asOf('perinatal', 'V1', 'V'))],
    ['care of a refuge', () => say(household, asOf('refuge', 'D1'))],
    ['care for drugs and alcohol', () => say(household, asOf('drugs', 'G1'))],
    [
      'a partner whom her service names, and who names her',
      async () => {
        const whom = chart('perinatal', MOTHER);
        await say(household, said('perinatal', [whom, relationOf(whom, MAN, 'DOMPART')], ago(1)));
        const him = chart('dads', MAN);
        await say(
          household,
          said('dads', [him, episodeOf(him, 'dads', { id: 'M1', start: ago(3) })], ago(1)),
        );
      },
    ],
    [
      'a child who lives apart from her',
      async () =>
        post(
          `/fhir/Patient/${await idOf(BABY)}/$set-placement`,
          'visiting',
          parameters({ name: 'placement', valueCode: 'placed' }),
        ),
    ],
    [
      'an adoption',
      async () => {
        const frozen = ['--cause', 'identity-change', '--by', 'A. Reviewer', '--yes'];
        expect((await skein(['number', 'freeze', BABY.nhs, ...frozen])).code).toBe(0);
        expect(await idOf(BABY)).toBe('');
      },
    ],
  ])('%s', async (_thing, happens) => {
    const before = await copy();
    expect(before).toContain('Marchbanks');
    const done = await happens();
    if (done) expect((done as { status: number }).status).toBe(200);
    await household.settle();
    expect(await copy()).toBe(before);
  });
});

test('nobody else’s copy is hers, and a child’s is nobody’s to ask for here', async () => {
  const { output } = await skein(['person', 'export', '--help']);
  expect(output).toContain('no way for a parent to ask about a child');
  const nobody = '00000000-0000-4000-8000-000000000001';
  const out = join(await folder(), 'draft');
  expect((await skein(['person', 'export', nobody, '--draft', '--out', out])).code).toBe(1);
});
