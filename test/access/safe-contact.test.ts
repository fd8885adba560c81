/** How to reach somebody safely: said by who cares for her, and read before any number. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepContact } from '../../src/access/register/duty-contacts.ts';
import { liftHoldOf, sayContactOf } from '../../src/admin/hold.ts';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';
import { ago, say } from '../support/telling.ts';
import { chart, episodeOf, referralOf } from '../support/transactions.ts';

const MOTHER = person(721, 'Imelda', 'Karst', '1992-02-02');
const BABY = person(722, 'Juno', 'Karst', 35);
const PHONE = '07700900456';
const URL = 'https://skein.example/fhir/StructureDefinition/safe-contact';

let household: Household;
let her = '';
const context = () => testContext(household.database);
const post = (path: string, system: string, body: object | string) =>
  household.skein.send(
    'POST',
    path,
    { 'content-type': 'application/fhir+json', 'x-skein-system': system },
    typeof body === 'string' ? body : JSON.stringify(body),
  );
const instruct = (system: string, values: Record<string, object>, id = her) =>
  post(`/fhir/Patient/${id}/$safe-contact`, system, {
    resourceType: 'Parameters',
    parameter: Object.entries(values).map(([name, value]) => ({ name, ...value })),
  });
const read = async (path: string, system: string) =>
  JSON.stringify((await household.skein.get(`/fhir/${path}`, system)).body);
const seen = (system: string) => read(`Patient/${her}`, system);
/** The instruction is there, and no number comes before it. */
const isFirst = (text: string) => {
  const [instruction, number] = [text.indexOf(URL), text.indexOf(PHONE)];
  return instruction >= 0 && (number < 0 || instruction < number);
};
const WHEN = { from: { valueTime: '09:00' }, to: { valueTime: '15:00:00' }, days: { valueCode: 'weekdays' } };

