/**
 * Breaking glass, over the real interfaces: a person of a statutory health service reads of one other person in an
 * emergency, for some hours, alone, and is reviewed.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freezeNumber } from '../../src/pipeline/numbers.ts';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { runCommand } from '../support/command-line.ts';
import { testContext } from '../support/context.ts';
import { type Found, gather, type Household, type Send, type Services } from '../support/household.ts';
import { askingPeople, humanToken, ISSUER, newHumanPair, type Who } from '../support/humans.ts';
import { SERVED } from '../support/served.ts';
import { ago, say } from '../support/telling.ts';
import { chart, contactOf, episodeOf, NHS_NUMBER, relationOf, type Said } from '../support/transactions.ts';

const MOTHER = person(951, 'Isolde', 'Farthingale', '1991-05-06');
const BABY = person(952, 'Ned', 'Farthingale', 40);
const PARTNER = person(954, 'Ambrose', 'Farthingale', '1989-01-02');
const OTHER = person(953, 'Winifred', 'Farthingale', '1991-05-06');
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  adult: ['adult-services', 'RXD', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  clinic: ['maternity', 'RXR', 'fhir-r4', 'reproductive-health'],
  hub: ['family-hub', 'LA1', 'fhir-r4'],
};
const DOCTOR: Who = { sub: '910000000301', organisation: 'RXD', role: 'R8000', name: 'Dora Doctor' };
const COLLEAGUE: Who = { ...DOCTOR, sub: '910000000302' };
const CLERK: Who = { ...DOCTOR, sub: '910000000303', role: 'R8009' };
const VISITOR: Who = { sub: '910000000304', organisation: 'RXV', role: 'R8000' };
const NURSE: Who = { sub: '910000000307', organisation: 'RXP', role: 'R8000' };
const HELPER: Who = { sub: '910000000305', organisation: 'LA1', role: 'R8000' };
const GUARDIAN: Who = { sub: '910000000306', organisation: 'RXD', role: 'R8010', name: 'Gwen Guardian' };
const ROLES = [
  { organisation: 'RXD', role: 'R8000', team: 'adult', may: ['clinician', 'governance'] },
  { organisation: 'RXD', role: 'R8009', team: 'adult', may: ['operator', 'engineer', 'reviewer'] },
  { organisation: 'RXD', role: 'R8010', team: 'adult', may: ['governance'] },
  { organisation: 'RXV', role: 'R8000', team: '*', may: ['clinician'] },
  { organisation: 'RXP', role: 'R8000', team: 'perinatal', may: ['clinician'] },
  { organisation: 'LA1', role: 'R8000', team: 'hub', may: ['clinician'] },
];
const pair = newHumanPair('one');
const PHONE = '07700900333';
const STREET = '3 Private Walk';
const REASON = 'Found-unconscious-Canary';

/** How perinatal writes her down: where she lives, and whom it met. */
function hers(): Send {
  const whom = chart('perinatal', MOTHER, {
    telecom: [{ system: 'phone', value: PHONE }],
    address: [{ line: [STREET], postalCode: 'ZZ99 3WZ' }],
  });
  const spell = episodeOf(whom, 'perinatal', { id: 'E-perinatal', start: ago(30) });
  return said('perinatal', [whom, spell, contactOf(whom, 'perinatal', 'MET', ago(20))], ago(20));
}
const FAMILY: Send[] = [
  ward(BABY, { mother: MOTHER.nhs }),
  ward(MOTHER, { event: 'A28', day: ago(80) }),
  care('visiting', BABY, { start: ago(30) }),
  hers(),
  care('clinic', MOTHER, { start: ago(15) }),
];

let household: Household;
let settings: Record<string, string>;
let mother = '';
beforeEach(async () => {
  settings = await askingPeople([pair], ROLES);
  household = await gather(SERVICES, settings);
  await send(...FAMILY);
  mother = await idOf(MOTHER);
}, 60_000);
afterEach(() => household.stop());

async function send(...messages: Send[]): Promise<void> {
  for (const one of messages) {
    await say(household, one);
    await household.settle();
  }
}
const idOf = async ({ nhs }: { nhs: string }): Promise<string> =>
  (await household.find('Patient', `&identifier=${NHS_NUMBER}|${nhs}`))[0]?.id ?? '';
