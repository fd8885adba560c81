/** Waits of a service, asked by itself, by a commissioner, by another service and by the operator. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gather, type Household } from '../support/household.ts';
import { runProgram } from '../support/process.ts';
import { nhsNumber } from '../support/records.ts';
import { ago } from '../support/roll.ts';
import { chart, episodeOf, referralOf, transactionOf } from '../support/transactions.ts';

let family: Household;
const PERIOD = '2025-Q3';

beforeAll(async () => {
  family = await gather({
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    board: ['commissioner', 'QXX', 'fhir-r4'],
    nobody: [null, 'RXN', 'fhir-r4'],
  });
  const people = Array.from({ length: 12 }, (_, n) => ({
    ...{ nhs: nhsNumber(1_100 + n), given: 'Isolde', family: `Wade${n}`, born: '1993-03-03', local: `W${n}` },
  }));
  const [from, to] = [family.serviceOf('visiting'), family.serviceOf('perinatal')];
  const refer = people.flatMap((who) => {
    const whom = chart('visiting', who);
    return [whom, referralOf(whom, { id: `R-${who.local}`, from, to }, '2025-07-01')];
  });
  // Eight of them are taken on, each a day after the one before.
  const begin = people.slice(0, 8).flatMap((who, n) => {
    const whom = chart('perinatal', who);
    const start = `2025-07-1${n}`;
    return [whom, episodeOf(whom, 'perinatal', { id: `E-${who.local}`, start, referral: `R-${who.local}` })];
  });
  for (const [system, said] of [['visiting', refer] as const, ['perinatal', begin] as const]) {
    const { status, body } = await family.skein.transaction(
      transactionOf(said, '2025-07-20T10:00:00Z'),
      system,
    );
    expect(status, JSON.stringify(body)).toBe(200);
  }
}, 120_000);
afterAll(() => family.stop());

const read = async (system?: string, query = `?period=${PERIOD}`) => {
  const { status, body } = await family.skein.get(`/waits${query}`, system);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as unknown as { services: Record<string, unknown>[]; period: object };
};
const OWN = () => ({
  service: family.serviceOf('perinatal'),
  referrals: { sent: 10, accepted: 5, refused: null, careBegun: 5, open: null },
  daysToAccepted: { median: 12, ninetieth: 16, longest: 16 },
  daysToCareBegun: { median: 12, ninetieth: 16, longest: 16 },
  daysOpen: null,
});

test('a service reads its own waits, and nothing of another’s, which is answered like none', async () => {
  expect((await read('perinatal')).services).toEqual([expect.objectContaining(OWN())]);
  expect((await read('camhs')).services).toHaveLength(1);
  const nobodys = '00000000-0000-4000-8000-000000000000';
  const [hidden, none] = [
    await read('camhs', `?period=${PERIOD}&service=${family.serviceOf('perinatal')}`),
    await read('camhs', `?period=${PERIOD}&service=${nobodys}`),
  ];
  expect(hidden).toEqual(none);
  expect(hidden.services).toEqual([]);
  expect((await read('nobody')).services).toEqual([]);
});

test('a commissioner reads those of all services, of quarters that are over', async () => {
  const { services } = await read('board');
  expect(services).toContainEqual(expect.objectContaining(OWN()));
  expect(services.length).toBeGreaterThan(2);
  const quarter = `${ago(0).slice(0, 4)}-Q${Math.ceil(Number(ago(0).slice(5, 7)) / 3)}`;
  expect((await family.skein.get(`/waits?period=${quarter}`, 'board')).status).toBe(400);
  expect((await family.skein.get(`/waits?period=${quarter}`, 'perinatal')).status).toBe(200);
});

test('what is not understood is refused by its name', async () => {
  for (const [query, place] of [
    ['?period=2026-09', 'period'],
    ['?service=perinatal', 'service'],
    ['?from=2026-09-01', 'from'],
    ['?period=2026-Q1&period=2026-Q2', 'period'],
  ]) {
    const { status, body } = await family.skein.get(`/waits${query}`, 'perinatal');
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(`${place}`)]);
  }
});

test('the operator reads them on the command line', async () => {
  const run = async (...args: string[]): Promise<string> => {
    const words = ['bin/skein.js', 'waits', '--period', PERIOD, ...args];
    const program = runProgram(words, { DATABASE_URL: family.database.url });
    expect(await program.exit(), program.output()).toBe(0);
    return program.output();
  };
  const one = await run('--service', 'perinatal', '--json');
  expect(JSON.parse(one)).toEqual(await read(undefined, `?period=${PERIOD}&service=${OWN().service}`));
  expect(await run()).toContain(
    'perinatal: sent 10, accepted 5, refused -, care begun 5, open -; to accepted 12, 16, 16',
  );
});
