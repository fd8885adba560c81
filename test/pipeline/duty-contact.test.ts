/** How a team on duty is reached: said by the service over the API, or by an operator on the command line. */
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { keyedId } from '../../src/fhir/ids.ts';
import { readHours, writeHours } from '../../src/fhir/opening-hours.ts';
import { DUTY_CONTACT } from '../../src/web/examples.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';
import { ago } from '../support/roll.ts';
import { startSkein } from '../support/skein.ts';

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
const pathOf = (team: string) => `/fhir/HealthcareService/${keyedId(database.key, 'service', 'RXX', team)}`;

beforeAll(async () => {
  database = await testDatabase();
  for (const name of ['perinatal', 'maternity'])
    await addSystem(database.pool, database.key, {
      ...{ name, ods: 'RXX', team: name, kind: null, source: 'fhir-r4' },
      sector: name === 'maternity' ? name : 'specialist-perinatal',
    });
  skein = await startSkein(database);
  return () => skein.stop();
});

const put = (team: string, system: string | undefined, body: object) =>
  skein.send(
    'PUT',
    pathOf(team),
    { 'content-type': 'application/fhir+json', ...(system ? { 'x-skein-system': system } : {}) },
    JSON.stringify(body),
  );

test('a service says its own number, which is confirmed by saying so, and reads it back', async () => {
  const { status, body } = await put('perinatal', 'perinatal', DUTY_CONTACT);
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body).toMatchObject({
    telecom: [{ system: 'phone', value: '01632 960130', extension: [{ valueDate: ago(0) }] }],
    availableTime: DUTY_CONTACT.availableTime,
    type: [{ coding: [{ code: 'specialist-perinatal' }] }],
  });
  const read = await skein.get(pathOf('perinatal'), 'perinatal');
  expect(read.body).toEqual(body);
  expect((await put('perinatal', undefined, read.body)).body).toEqual(body);
});

test('another’s service is answered like one that does not exist', async () => {
  await put('perinatal', 'perinatal', DUTY_CONTACT);
  expect((await put('perinatal', 'maternity', DUTY_CONTACT)).status).toBe(404);
  const [hidden, none] = [
    await skein.get(pathOf('perinatal'), 'maternity'),
    await skein.get(pathOf('x'), 'maternity'),
  ];
  expect([hidden.status, hidden.body]).toEqual([404, none.body]);
  const organization = await skein.get(
    pathOf('perinatal').replace('HealthcareService', 'Organization'),
    'maternity',
  );
  expect(organization.status).toBe(200);
  expect(JSON.stringify(organization.body)).not.toContain('960130');
});

test.each([
  [{ telecom: [{ system: 'email', value: 'a@b.example' }] }],
  [{ telecom: [{ system: 'phone', value: 'ask for Sam' }] }],
  [{ telecom: [{ system: 'phone', value: '+1 202 555 0100' }] }],
  [{ telecom: [...DUTY_CONTACT.telecom, ...DUTY_CONTACT.telecom] }],
  [{ telecom: 5 }],
  [{ availableTime: [{ daysOfWeek: ['mon'], availableStartTime: 'nine' }] }],
  [{ availableTime: [] }],
  [{ comment: 'ask for Sam' }],
])('what is no duty contact is refused: %j', async (wrong) => {
  expect((await put('maternity', 'maternity', { ...DUTY_CONTACT, ...wrong })).status).toBe(422);
  expect((await skein.get(pathOf('maternity'), 'maternity')).body.telecom).toBeUndefined();
});

test('an operator says it on the command line, where it is checked as well', async () => {
  const service = async (...args: string[]) => {
    const program = runProgram(['bin/skein.js', 'service', 'set', ...args], { DATABASE_URL: database.url });
    onTestFinished(() => void program);
    return { code: await program.exit(), output: program.output() };
  };
  const rest = ['--duty-hours', 'Mo-Fr 08:00-18:00; Sa 10:00-12:00'];
  const good = ['--duty-phone', '+44 1632 960131', ...rest, '--confirmed', ago(100)];
  expect(await service('RXX|maternity', ...good)).toEqual({
    code: 0,
    output: `RXX maternity: +44 1632 960131, Mo-Fr 08:00-18:00; Sa 10:00-12:00, confirmed ${ago(100)}\n`,
  });
  const tomorrow = ['--duty-phone', '01632 960131', ...rest, '--confirmed', ago(-1)];
  expect((await service('maternity', ...tomorrow)).output).toContain('confirmed is the day');
  expect((await service('nobody', ...good)).output).toContain('no registered service "nobody"');
  expect((await service('maternity', '--duty-phone', '1')).code).toBe(2);
  // Known here within the five seconds for which registrations are remembered.
  await expect
    .poll(async () => (await skein.get(pathOf('maternity'), 'maternity')).body.telecom, { timeout: 8_000 })
    .toMatchObject([{ value: '+44 1632 960131', extension: [{}, { valueBoolean: true }] }]);
}, 60_000);

test.each([
  ['Mo-Fr 09:00-17:00'],
  ['Mo-Fr 09:00-17:00; Sa 10:00-12:00'],
  ['Mo,We-Fr 09:00-24:00'],
  ['Mo-Su 00:00-12:00'],
  ['Sa-Su 22:00-06:00'],
  ['24/7'],
])('hours are the same in FHIR and back: %s', (hours) => {
  expect(writeHours(readHours(hours) ?? [])).toBe(hours);
});

test.each([
  ['', 'weekdays', 'Mo-Fr', 'Fr-Mo 09:00-17:00', 'Mo 25:00-26:00', 'Mo 09:00-09:00', 'Mo 09:00-17:00 Sam'],
])('hours in other words are none', (...all) => {
  expect(all.flatMap((hours) => readHours(hours) ?? [])).toEqual([]);
});
