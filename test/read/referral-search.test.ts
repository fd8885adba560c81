/** The search by which a sender or receiver of a referral finds it again: by the number of whom it is about. */
import type { Bundle, ServiceRequest } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { startSkein } from '../support/skein.ts';
import { chart, NHS_NUMBER, referralOf, transactionOf } from '../support/transactions.ts';
import { nhsNumber, register } from './fixtures.ts';

const database = await testDatabase();
const number = nhsNumber(51);
let skein: Awaited<ReturnType<typeof startSkein>>;
const services: Record<string, string> = {};

beforeAll(async () => {
  const sectors = {
    gp: 'gp',
    'gp-2': 'gp',
    perinatal: 'specialist-perinatal',
    cmht: 'cmht',
    charity: 'third-sector',
  };
  for (const [name, sector] of Object.entries(sectors))
    services[name] = (await register(database, name, sector as never)).service.id;
  skein = await startSkein(database, { ROLES: 'api' });
});
afterAll(() => skein.stop());

const find = async (system: string, query = `patient:identifier=${NHS_NUMBER}|${number}`) => {
  const answer = await skein.get(`/fhir/ServiceRequest?${query}`, system);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return ((answer.body as unknown as Bundle).entry ?? []).map(({ resource }) => resource as ServiceRequest);
};

async function refer(from: string, to: string, id: string, verified = true, nhs = number): Promise<void> {
  const who = chart(from, { nhs, given: 'Ida', family: 'Moss', born: '1992-02-03', verified });
  const referral = referralOf(who, { id, from: services[from] ?? '', to: services[to] ?? '' }, '2026-03-01');
  const answer = await skein.transaction(transactionOf([who, referral], '2026-03-01T09:00:00Z'), from);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

test('who sent it and who received it find it by the number, and nobody else', async () => {
  await refer('gp', 'perinatal', 'r1');
  await refer('charity', 'perinatal', 'r2', false);
  await refer('gp', 'cmht', 'r3', true, nhsNumber(52));
  const found = async (system: string, query?: string) =>
    (await find(system, query)).map(({ identifier }) => identifier?.[0]?.value).sort();
  for (const query of [undefined, `patient.identifier=${number}`, `subject:Patient.identifier=${number}`]) {
    expect(await found('gp', query), query).toEqual(['r1']);
    expect(await found('perinatal', query), query).toEqual(['r1', 'r2']);
    expect(await found('charity', query), query).toEqual(['r2']);
    for (const outsider of ['gp-2', 'cmht']) expect(await found(outsider, query), query).toEqual([]);
  }
  expect(await found('cmht', `patient:identifier=${nhsNumber(52)}`)).toEqual(['r3']);
  const counted = async (system: string) =>
    (await skein.get(`/fhir/ServiceRequest?patient:identifier=${number}&_summary=count`, system)).body.total;
  expect([await counted('gp'), await counted('perinatal'), await counted('cmht')]).toEqual([1, 2, 0]);
});