const headersOf = (system: string, who?: Who) => ({
  'x-skein-system': system,
  ...(who ? { 'x-skein-user': `Bearer ${humanToken(pair, who)}` } : {}),
});
const get = (path: string, who?: Who, system = 'adult') =>
  household.skein.send('GET', `/fhir/${path}`, headersOf(system, who));
const entries = async (path: string, who?: Who, system = 'adult'): Promise<Found[]> => {
  const { entry = [] } = (await get(path, who, system)).body as { entry?: { resource: Found }[] };
  return entry.map(({ resource }) => resource);
};
const all = async (who?: Who, system = 'adult'): Promise<Found[]> =>
  (await Promise.all(SERVED.map((type) => entries(`${type}?_count=100`, who, system)))).flat();

type Parameter = Record<string, unknown> & { name: string };
const reason = { name: 'reason', valueString: REASON };
const breaking = (who: Who | undefined, more: Parameter[] = [], id = mother, system = 'adult') =>
  household.skein.send(
    'POST',
    `/fhir/Patient/${id ? `${id}/` : ''}$break-glass`,
    { ...headersOf(system, who), 'content-type': 'application/fhir+json' },
    JSON.stringify({ resourceType: 'Parameters', parameter: [reason, ...more] }),
  );
const byDemographics = ({ nhs, born, given }: { nhs: string; born: string; given: string }): Parameter[] => [
  { name: 'identifier', valueIdentifier: { system: NHS_NUMBER, value: nhs } },
  { name: 'birthDate', valueDate: born },
  { name: 'given', valueString: given },
];
const skein = (...args: string[]) => runCommand(args, { DATABASE_URL: household.database.url, ...settings });
const query = async (sql: string, values: unknown[] = []) =>
  (await household.database.pool.query(sql, values)).rows;

