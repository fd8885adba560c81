/** A child who is placed: what the services of its birth family learn of it (sharing rule 14). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readsNow } from '../families/scenarios/family.ts';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { gather, type Household, type Send } from '../support/household.ts';
import { ago, say } from '../support/telling.ts';
import { chart, episodeOf } from '../support/transactions.ts';

const MOTHER = person(741, 'Marit', 'Penrose', '1994-04-04');
const BABY = person(742, 'Ellis', 'Penrose', 90);
const STREET = '7 Carer Street';

let household: Household;
let child = '';
const reads = (system: string) => readsNow(household, system);
const place = async (placement: string, system = 'visiting') => {
  const { status } = await household.skein.send(
    'POST',
    `/fhir/Patient/${child}/$set-placement`,
    { 'content-type': 'application/fhir+json', 'x-skein-system': system },
    JSON.stringify({
      resourceType: 'Parameters',
      parameter: [{ name: 'placement', valueCode: placement }],
    }),
  );
  await household.settle();
  return status;
};
/** The team where the carer lives, which has the new address. */
function newTeam(): Send {
  const whom = chart('new_visiting', BABY, { address: [{ line: [STREET], postalCode: 'ZZ99 3WZ' }] });
  const spell = episodeOf(whom, 'new_visiting', { id: 'E-new', start: ago(3) });
  return said('new_visiting', [whom, spell], ago(3));
}

beforeAll(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    new_visiting: ['health-visiting', 'RXW', 'fhir-r4'],
    social: ['childrens-services', 'LA1', 'fhir-r4'],
    hub: ['family-hub', 'LA2', 'fhir-r4'],
  });
  for (const send of [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(120) }),
    care('visiting', BABY, { start: ago(80), contact: ago(20) }),
    care('perinatal', MOTHER, { start: ago(70) }),
    care('infancy', MOTHER, { start: ago(60) }),
    care('infancy', BABY, { start: ago(60) }),
    care('social', BABY, { start: ago(30) }),
  ])
    await say(household, send);
  await household.settle();
  const number = `&identifier=https://fhir.nhs.uk/Id/nhs-number|${BABY.nhs}`;
  child = (await household.find('Patient', number))[0]?.id ?? '';
}, 120_000);
afterAll(() => household.stop());

test('is said by who cares for the child, and of anybody else’s like of nobody', async () => {
  expect(await place('placed', 'perinatal')).toBe(404);
  expect(await place('placed', 'hub')).toBe(403);
  expect(await reads('perinatal')).toContain('Ellis');
});

test('of it the mother’s service knows that there is care, and nothing of who or where', async () => {
  expect(await place('placed', 'social')).toBe(200);
  await say(household, newTeam());
  await household.settle();
  const known = await reads('perinatal');
  expect(known).toContain('EpisodeOfCare');
  expect(known).not.toMatch(/Ellis|RXW|7 Carer/);
  expect(known).not.toContain(BABY.nhs);
  expect(known).not.toContain(household.serviceOf('new_visiting'));
  // Her own care goes on, as it was.
  expect(known).toContain('Marit');
});

test('its own services go on; where it is stays with whoever said it, also where they care for the mother', async () => {
  for (const system of ['infancy', 'visiting', 'social']) {
    expect(await reads(system), system).toContain('Ellis');
    expect(await reads(system), system).not.toContain(STREET);
  }
  expect(await reads('new_visiting')).toContain(STREET);
});

test('what changes of it later is told as of any child: not that its care has changed', async () => {
  const heard = household.told('visiting').length;
  const language = [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'cy' }] } }];
  await say(household, said('infancy', [chart('infancy', BABY, { communication: language })], ago(1)));
  await household.settle();
  expect(await reads('visiting')).toContain('"cy"');
  expect(household.told('visiting').slice(heard)).toEqual([]);
});

test('back with its birth family it is known as before', async () => {
  expect(await place('with-birth-family')).toBe(200);
  expect(await reads('perinatal')).toContain('Ellis');
});
