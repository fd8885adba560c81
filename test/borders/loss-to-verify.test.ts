/**
 * That a pregnancy ended, said by who may not declare it (sharing rules, "Loss and contact-stop"): nothing
 * stops, and whoever would be told to stop is asked to verify first.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { care, type Person, person, said, ward } from '../families/scenarios/messages.ts';
import { type Found, gather, type Household, type Send } from '../support/household.ts';
import { ago } from '../support/roll.ts';
import { say } from '../support/telling.ts';
import { chart, episodeOf } from '../support/transactions.ts';

let region: Household;
beforeAll(async () => {
  region = await gather({
    hospital: ['maternity', 'RXA', 'hl7v2-adt'],
    antenatal: ['maternity', 'RXA', 'fhir-r4'],
    visiting: ['health-visiting', 'RYC', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXA', 'fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
    cmht: ['cmht', 'RXD', 'fhir-r4'],
    hub: ['family-hub', 'LA1', 'fhir-r4'],
    charity: ['third-sector', 'C001', 'fhir-r4'],
  });
}, 120_000);
afterAll(() => region.stop());

const BASE = 'https://skein.example/fhir/StructureDefinition/';
/** What a service says of its care of her; with `ended` that the pregnancy is over. */
function spell(
  system: string,
  who: Person,
  { ended, day = ago(60) }: { ended?: string; day?: string } = {},
): Send {
  const whom = chart(system, who);
  const one = episodeOf(whom, system, { id: `E-${system}-${who.local}`, start: ago(60) });
  const dates = {
    ...(system === 'antenatal' ? { 'expected-delivery': ago(-120) } : {}),
    ...(ended ? { 'pregnancy-loss': ended } : {}),
  };
  const extension = Object.entries(dates).map(([name, valueDate]) => ({ url: BASE + name, valueDate }));
  Object.assign(one.resource, { extension });
  return said(system, [whom, one], day);
}

const SYSTEMS = ['antenatal', 'visiting', 'perinatal', 'gp', 'cmht', 'charity'];
/** What each service is told of prompts and stops while something is said; who hears nothing is not named. */
async function hearing(send: Send): Promise<Record<string, string[]>> {
  await region.settle();
  const before = SYSTEMS.map((system) => region.told(system).length);
  await say(region, send);
  await region.settle();
  const heard = SYSTEMS.map((system, n) => {
    const codes = region.told(system).slice(before[n]);
    return [system, codes.filter((code) => /prompt|stop|loss/.test(code)).sort()] as const;
  });
  return Object.fromEntries(heard.filter(([, codes]) => codes.length > 0));
}
/** The Tasks by which a service is asked to verify something of her. */
async function asked(system: string, who: Person): Promise<Found[]> {
  const [patient] = await region.find('Patient', `&family=${who.family}`, system);
  return region.find('Task', `&code=verify-first&status=requested&patient=${patient?.id}`, system);
}

let mothers = 0;
/** Booked, visited, in perinatal care, and with a hub that means to see her. */
async function expectant(): Promise<Person> {
  const mother = person(1400 + ++mothers, 'Elowen', `Tonkin${mothers}`, `1991-0${mothers}-17`);
  await say(region, spell('antenatal', mother));
  for (const system of ['visiting', 'hub'])
    await say(region, care(system, mother, { start: ago(50), planned: ago(-9) }));
  for (const system of ['perinatal', 'gp', 'cmht', 'charity']) await say(region, spell(system, mother));
  return mother;
}

const RAISED = ['prompt-raised'];
test.each(['visiting', 'gp', 'perinatal', 'cmht'])(
  'by %s: the others are asked about their own patient, and nothing stops',
  async (system) => {
    const mother = await expectant();
    const heard = await hearing(spell(system, mother, { ended: ago(3), day: ago(2) }));
    const all = {
      antenatal: RAISED,
      visiting: RAISED,
      perinatal: RAISED,
      gp: RAISED,
      cmht: RAISED,
    };
    const { [system as 'gp']: _itself, ...others } = all;
    expect(heard).toEqual(others);
    // A hub is told no codes: it finds what it is asked.
    expect(await asked('hub', mother)).toHaveLength(1);
    const [task] = await asked('antenatal', mother);
    const [patient] = await region.find('Patient', `&family=${mother.family}`, 'antenatal');
    expect(task).toMatchObject({ priority: 'urgent', for: { reference: `Patient/${patient?.id}` } });
    const stops = '&_tag=https://skein.example/fhir/CodeSystem/stage|contact-stop';
    expect(await region.find('Encounter', stops, 'visiting')).toEqual([]);
    const cleared = await hearing(spell(system, mother, { day: ago(1) }));
    expect(new Set(Object.values(cleared).flat())).toEqual(new Set(['prompt-cleared']));
    expect(await asked('antenatal', mother)).toEqual([]);
  },
);

test('declared then by maternity, contacts stop and nobody is asked any more', async () => {
  const mother = await expectant();
  await hearing(spell('gp', mother, { ended: ago(3), day: ago(2) }));
  const heard = await hearing(spell('antenatal', mother, { ended: ago(4), day: ago(1) }));
  expect(heard.visiting).toEqual(['contact-stop', 'prompt-cleared']);
  expect(heard.gp).toEqual(['contact-stop']);
  expect(await asked('visiting', mother)).toEqual([]);
});

test('a birth after it shows that it was not so', async () => {
  const mother = await expectant();
  await hearing(spell('gp', mother, { ended: ago(9), day: ago(8) }));
  const baby = person(1450 + mothers, 'Jory', mother.family, 2);
  const heard = await hearing(ward(baby, { system: 'hospital', mother: mother.nhs }));
  expect(heard.visiting).toContain('prompt-cleared');
  expect(await asked('visiting', mother)).toEqual([]);
});

test.each(['hub', 'charity'])('by %s: nobody is asked', async (system) => {
  const mother = await expectant();
  expect(await hearing(spell(system, mother, { ended: ago(3), day: ago(2) }))).toEqual({});
  for (const other of ['visiting', 'hub']) expect(await asked(other, mother)).toEqual([]);
});