beforeAll(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    adult: ['adult-services', 'RXD', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    hub: ['family-hub', 'LA1', 'fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
    cmht: ['cmht', 'RXC', 'fhir-r4'],
    camhs: ['camhs-0-5', 'RXA', 'fhir-r4'],
    refuge: ['third-sector-domestic-abuse', 'C003', 'fhir-r4'],
  });
  const reached = {
    telecom: [{ system: 'phone', value: PHONE }],
    address: [{ line: ['1 Quarry Row'], text: 'the blue door' }],
  };
  const whom = chart('perinatal', MOTHER, reached);
  const asking = chart('gp', MOTHER, reached);
  const asked = { id: 'R-1', from: household.serviceOf('gp'), to: household.serviceOf('cmht') };
  for (const send of [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(80) }),
    said('perinatal', [whom, episodeOf(whom, 'perinatal', { id: 'E-1', start: ago(30) })], ago(30)),
    care('adult', MOTHER, { start: ago(25) }),
    care('visiting', BABY, { start: ago(20) }),
    care('camhs', BABY, { start: ago(20) }),
    care('hub', MOTHER, { start: ago(15) }),
    said('gp', [asking, referralOf(asking, asked, ago(4))], ago(4)),
  ])
    await say(household, send);
  await household.settle();
  her =
    (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${MOTHER.nhs}`))[0]?.id ??
    '';
}, 60_000);
afterAll(() => household.stop());

test('while nobody has said how, no number and no address is told, but by a referral to whom it asks', async () => {
  for (const system of ['adult', 'visiting', 'hub', 'camhs'])
    expect(await seen(system)).not.toMatch(/07700900456|Quarry/);
  expect(await seen('cmht')).toContain(PHONE);
});

test('it is said by statutory health with open care of her, in codes and one name', async () => {
  const how = { how: { valueCode: 'phone' } };
  expect((await instruct('hub', how)).status).toBe(403);
  expect((await instruct('refuge', how)).status).toBe(403);
  const unknown = await instruct('visiting', how, '00000000-0000-4000-8000-000000000001');
  for (const system of ['visiting', 'cmht', 'gp']) {
    const refused = await instruct(system, how);
    expect([refused.status, refused.body]).toEqual([404, unknown.body]);
  }
  const wrong: Record<string, object>[] = [
    {},
    { how: { valueCode: 'pigeon' } },
    { ...how, note: { valueString: 'he works nights' } },
    { ...how, name: { valueString: 'Sam 07700900999' } },
    { ...how, from: { valueTime: '09:00' } },
    { ...how, voicemail: { valueString: 'yes' } },
  ];
  for (const values of wrong) {
    const { status, body } = await instruct('perinatal', values);
    expect(status, JSON.stringify(values)).toBe(422);
    expect(JSON.stringify(body)).not.toMatch(/works nights|07700900999/);
  }
  expect((await post(`/fhir/Patient/${her}/$safe-contact`, 'perinatal', { parameter: 1 })).status).toBe(400);
  expect(await seen('perinatal')).not.toContain(URL);
});

test('then it comes before any number, to each as far as the table lets it know', async () => {
  const { pool } = household.database;
  await keepContact(pool, household.serviceOf('perinatal'), {
    ...{ phone: '01632 960111', hours: '24/7', confirmed: ago(0) },
  });
  const heard = household.told('adult').length;
  const values = {
    how: { valueCode: 'phone' },
    ...WHEN,
    voicemail: { valueBoolean: false },
    name: { valueString: 'Mel' },
  };
  expect((await instruct('perinatal', values)).status).toBe(200);
  for (const system of ['perinatal', 'adult']) {
    expect(isFirst(await seen(system)), system).toBe(true);
    expect(await seen(system)).toMatch(/07700900456.*Quarry|Quarry.*07700900456/);
  }
  expect(await seen('adult')).not.toContain('blue door');
  expect(await seen('adult')).toContain('01632 960111');
  // S: the instruction and the team route.
  for (const system of ['hub', 'visiting', 'camhs']) {
    const text = await seen(system);
    if (system === 'hub') expect(text).toContain(URL);
    expect(text).not.toMatch(/07700900456|Quarry/);
  }
  // Who is asked to see her reads it first.
  expect(isFirst(await seen('cmht'))).toBe(true);
  expect(await seen('cmht')).toContain(PHONE);
  for (const part of ['_elements=telecom', '_summary=true'])
    expect(isFirst(await read(`Patient/${her}?${part}`, 'adult')), part).toBe(true);
  const [group] = await household.find('Group', '', 'adult');
  const journey = await read(`Group/${group?.id}/$journey`, 'adult');
  expect(journey).toContain(
    'Imelda Karst: by phone, on weekdays, 09:00 to 15:00, no voicemail, no letters, ask for Mel',
  );
  expect(journey.indexOf('by phone, on weekdays')).toBeLessThan(journey.indexOf('Duty contact'));
  await household.settle();
  expect(household.told('adult').slice(heard)).toContain('episode-changed');
});

test('by way of her infant it is told as the table says, and to nobody while she is held', async () => {
  const level = { visiting: true, camhs: true };
  for (const system of Object.keys(level)) expect((await seen(system)).includes(URL), system).toBe(true);
  await post(`/fhir/Patient/${her}/$place-hold`, 'adult', '');
  for (const system of ['visiting', 'camhs']) expect(await seen(system)).not.toMatch(/safe-contact|Imelda/);
  for (const system of ['adult', 'cmht']) {
    expect(await seen(system)).toContain(URL);
    expect(await seen(system)).not.toMatch(/07700900456|Quarry/);
  }
  expect(await seen('perinatal')).toContain(PHONE);
  await liftHoldOf(context(), her, { by: 'A. Midwife', reviewedBy: 'B. Lead' });
  expect(await seen('adult')).toContain(PHONE);
});

test('the last word stands, and to reach nobody directly releases nothing', async () => {
  await sayContactOf(context(), her, { how: 'none', by: 'An Operator' });
  expect(await seen('adult')).toContain('"valueCode":"none"');
  expect(await seen('adult')).not.toMatch(/07700900456|Quarry|Mel/);
  // Nor in what was so before.
  expect(await read(`Patient/${her}/_history`, 'adult')).not.toMatch(/07700900456|Quarry|Mel"/);
  expect(await seen('perinatal')).toContain(PHONE);
});