test('a clinician reads of the person at the next request, a summary, alone, and until it expires', async () => {
  expect((await get(`Patient/${mother}`, DOCTOR)).status).toBe(404);
  const before = await all(DOCTOR);
  const broken = await breaking(DOCTOR);
  expect(broken.status, JSON.stringify(broken.body)).toBe(200);
  const [patient, until] = broken.body.parameter as { valueReference?: object; valueInstant?: string }[];
  expect(patient?.valueReference).toEqual({ reference: `Patient/${mother}` });
  const hours = (Date.parse(until?.valueInstant ?? '') - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(3.9);
  expect(hours).toBeLessThan(4);

  const read = await get(`Patient/${mother}`, DOCTOR);
  expect(read.body).toMatchObject({ name: [{ given: ['Isolde'] }], birthDate: MOTHER.born });
  const shown = await all(DOCTOR);
  const types = new Set(shown.map(({ resourceType }) => resourceType));
  for (const type of ['Patient', 'EpisodeOfCare', 'Encounter', 'CareTeam']) expect(types).toContain(type);
  const text = JSON.stringify([read.body, shown]);
  for (const hidden of [PHONE, STREET, MOTHER.nhs, BABY.given]) expect(text).not.toContain(hidden);
  expect(await entries(`EpisodeOfCare?patient=${mother}`, DOCTOR)).not.toEqual([]);
  expect((await get(`Patient/${mother}/_history`, DOCTOR)).status).toBe(200);

  // Of nobody else, and to nobody else: not to the system alone, nor a colleague, nor in another role.
  expect((await get(`Patient/${await idOf(BABY)}`, DOCTOR)).status).toBe(404);
  for (const who of [undefined, COLLEAGUE, { ...DOCTOR, role: 'R8009' }]) {
    expect((await get(`Patient/${mother}`, who)).status).toBe(404);
    expect(await all(who)).toEqual(before);
  }
  await query("update glass set expires_at = now() - interval '1 second'");
  expect((await get(`Patient/${mother}`, DOCTOR)).status).toBe(404);
  expect(await all(DOCTOR)).toEqual(before);
});

test('what another way shows besides is not raised any more when it has expired', async () => {
  const contacts = () => entries(`Encounter?patient=${mother}`, VISITOR, 'visiting');
  expect((await get(`Patient/${mother}`, VISITOR, 'visiting')).status).toBe(200);
  expect(await contacts()).toEqual([]);
  await breaking(VISITOR, [], mother, 'visiting');
  expect(await contacts()).toHaveLength(1);
  await query("update glass set expires_at = now() - interval '1 second'");
  expect(await contacts()).toEqual([]);
});

describe('glass is broken by nobody else', () => {
  test.each<[string, string, Who | undefined]>([
    ['a system alone', 'adult', undefined],
    ['somebody who is no clinician', 'adult', CLERK],
    ['governance', 'adult', GUARDIAN],
    ['a clinician at a hub', 'hub', HELPER],
    ['a clinician at another organisation’s system', 'perinatal', DOCTOR],
  ])('%s', async (_who, system, who) => {
    for (const id of [mother, '00000000-0000-4000-8000-000000000000'])
      expect((await breaking(who, [], id, system)).status).toBe(403);
    expect(await query('select from glass')).toEqual([]);
  });
});

test.each<[string, Parameter[]]>([
  ['more than a day', [{ name: 'hours', valueInteger: 25 }]],
  ['no time at all', [{ name: 'hours', valueInteger: 0 }]],
  ['a reason twice', [reason]],
  ['half of who is meant', [{ name: 'given', valueString: 'Isolde' }]],
  ['a parameter that is none', [{ name: 'colour', valueString: 'red' }]],
])('it is refused for %s', async (_what, more) => {
  expect((await breaking(DOCTOR, more)).status).toBe(422);
  expect(await query('select from glass_attempt')).toEqual([]);
});

test('it is refused without a reason, and lasts as long as is asked, a day at most', async () => {
  const empty = JSON.stringify({ resourceType: 'Parameters', parameter: [{ ...reason, valueString: '  ' }] });
  for (const body of [empty, '{"resourceType":"Parameters","parameter":[]}']) {
    const headers = { ...headersOf('adult', DOCTOR), 'content-type': 'application/fhir+json' };
    const path = `/fhir/Patient/${mother}/$break-glass`;
    expect((await household.skein.send('POST', path, headers, body)).status).toBe(422);
  }
  expect((await breaking(DOCTOR, [{ name: 'hours', valueInteger: 24 }])).status).toBe(200);
  const [{ hours }] = await query(
    'select extract(epoch from expires_at - at)::int / 3600 as hours from glass',
  );
  expect(hours).toBe(24);
});

test('who has no id is found by number, birth date and given name, all exactly, and ten times in an hour', async () => {
  expect((await breaking(DOCTOR, byDemographics(MOTHER), mother)).status).toBe(422);
  const unknown = await breaking(DOCTOR, byDemographics(OTHER), '');
  expect(unknown.status).toBe(404);
  for (const wrong of [{ nhs: BABY.nhs }, { born: '1991-06-05' }, { given: 'Isa' }])
    expect((await breaking(DOCTOR, byDemographics({ ...MOTHER, ...wrong }), '')).body).toEqual(unknown.body);
  expect((await breaking(DOCTOR, [], '00000000-0000-4000-8000-000000000000')).body).toEqual(unknown.body);
  const found = await breaking(DOCTOR, byDemographics({ ...MOTHER, given: 'isolde' }), '');
  expect([found.status, JSON.stringify(found.body)]).toEqual([200, expect.stringContaining(mother)]);
  for (let tries = 6; tries < 10; tries++) await breaking(DOCTOR, byDemographics(OTHER), '');
  const many = await breaking(DOCTOR, byDemographics(MOTHER), '');
  expect([many.status, many.headers.get('retry-after')]).toEqual([429, '3600']);
  const [row] = await query('select kind, outcome, human from audit order by id desc limit 1');
  expect(row).toMatchObject({ kind: 'refusal', outcome: '429', human: { subject: DOCTOR.sub } });
  expect((await breaking(COLLEAGUE, byDemographics(MOTHER), '')).status).toBe(200);
  await query("update glass_attempt set at = at - interval '61 minutes'");
  expect((await breaking(DOCTOR, byDemographics(MOTHER), '')).status).toBe(200);
});

test('a number that is only claimed finds nobody', async () => {
  const claimed = { ...OTHER, verified: false };
  await send(said('perinatal', [chart('perinatal', claimed)], ago(5)));
  expect((await breaking(DOCTOR, byDemographics(OTHER), '')).status).toBe(404);
});

test('subscriptions hear nothing of it, nor reads of what was to be told', async () => {
  const before = [household.posts('adult').length, household.told('adult')];
  await breaking(DOCTOR, [{ name: 'hours', valueInteger: 24 }]);
  await send(care('perinatal', MOTHER, { start: ago(30), contact: ago(2), planned: ago(-5) }));
  expect([household.posts('adult').length, household.told('adult')]).toEqual(before);
  const id = household.subscriptions.get('adult');
  const { body } = await get(`Subscription/${id}/$events`, DOCTOR);
  expect(JSON.stringify(body)).not.toContain(mother);
});

describe('it never opens', () => {
  test('care of a sealed kind, nor who is known by that alone', async () => {
    await breaking(DOCTOR);
    const clinic = household.serviceOf('clinic');
    expect(JSON.stringify(await all(DOCTOR))).not.toContain(clinic);
    expect(await entries(`EpisodeOfCare?patient=${mother}`, DOCTOR)).toHaveLength(1);
    await send(care('clinic', OTHER, { start: ago(10) }));
    expect((await breaking(DOCTOR, byDemographics(OTHER), '')).status).toBe(404);
  });

  test('what is labelled restricted or very restricted', async () => {
    for (const code of ['R', 'V']) {
      const whom = chart('perinatal', MOTHER);
      const spell = episodeOf(whom, 'perinatal', { id: 'E-perinatal', start: ago(30) });
      const met = contactOf(whom, 'perinatal', 'MET', ago(20));
      const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code }];
      for (const one of [spell, met] as Said[]) Object.assign(one.resource, { meta: { security } });
      await send(said('perinatal', [whom, spell, met], code === 'R' ? ago(10) : ago(9)));
      await breaking(DOCTOR);
      for (const type of ['EpisodeOfCare', 'Encounter'])
        expect(await entries(`${type}?patient=${mother}`, DOCTOR), code).toEqual([]);
    }
  });

  test('where somebody is who is held, or which care goes on', async () => {
    await household.skein.send('POST', `/fhir/Patient/${mother}/$place-hold`, headersOf('perinatal'));
    expect((await breaking(DOCTOR)).status).toBe(200);
    const shown = await all(DOCTOR);
    expect(shown.map(({ resourceType }) => resourceType)).toContain('EpisodeOfCare');
    const text = JSON.stringify([shown, (await get(`Patient/${mother}`, DOCTOR)).body]);
    expect(text).toContain('Isolde');
    for (const hidden of [
      PHONE,
      STREET,
      household.serviceOf('perinatal'),
      household.serviceOf('maternity'),
      'hold',
    ])
      expect(text).not.toContain(hidden);
  });

  test('what a person is to somebody whom the reader knows: a hold parts them as before', async () => {
    await household.skein.send('POST', `/fhir/Patient/${mother}/$place-hold`, headersOf('perinatal'));
    await expectApart({ who: VISITOR, system: 'visiting', id: mother, given: 'Isolde' });
  });

  test('nor a partner, who is shown alone to her service', async () => {
    await send(care('adult', PARTNER, { start: ago(12) }));
    const whom = chart('perinatal', MOTHER);
    await send(said('perinatal', [whom, relationOf(whom, PARTNER, 'DOMPART')], ago(5)));
    const id = await idOf(PARTNER);
    await expectApart({ who: NURSE, system: 'perinatal', id, given: 'Ambrose' });
  });

  /** What was seen before is as it was, and what comes by the glass names nobody of it, and no journey. */
  async function expectApart(by: { who: Who; system: string; id: string; given: string }): Promise<void> {
    const { who, system, id, given } = by;
    const before = await all(who, system);
    const relations = (found: Found[]) =>
      found.filter(({ resourceType }) => resourceType === 'RelatedPerson');
    expect((await breaking(who, [], id, system)).status).toBe(200);
    const shown = await all(who, system);
    expect(relations(shown)).toEqual(relations(before));
    for (const one of before) expect(shown).toContainEqual(one);
    const known = new Set(before.map((one) => one.id));
    const came = JSON.stringify(shown.filter((one) => !known.has(one.id)));
    expect(came).toContain(given);
    for (const one of known) expect(came).not.toContain(one);
  }

  test('an identity that was changed', async () => {
    await breaking(DOCTOR);
    await freezeNumber(testContext(household.database), MOTHER.nhs, {
      by: 'A. Reviewer',
      cause: 'identity-change',
    });
    await household.settle();
    expect((await get(`Patient/${mother}`, DOCTOR)).status).toBe(404);
    for (const [more, id] of [
      [[], mother],
      [byDemographics(MOTHER), ''],
    ] as const)
      expect((await breaking(DOCTOR, [...more], id)).status).toBe(404);
  });

  test('what the person refused', async () => {
    const coding = (system: string, code: string) => ({ coding: [{ system, code }] });
    const consent = {
      ...{ resourceType: 'Consent', status: 'active', patient: { reference: `Patient/${mother}` } },
      scope: coding('http://terminology.hl7.org/CodeSystem/consentscope', 'patient-privacy'),
      category: [coding('http://terminology.hl7.org/CodeSystem/v3-ActCode', 'INFA')],
      provision: {
        type: 'deny',
        code: [coding('https://skein.example/fhir/CodeSystem/sharing-category', 'ENC')],
      },
    };
    const headers = { ...headersOf('perinatal'), 'content-type': 'application/fhir+json' };
    expect(
      (await household.skein.send('POST', '/fhir/Consent', headers, JSON.stringify(consent))).status,
    ).toBe(201);
    await breaking(DOCTOR);
    expect(await entries(`Encounter?patient=${mother}`, DOCTOR)).toEqual([]);
    expect(await entries(`EpisodeOfCare?patient=${mother}`, DOCTOR)).not.toEqual([]);
  });
});

