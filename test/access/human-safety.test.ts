/** People who prove who they are, where they speak for somebody's safety: recorded, and two of them to lift a hold. */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { auditEventOf } from '../../src/audit/audit-event.ts';
import { seal } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { findDisclosures } from '../../src/audit/who.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { runCommand } from '../support/command-line.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import {
  askingPeople,
  type HumanParts,
  humanToken,
  ISSUER,
  newHumanPair,
  type Who,
} from '../support/humans.ts';
import { ago, say } from '../support/telling.ts';

const MOTHER = person(941, 'Rosalind', 'Ambleforth', '1993-04-04');
const BABY = person(942, 'Felix', 'Ambleforth', 40);
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  gp: ['gp', 'Y00001', 'fhir-r4'],
};
const NURSE: Who = { sub: '910000000201', organisation: 'RXP', role: 'R8001', name: 'Nora Nurse' };
const LEAD: Who = { sub: '910000000202', organisation: 'RXP', role: 'R8002', name: 'Lena Lead' };
const VISITOR: Who = { sub: '910000000203', organisation: 'RXV', role: 'R8002' };
const ROLES = [
  { organisation: 'RXP', role: 'R8001', team: 'perinatal', may: ['clinician', 'reviewer'] },
  { organisation: 'RXP', role: 'R8002', team: '*', may: ['reviewer'] },
  { organisation: 'RXP', role: 'R8003', team: 'perinatal', may: ['engineer'] },
  { organisation: 'RXV', role: 'R8002', team: 'visiting', may: ['reviewer'] },
];
const pair = newHumanPair('one');

let household: Household;
let settings: Record<string, string>;
let mother = '';
beforeAll(async () => {
  settings = await askingPeople([pair], ROLES);
  household = await gather(SERVICES, settings);
  const family = [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(80) }),
    care('visiting', BABY, { start: ago(30) }),
    care('perinatal', MOTHER, { start: ago(25) }),
  ];
  for (const one of family) await say(household, one);
  await household.settle();
  const number = `&identifier=https://fhir.nhs.uk/Id/nhs-number|${MOTHER.nhs}`;
  mother = (await household.find('Patient', number))[0]?.id ?? '';
}, 60_000);
afterAll(() => household.stop());

const ask = (operation: string, system: string, who?: Who, body?: object, parts?: HumanParts) =>
  household.skein.send(
    'POST',
    `/fhir/${operation.startsWith('$') ? `Patient/${mother}/${operation}` : operation}`,
    {
      'x-skein-system': system,
      ...(body ? { 'content-type': 'application/fhir+json' } : {}),
      ...(who ? { 'x-skein-user': `Bearer ${humanToken(pair, who, parts)}` } : {}),
    },
    body && JSON.stringify(body),
  );
const lastRow = async () => {
  const sql = 'select kind, outcome, interaction, name, human from audit order by id desc limit 1';
  return (await household.database.pool.query(sql)).rows[0];
};
const heldBy = async () => {
  const { output } = await skein('hold', 'list', '--json');
  return JSON.parse(output).held.map(({ person }: { person: string }) => person);
};
const skein = (...args: string[]) => runCommand(args, { DATABASE_URL: household.database.url, ...settings });
const humanOf = ({ sub, role, organisation }: Who) => ({ issuer: ISSUER, subject: sub, role, organisation });
const tokenFile = async (who: Who, parts?: HumanParts): Promise<string> => {
  const path = join(tmpdir(), `skein-test-${who.sub}-${process.pid}.jwt`);
  await writeFile(path, `${humanToken(pair, who, parts)}\n`);
  return path;
};

const CONTACT = { resourceType: 'Parameters', parameter: [{ name: 'how', valueCode: 'text' }] };
const PLACED = {
  resourceType: 'Parameters',
  parameter: [{ name: 'placement', valueCode: 'with-birth-family' }],
};
const consent = () => ({
  resourceType: 'Consent',
  status: 'active',
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'INFA' }] }],
  patient: { reference: `Patient/${mother}` },
  provision: {
    type: 'deny',
    code: [
      { coding: [{ system: 'https://skein.example/fhir/CodeSystem/sharing-category', code: 'content' }] },
    ],
  },
});

test.each([
  ['$place-hold', undefined, 200],
  ['$safe-contact', CONTACT, 200],
  ['$set-placement', PLACED, 200],
  ['Consent', consent, 201],
] as const)(
  '%s records the person who said it, in the audit and in what is kept',
  async (operation, body, status) => {
    const said = typeof body === 'function' ? body() : body;
    expect((await ask(operation, 'perinatal', NURSE, said)).status).toBe(status);
    expect(await lastRow()).toMatchObject({ kind: 'decision', name: 'perinatal', human: humanOf(NURSE) });
    const { rows } = await household.database.pool.query(
      "select convert_from(body, 'UTF8')::jsonb -> 'human' as human from message order by id desc limit 1",
    );
    expect(rows[0].human).toMatchObject({ ...humanOf(NURSE), name: 'Nora Nurse' });
  },
);

test('AuditEvent has the person as a second agent, who asked, and the seal holds over it', async () => {
  const told = (await findDisclosures(household.database.pool, mother, new Date(0))).find(
    ({ way }) => way === 'safe-contact',
  );
  const { agent } = auditEventOf(told as NonNullable<typeof told>, { id: mother, patient: mother });
  expect(agent).toHaveLength(2);
  expect(agent[0]).toMatchObject({ requestor: false });
  expect(agent[1]).toMatchObject({
    who: { identifier: { system: ISSUER, value: NURSE.sub } },
    role: [{ coding: [{ code: 'R8001' }] }],
    requestor: true,
  });
  const { pool, key } = household.database;
  const last = (await pool.query('select max(id)::text as id from audit')).rows[0].id;
  await seal({ db: pool, key }, last);
  expect((await verifyAudit({ db: pool, key })).faults).toEqual([]);
  const text = (await skein('audit', 'who', mother)).output;
  expect(text).toContain(`perinatal (RXP|perinatal) for ${NURSE.sub} as R8001 of RXP`);
  expect(text).not.toContain('Nora');
});

