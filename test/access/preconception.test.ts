/**
 * Sharing row rule: care before a pregnancy is known to author and addressee only, until booking; and what comes of it is
 * told to nobody of an earlier child (rule 22).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readsNow } from '../families/scenarios/family.ts';
import { booking, care, person, said, ward } from '../families/scenarios/messages.ts';
import { gather, type Household } from '../support/household.ts';
import { ago, MATERNITY, say } from '../support/telling.ts';
import { chart, referralOf } from '../support/transactions.ts';

const mother = person(951, 'Ines', 'Larkin', '1991-02-02');
const child = person(952, 'Tam', 'Larkin', 420);
const OTHERS = ['mental_health', 'visiting', 'infant_team', 'maternity'];
const PRECONCEPTION = { system: 'https://skein.example/fhir/CodeSystem/mhsds-referral-reason', code: '27' };
/** Ids of all that the service that is asked has to do with her. */
let asked: RegExp;

let household: Household;
beforeAll(async () => {
  household = await gather({
    ...MATERNITY,
    gp: ['gp', 'Y00002', 'fhir-r4,bars-referral'],
    bookings: ['maternity', 'RXK', 'msds'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    mental_health: ['cmht', 'RXC', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    infant_team: ['camhs-0-5', 'RXI', 'fhir-r4'],
  });
  for (const send of [
    ward(mother, { event: 'A28', day: ago(430) }),
    ward(child, { mother: mother.nhs }),
    care('visiting', child, { start: ago(400) }),
    care('infant_team', child, { start: ago(300) }),
    care('mental_health', mother, { start: ago(200) }),
  ])
    await say(household, send);
  await household.settle();
}, 120_000);
afterAll(() => household.stop());

const stages = async (system: string) =>
  (await household.find('Group', '', system)).flatMap(({ characteristic = [] }) =>
    (characteristic as { valueCodeableConcept: { coding: { code: string }[] } }[]).map(
      ({ valueCodeableConcept }) => valueCodeableConcept.coding[0]?.code,
    ),
  );

test('nobody but the GP and the service that is asked learns of it', async () => {
  const before = await Promise.all(OTHERS.map((system) => readsNow(household, system)));
  const heard = OTHERS.map((system) => household.told(system));
  const [from, to] = [household.serviceOf('gp'), household.serviceOf('perinatal')];
  const whom = chart('gp', mother);
  const referral = referralOf(whom, { id: 'PRE-9', from, to }, ago(90));
  Object.assign(referral.resource, { reasonCode: [{ coding: [PRECONCEPTION] }] });
  await say(household, said('gp', [whom, referral], ago(90)));
  await say(household, care('perinatal', mother, { start: ago(80), contact: ago(70), planned: ago(-10) }));
  await household.settle();
  const own = await Promise.all(
    ['EpisodeOfCare', 'Encounter', 'ServiceRequest'].map((type) => household.find(type, '', 'perinatal')),
  );
  // Its one spell, two contacts, and the referral.
  const hers = own.flat().filter((one) => /[ECP]-perinatal-|PRE-9/.test(JSON.stringify(one)));
  expect(hers).toHaveLength(4);
  asked = new RegExp(hers.map(({ id }) => id).join('|'));
  expect(await stages('perinatal')).toContain('preconception');
  expect(await readsNow(household, 'gp')).toMatch(/preconception|PRE-9/);
  for (const [place, system] of OTHERS.entries()) {
    const now = await readsNow(household, system);
    expect(now, system).not.toMatch(asked);
    expect(now, system).not.toMatch(/preconception|Before conception/);
    expect(now, system).toBe(before[place]);
    expect(household.told(system).slice(heard[place]?.length), system).not.toContain('episode-started');
  }
}, 60_000);

test('a booking opens it to who may know of her care, and to nobody of the earlier child', async () => {
  const heard = ['visiting', 'infant_team'].map((system) => household.told(system).length);
  await say(household, booking('bookings', mother, { booked: ago(20), due: ago(-200), made: ago(5) }));
  await household.settle();
  expect(await stages('perinatal')).toContain('pregnancy');
  expect(await stages('perinatal')).not.toContain('preconception');
  expect(await readsNow(household, 'mental_health')).toMatch(asked);
  expect(await readsNow(household, 'bookings')).toMatch(asked);
  for (const [place, system] of ['visiting', 'infant_team'].entries()) {
    expect(await readsNow(household, system), system).not.toMatch(asked);
    expect(household.told(system).slice(heard[place]), system).toEqual([]);
  }
}, 60_000);