test('each time is a row of the audit, without the reason, and is reviewed by somebody else', async () => {
  await breaking(DOCTOR);
  const rows = await query("select kind, name, persons, human from audit where interaction = 'break-glass'");
  const human = { issuer: ISSUER, subject: DOCTOR.sub, role: 'R8000', organisation: 'RXD' };
  expect(rows).toEqual([{ kind: 'decision', name: 'adult', persons: [mother], human }]);
  expect(JSON.stringify(await query('select * from audit'))).not.toContain(REASON);
  await get(`Patient/${mother}`, DOCTOR);
  const { output } = await skein('glass', 'list', '--json');
  const [item] = JSON.parse(output).items;
  expect(item).toMatchObject({
    person: mother,
    service: 'RXD|adult',
    reason: REASON,
    reads: 1,
    overdue: false,
  });
  expect((await skein('glass', 'list')).output).toContain('to be reviewed');

  const review = (...args: string[]) => skein('glass', 'review', item.id, ...args);
  expect((await review('--by', 'dora doctor', '--verdict', 'justified')).code).toBe(1);
  expect((await review('--by', 'Gwen Guardian', '--verdict', 'fine')).code).toBe(2);
  expect((await review('--verdict', 'justified')).code).toBe(2);
  expect((await review('--by', 'Gwen Guardian', '--verdict', 'justified')).code).toBe(0);
  expect((await review('--by', 'Gwen Guardian', '--verdict', 'unjustified')).code).toBe(1);
  expect((await skein('glass', 'list')).output).toBe('nothing is to be reviewed\n');
  expect((await skein('glass', 'list', '--all')).output).toContain('justified, by Gwen Guardian');
  const [last] = await query("select name, outcome from audit where interaction = 'glass-review'");
  expect(last).toEqual({ name: 'Gwen Guardian', outcome: 'justified' });
  expect((await skein('audit', 'who', mother)).output).toContain('break-glass');
});

