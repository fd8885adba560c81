/**
 * The threshold to stop is lower than the threshold to disclose (sharing rule 24): a loss reaches who has a
 * chart that may be hers, and names and links nobody.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { care, type Person, person, said, ward } from '../families/scenarios/messages.ts';
import { type Found, gather, type Household, type Send } from '../support/household.ts';
import type { Someone } from '../support/records.ts';
import { ago } from '../support/roll.ts';
import { say } from '../support/telling.ts';
import { chart, contactOf, episodeOf, type Said } from '../support/transactions.ts';

let region: Household;
beforeAll(async () => {
  region = await gather({
    hospital: ['maternity', 'RXA', 'hl7v2-adt'],
    antenatal: ['maternity', 'RXA', 'fhir-r4'],
    elsewhere: ['maternity', 'RXB', 'fhir-r4'],
    visiting: ['health-visiting', 'RYC', 'fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
    hub: ['family-hub', 'LA1', 'fhir-r4'],
    charity: ['third-sector', 'C001', 'fhir-r4'],
    stranger: [null, 'RXH', 'fhir-r4'],
  });
}, 120_000);
afterAll(() => region.stop());

const LOSS = 'https://skein.example/fhir/StructureDefinition/pregnancy-loss';
const DUE = 'https://skein.example/fhir/StructureDefinition/expected-delivery';
const HOME = { postcode: 'LS1 4AP' };
const PHONE = { telecom: [{ system: 'phone', value: '07700900123' }] };

let mothers = 0;
const newMother = (): Person & Someone => {
  const n = 1200 + ++mothers;
  const born = new Date(Date.UTC(1990, 1, 3 * mothers)).toISOString().slice(0, 10);
  return { ...person(n, 'Asta', `Uren${mothers}`, born), ...HOME };
};
type Booked = { ended?: string; system?: string; day?: string; rest?: Record<string, unknown> };
/** A maternity service has her booked, and then says that the pregnancy has ended. */
const booked = (
  who: Someone,
  { ended, system = 'antenatal', day = ago(60), rest = {} }: Booked = {},
): Send => {
  const whom = chart(system, who, rest);
  const spell = episodeOf(whom, system, { id: `E-${who.local}`, start: ago(60) });
  const dates = { [DUE]: ago(-120), ...(ended ? { [LOSS]: ended } : {}) };
  const extension = Object.entries(dates).map(([url, valueDate]) => ({ url, valueDate }));
  Object.assign(spell.resource, { extension });
  return said(system, [whom, spell], day);
};
const lost = (who: Someone, more: Booked = {}): Send => booked(who, { ended: ago(2), day: ago(1), ...more });
/** Her telephone, where she is known by that. */
const phoneOf = (rest: Record<string, unknown> = {}) => ('telecom' in rest ? rest : {});
/** A service that has nothing of her but a chart and a contact to come. */
function expecting(system: string, who: Someone, rest: Record<string, unknown> = {}): Send {
  const whom = chart(system, who, rest);
  return said(system, [whom, planned(whom, system, who)], ago(20));
}
function planned(whom: Said, system: string, who: Someone): Said {
  const contact = contactOf(whom, system, `P-${system}-${who.local}`, ago(-6));
  Object.assign(contact.resource, { status: 'planned' });
  return contact;
}

const tell = (send: Send) => say(region, send);
/** What each of these services is told while something is said. */
async function hearing(systems: string[], send: Send): Promise<string[][]> {
  await region.settle();
  const before = systems.map((system) => region.told(system).length);
  await tell(send);
  await region.settle();
  return systems.map((system, n) => region.told(system).slice(before[n]).sort());
}
const read = async (system: string): Promise<Found[]> =>
  (
    await Promise.all(['Patient', 'Group', 'RelatedPerson'].map((type) => region.find(type, '', system)))
  ).flat();

/** The contacts of a service that carry the stop, as text. */
const stopped = async (system: string): Promise<string> => {
  const tag = '&_tag=https://skein.example/fhir/CodeSystem/stage|contact-stop';
  return JSON.stringify(await region.find('Encounter', tag, system));
};

type Hers = [chart: string, of: (mother: Someone) => Someone, rest?: Record<string, unknown>];
const unnumbered = ({ nhs: _nhs, ...rest }: Someone): Someone => rest;
const HERS: Hers[] = [
  ['with her number unverified', (her) => ({ ...her, verified: false, postcode: '' })],
  ['without any name', ({ nhs, born, local }) => ({ nhs, born, local, verified: false }), { name: [] }],
  ['without her number, at her address', unnumbered],
  ['without her number, under her phone', (her) => ({ ...unnumbered(her), postcode: '' }), PHONE],
];
const NOT_HERS: Hers[] = [
  ['of another birth date', (her) => ({ ...unnumbered(her), born: '1993-03-03' })],
  ['of another given name', (her) => ({ ...unnumbered(her), given: 'Zelda' })],
  ['of another given name and her number', (her) => ({ ...her, given: 'Zelda', verified: false })],
  ['of a man', unnumbered, { gender: 'male' }],
  [
    'of another family at another place',
    (her) => ({ ...unnumbered(her), family: 'Ward', postcode: 'LS2 9JT' }),
  ],
];

