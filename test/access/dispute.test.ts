/** What a patient says is not right is marked for all who may see it, and nothing of it is edited. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMappings } from '../../src/map/language/load-mappings.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { runCommand } from '../support/command-line.ts';
import { testContext } from '../support/context.ts';
import { type Found, gather, type Household, type Services } from '../support/household.ts';
import { ago, say } from '../support/telling.ts';
import { referralOf, type Said } from '../support/transactions.ts';

const MOTHER = person(871, 'Sidonie', 'Winterbourne', '1990-01-02');
const BABY = person(872, 'Florian', 'Winterbourne', 40);
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  adult: ['adult-services', 'RXD', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  gp: ['gp', 'Y00001', 'fhir-r4'],
};
const TAG = { system: 'https://skein.example/fhir/CodeSystem/dispute', code: 'disputed-by-patient' };

let household: Household;
const ids = new Map<string, string>();

beforeAll(async () => {
  household = await gather(SERVICES);
  const asked = { id: 'R-1', from: household.serviceOf('perinatal'), to: household.serviceOf('adult') };
  const more = (whom: Said) => [referralOf(whom, asked, ago(26))];
  for (const message of [
    ward(BABY, { mother: MOTHER.nhs }),
    ward(MOTHER, { event: 'A28', day: ago(80) }),
    care('visiting', BABY, { start: ago(30) }),
    care('perinatal', MOTHER, { start: ago(30), contact: ago(20), more }),
    care('adult', MOTHER, { start: ago(25), referral: 'R-1' }),
  ])
    await say(household, message);
  await household.settle();
  for (const type of ['EpisodeOfCare', 'Encounter', 'ServiceRequest'])
    ids.set(type, (await ofPerinatal(type))[0]?.id ?? '');
  const number = `&identifier=https://fhir.nhs.uk/Id/nhs-number|${MOTHER.nhs}`;
  ids.set('Patient', (await household.find('Patient', number))[0]?.id ?? '');
}, 60_000);
afterAll(() => household.stop());

/** What perinatal said itself, not what it sees of others. */
async function ofPerinatal(type: string): Promise<Found[]> {
  const { rows } = await household.database.pool.query<{ id: string }>(
    'select id from resource where type = $1 and $2 = any(authors)',
    [type, household.serviceOf('perinatal')],
  );
  return (await household.find(type)).filter(({ id }) => rows.some((row) => row.id === id));
}
const skein = (...args: string[]) => runCommand(args, { DATABASE_URL: household.database.url });
const dispute = (type: string, ...more: string[]) =>
  skein('person', 'dispute', `${type}/${ids.get(type)}`, '--by', 'C. Guardian', ...more);
const read = async (type: string, system: string) =>
  (await household.skein.get(`/fhir/${type}/${ids.get(type)}`, system)).body as Found & {
    meta: { tag?: { system: string; code: string }[] };
  };
const isMarked = async (type: string, system: string) =>
  ((await read(type, system)).meta.tag ?? []).some(
    ({ system: of, code }) => of === TAG.system && code === TAG.code,
  );

test.each<[string, string[]]>([
  ['Encounter', ['perinatal', 'adult']],
  ['EpisodeOfCare', ['perinatal', 'adult']],
  ['ServiceRequest', ['perinatal', 'adult']],
  ['Patient', ['perinatal', 'adult', 'visiting']],
])('%s is marked for whoever may see it and for nobody else, and those are told', async (type, seeing) => {
  const before = await Promise.all(seeing.map((system) => read(type, system)));
  const told = new Map(seeing.map((system) => [system, household.told(system).length]));
  const strangers = household.told('gp').length;
  expect(await dispute(type)).toMatchObject({ code: 0 });
  await household.settle();
  for (const [place, system] of seeing.entries()) {
    const { meta: _meta, ...now } = await read(type, system);
    const { meta: _before, ...was } = before[place] as Found;
    expect(now, 'the original stays').toEqual(was);
    expect(await isMarked(type, system), system).toBe(true);
  }
  expect((await household.skein.get(`/fhir/${type}/${ids.get(type)}`, 'gp')).status).toBe(404);
  const heard = seeing.filter((system) => household.told(system).length > (told.get(system) ?? 0));
  expect(heard).toContain('perinatal');
  expect(household.told('gp')).toHaveLength(strangers);
  expect((await dispute(type)).code, 'twice').toBe(1);
});

test('it is said in the words of a journey, without a reason', async () => {
  const [journey] = await household.find('Group', `&member=Patient/${ids.get('Patient')}`);
  const { body } = await household.skein.get(`/fhir/Group/${journey?.id}/$journey`, 'adult');
  expect(JSON.stringify(body)).toContain(', disputed by the patient');
  expect(JSON.stringify(body)).not.toContain('C. Guardian');
});

test('a later version of it is marked, and a rebuild changes nothing', async () => {
  await say(household, care('perinatal', MOTHER, { start: ago(29), contact: ago(19) }));
  await household.settle();
  expect((await read('EpisodeOfCare', 'perinatal')).period).toMatchObject({ start: ago(29) });
  expect(await isMarked('EpisodeOfCare', 'adult')).toBe(true);
  expect(await isMarked('Encounter', 'perinatal')).toBe(true);
  const [mappings, profiles] = [await openMappings(), ownProfiles()];
  const ctx = { ...testContext(household.database), mappings, profiles };
  expect(await rebuild(ctx, { events: false })).toMatchObject({ changed: 0, statements: 0 });
  expect(await isMarked('Patient', 'visiting')).toBe(true);
});

test('who marked it takes it back, and it is on record both times', async () => {
  for (const type of ids.keys()) expect(await dispute(type, '--withdraw')).toMatchObject({ code: 0 });
  await household.settle();
  for (const type of ids.keys()) expect(await isMarked(type, 'perinatal'), type).toBe(false);
  expect(await dispute('Encounter', '--withdraw')).toMatchObject({ code: 1 });
  const { rows } = await household.database.pool.query(
    "select interaction, name, persons from audit where interaction ~ '^dispute' and outcome = 'done' order by id",
  );
  expect(rows.map(({ interaction }) => interaction)).toEqual([
    ...Array(4).fill('dispute'),
    ...Array(4).fill('dispute-withdraw'),
  ]);
  for (const { name, persons } of rows)
    expect([name, persons]).toEqual(['C. Guardian', [ids.get('Patient')]]);
});