describe('a hold is lifted', () => {
  beforeEach(async () => {
    if (!(await heldBy()).includes(mother))
      expect((await ask('$place-hold', 'perinatal', NURSE)).status).toBe(200);
  });

  test.each<[string, string, Who | undefined, number]>([
    ['nobody: the system alone', 'perinatal', undefined, 403],
    ['a person who is no reviewer', 'perinatal', { ...NURSE, role: 'R8003' }, 403],
    ['the person who placed it', 'perinatal', NURSE, 422],
    ['who does not have her as a patient', 'visiting', VISITOR, 404],
  ])('not by %s', async (_whom, system, who, status) => {
    expect((await ask('$lift-hold', system, who)).status).toBe(status);
    expect(await heldBy()).toContain(mother);
  });

  test('by a second person, whom the audit names, and of nobody who is not held', async () => {
    expect((await ask('$lift-hold', 'perinatal', LEAD)).status).toBe(200);
    expect(await lastRow()).toMatchObject({
      ...{ kind: 'decision', outcome: 'done', interaction: 'hold-lift' },
      ...{ name: 'perinatal', human: humanOf(LEAD) },
    });
    expect(await heldBy()).not.toContain(mother);
    expect((await ask('$lift-hold', 'perinatal', LEAD)).status).toBe(422);
  });

  test('with whoever runs Skein, where a system placed it alone, and then by a reviewer who proves who they are', async () => {
    expect((await ask('$lift-hold', 'perinatal', LEAD)).status).toBe(200);
    expect((await ask('$place-hold', 'perinatal')).status).toBe(200);
    const refused = await ask('$lift-hold', 'perinatal', LEAD);
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      422,
      expect.stringContaining('whoever runs Skein'),
    ]);
    const lift = (...more: string[]) => skein('hold', 'lift', mother, '--by', 'A. Midwife', '--yes', ...more);
    expect(await lift('--reviewed-by', 'B. Lead')).toMatchObject({
      code: 1,
      output: expect.stringContaining('--user FILE'),
    });
    const expired = await tokenFile(LEAD, { claims: { exp: 1 } });
    expect(await lift('--user', expired)).toMatchObject({
      code: 1,
      output: expect.stringContaining('auth doctor'),
    });
    const engineer = await tokenFile({ ...LEAD, role: 'R8003' });
    expect((await lift('--user', engineer)).code).toBe(1);
    expect(await heldBy()).toContain(mother);
    expect((await lift('--user', await tokenFile(LEAD))).code).toBe(0);
    expect(await lastRow()).toMatchObject({
      interaction: 'hold-lift',
      name: 'A. Midwife, Lena Lead',
      human: humanOf(LEAD),
    });
    expect(await heldBy()).not.toContain(mother);
  });
});

describe('skein auth doctor --user', () => {
  const doctor = async (who: Who, parts: HumanParts = {}, ...more: string[]) =>
    skein('auth', 'doctor', await tokenFile(who, parts), '--user', ...more);

  test('says all that is wrong with a token of a person', async () => {
    const { code, output } = await doctor(NURSE, {
      header: { kid: 'two', alg: 'HS256' },
      claims: { aud: 'other', iat: 1, exp: 2, sub: undefined, selected_roleid: 'x' },
    });
    expect(code).toBe(1);
    const codes = output.split('\n').map((line) => line.split(':')[0]);
    expect(codes).toEqual(['alg', 'aud', 'exp-past', 'sub-missing', 'role-missing', '']);
    expect((await doctor(NURSE, { header: { kid: 'two' } })).output).toMatch(/^kid-unknown: /);
    expect((await doctor(NURSE, { as: 'ES384' })).output).toMatch(/^signature: /);
  });

  test('and whether the person acts for the service of a system', async () => {
    expect(await doctor(NURSE)).toMatchObject({
      code: 0,
      output: 'well: R8001 of RXP, who may be clinician, reviewer\n',
    });
    expect((await doctor(NURSE, {}, '--system', 'perinatal')).code).toBe(0);
    for (const [who, system] of [
      [NURSE, 'visiting'],
      [{ ...NURSE, role: 'R1111' }, 'perinatal'],
      [{ ...NURSE, organisation: 'RXV' }, ''],
    ] as const)
      expect((await doctor(who, {}, ...(system ? ['--system', system] : []))).output).toMatch(
        /^organisation: /,
      );
    expect((await doctor(NURSE, {}, '--system', 'nobody')).output).toMatch(/^system: /);
  });

  test('and the doctor of the installation says where nobody proves who they are', async () => {
    expect((await skein('doctor')).output).toContain('people: well');
    const { output } = await runCommand(['doctor'], { DATABASE_URL: household.database.url });
    expect(output).toContain('people: nobody proves who they are');
  });

  test('and that none are taken, where no issuer is configured', async () => {
    const file = await tokenFile(NURSE);
    const { code, output } = await runCommand(['auth', 'doctor', file, '--user'], {
      DATABASE_URL: household.database.url,
    });
    expect([code, output]).toEqual([1, expect.stringMatching(/^not-configured: /)]);
  });
});