test('a reviewer may prove who they are: governance, and not the one who did it', async () => {
  const { writeFile } = await import('node:fs/promises');
  const file = async (who: Who) => {
    const path = `${settings.HUMAN_ROLES}-${who.sub}.jwt`;
    await writeFile(path, humanToken(pair, who));
    return path;
  };
  const { body } = await breaking(DOCTOR);
  const id = (body.parameter as { name: string; valueId?: string }[]).find(
    ({ name }) => name === 'review',
  )?.valueId;
  const review = async (who: Who) =>
    (await skein('glass', 'review', String(id), '--user', await file(who), '--verdict', 'justified')).code;
  expect(await review(CLERK)).toBe(1);
  expect(await review(DOCTOR)).toBe(1);
  expect(await review(GUARDIAN)).toBe(0);
});

test('a review that waits longer than a working day is said by the doctor and counted', async () => {
  await breaking(DOCTOR);
  const said = async () => [
    (await skein('doctor')).output,
    (await household.skein.get('/metrics')).body.text,
  ];
  const [well, none] = await said();
  expect([well, none]).toEqual([
    expect.stringContaining('glass: well'),
    expect.stringContaining('skein_glass_reviews_overdue 0'),
  ]);
  await query("update glass set at = at - interval '5 days'");
  const [late, one] = await said();
  expect([late, one]).toEqual([
    expect.stringContaining('glass: 1 times'),
    expect.stringContaining('skein_glass_reviews_overdue 1'),
  ]);
});