describe('a pregnancy that ended', () => {
  test.each(HERS)('stops contacts at who has a chart %s, and tells no more', async (_, of, rest) => {
    const mother = newMother();
    await tell(booked(mother, { rest: phoneOf(rest) }));
    await tell(expecting('visiting', of(mother), rest));
    const before = await read('visiting');
    const ends = lost(mother, { rest: phoneOf(rest) });
    expect(await hearing(['visiting'], ends)).toEqual([['contact-stop']]);
    expect(await read('visiting')).toEqual(before);
    expect(await stopped('visiting')).toContain(`P-visiting-${mother.local}`);
    expect(await hearing(['visiting'], booked(mother, { day: ago(0) }))).toEqual([['loss-retracted']]);
  });

  test.each(NOT_HERS)('stops none at who has a chart %s', async (_, of, rest) => {
    const mother = newMother();
    await tell(booked(mother));
    await tell(expecting('visiting', of(mother), rest));
    expect(await hearing(['visiting'], lost(mother))).toEqual([[]]);
  });

  test.each([
    ['gp', ['contact-stop']],
    ['hub', ['contact-stop']],
    ['charity', []],
    ['stranger', []],
  ])('reaches %s by an unverified number as far as its word counts', async (system, heard) => {
    const mother = newMother();
    await tell(booked(mother));
    await tell(expecting(system, { ...mother, verified: false }));
    expect(await hearing([system], lost(mother))).toEqual([heard]);
  });

  test('holds what another unit plans, which does not know yet that it is over', async () => {
    const mother = newMother();
    await tell(booked(mother));
    const unsure = { ...mother, verified: false };
    const whom = chart('elsewhere', unsure);
    await tell(booked(unsure, { system: 'elsewhere' }));
    await tell(said('elsewhere', [whom, planned(whom, 'elsewhere', unsure)], ago(20)));
    expect(await hearing(['elsewhere'], lost(mother))).toEqual([['contact-stop']]);
    expect(await stopped('elsewhere')).toContain(`P-elsewhere-${mother.local}`);
    // The loss that it hears of itself is the same.
    const heard = await hearing(['elsewhere', 'antenatal'], lost(unsure, { system: 'elsewhere' }));
    expect(heard.map((codes) => codes.filter((code) => code === 'contact-stop'))).toEqual([[], []]);
  });

  test('is taken back where the chart proves to be another woman’s', async () => {
    const mother = newMother();
    const unsure = { ...mother, verified: false };
    await tell(booked(mother));
    await tell(care('visiting', unsure as Person, { start: ago(30) }));
    const chartOnly = (who: Someone): Send => said('visiting', [chart('visiting', who)], ago(0));
    await hearing(['visiting'], lost(mother));
    const other = { ...unsure, born: '1983-03-03' };
    expect(await hearing(['visiting'], chartOnly(other))).toEqual([['loss-retracted']]);
  });

  test.each(['planned', 'cancelled'])(
    'is taken back from who has a contact and no care, %s since',
    async (status) => {
      const mother = newMother();
      const unsure = { ...mother, verified: false };
      await tell(booked(mother));
      await tell(expecting('visiting', unsure));
      expect(await hearing(['visiting'], lost(mother))).toEqual([['contact-stop']]);
      const whom = chart('visiting', { ...unsure, born: '1983-03-03' });
      const contact = planned(whom, 'visiting', unsure);
      Object.assign(contact.resource, { status });
      const proved = said('visiting', [whom, contact], ago(0));
      expect((await hearing(['visiting'], proved))[0]).toContain('loss-retracted');
      expect(await hearing(['visiting'], proved)).toEqual([[]]);
    },
  );
});

test.each(HERS)(
  'a stillbirth said of the infant reaches who has a chart of its mother %s',
  async (_, of, rest) => {
    const mother = newMother();
    await tell(ward(mother, { system: 'hospital', event: 'A28', day: ago(61) }));
    await tell(booked(mother, { rest: phoneOf(rest) }));
    await tell(expecting('visiting', of(mother), rest));
    const infant = { local: `S${mother.local}`, given: 'Baby', family: mother.family, born: ago(2) };
    const born = ward(infant, { system: 'hospital', died: infant.born, mother: mother.nhs });
    expect(await hearing(['visiting'], born)).toEqual([['contact-stop']]);
  },
);

test.each(HERS)('a mother’s death reaches who has a chart of her %s', async (_, of, rest) => {
  const mother = newMother();
  const registered = chart('antenatal', mother, phoneOf(rest));
  await tell(
    ward({ ...person(1300 + mothers, 'Bo', mother.family, 40) }, { system: 'hospital', mother: mother.nhs }),
  );
  await tell(said('antenatal', [registered], ago(50)));
  await tell(expecting('visiting', of(mother), rest));
  const before = await read('visiting');
  Object.assign(registered.resource, { deceasedDateTime: ago(1) });
  expect(await hearing(['visiting'], said('antenatal', [registered], ago(1)))).toEqual([['contact-stop']]);
  expect(await read('visiting')).toEqual(before);
});

test('a death on a chart that may only be a mother’s is hers', async () => {
  const mother = newMother();
  const baby = person(1300 + mothers, 'Bo', mother.family, 40);
  await tell(ward(baby, { system: 'hospital', mother: mother.nhs }));
  await tell(said('antenatal', [chart('antenatal', mother)], ago(50)));
  await tell(care('visiting', baby, { start: ago(30) }));
  const unsure = chart('elsewhere', { ...mother, verified: false }, { deceasedDateTime: ago(1) });
  expect(await hearing(['visiting'], said('elsewhere', [unsure], ago(1)))).toEqual([
    expect.arrayContaining(['contact-stop']),
  ]);
});
