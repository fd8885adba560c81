/**
 * Senders' own markers, over the real interfaces (docs/adr/0023-labels.md): what is labelled restricted or very
 * restricted, and who is.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readsNow } from '../families/scenarios/family.ts';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { gather, type Household, type Send, type Services } from '../support/household.ts';
import { ago, hl7, say } from '../support/telling.ts';
import { chart, contactOf, episodeOf, type Said } from '../support/transactions.ts';

const MOTHER = person(711, 'Hesper', 'Quill', '1992-03-09');
const BABY = person(712, 'Tobin', 'Quill', 40);
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  adult: ['adult-services', 'RXD', 'fhir-r4'],
  infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  charity: ['third-sector', 'C001', 'fhir-r4'],
};
const PHONE = '07700900987';
const STREET = '4 Quiet Row';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const label =
  (...marked: Said[]) =>
  (code: string | null) => {
    for (const { resource } of marked)
      Object.assign(resource, code ? { meta: { security: [{ system: CONFIDENTIALITY, code }] } } : {});
  };

/** Adult services with a contact of hers and a spell, one of which, or her chart, is labelled. */
function adult(code: string | null, what: 'chart' | 'spell' | 'contact', day = ago(10)): Send {
  const whom = chart('adult', MOTHER, {
    telecom: [{ system: 'phone', value: PHONE }],
    address: [{ line: [STREET], postalCode: 'ZZ99 3WZ' }],
  });
  const spell = episodeOf(whom, 'adult', { id: 'E-adult', start: ago(30) });
  const contact = contactOf(whom, 'adult', 'C-adult', ago(12));
  label({ chart: whom, spell, contact }[what])(code);
  return said('adult', [whom, spell, contact], day);
}

const FAMILY: Send[] = [
  ward(BABY, { mother: MOTHER.nhs }),
  ward(MOTHER, { event: 'A28', day: ago(80) }),
  care('visiting', BABY, { start: ago(30) }),
  care('infancy', BABY, { start: ago(28) }),
  care('perinatal', MOTHER, { start: ago(25), contact: ago(14) }),
];

let household: Household;
beforeEach(async () => {
  household = await gather(SERVICES);
  for (const send of FAMILY) await say(household, send);
  await household.settle();
}, 120_000);
afterEach(() => household.stop());

async function send(...messages: Send[]): Promise<void> {
  for (const message of messages) await say(household, message);
  await household.settle();
}
/** Of the one resource of adult services, as the operator finds it. */
async function idOfAdult(type: string): Promise<RegExp> {
  const all = await household.find(type);
  const [own, ...others] = all.filter((one) => /[EC]-adult"/.test(JSON.stringify(one)));
  expect(others).toEqual([]);
  return new RegExp(own?.id ?? 'there is none');
}
const idOf = async ({ nhs }: { nhs: string }) =>
  (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`))[0]?.id;
const reads = (system: string) => readsNow(household, system);

describe('care that its sender labels', () => {
  test.each(['spell', 'contact'] as const)(
    'a restricted %s is known to own services alone',
    async (what) => {
      const type = what === 'spell' ? 'EpisodeOfCare' : 'Encounter';
      await send(adult(null, what, ago(11)));
      const hers = await idOfAdult(type);
      expect(await reads('perinatal')).toMatch(hers);
      if (what === 'spell') expect(await reads('infancy')).toMatch(hers);
      const heard = household.told('infancy').length;
      await send(adult('R', what));
      expect(await reads('adult')).toMatch(hers);
      expect(await reads('perinatal')).toMatch(hers);
      expect(await reads('infancy')).not.toMatch(hers);
      // Whoever was told that there is such care, and reads it no more, is told so.
      if (what === 'spell') expect(household.told('infancy').slice(heard)).toContain('withdrawn');
    },
    60_000,
  );

  test.each(['spell', 'contact'] as const)(
    'a very restricted %s is its author’s',
    async (what) => {
      const type = what === 'spell' ? 'EpisodeOfCare' : 'Encounter';
      await send(adult('V', what));
      const hers = await idOfAdult(type);
      expect(await reads('adult')).toMatch(hers);
      for (const system of ['perinatal', 'infancy', 'visiting', 'maternity'])
        expect(await reads(system), system).not.toMatch(hers);
    },
    60_000,
  );

  test('a contact that is part of a very restricted spell is as restricted, whoever wrote no label on it', async () => {
    const whom = chart('adult', MOTHER);
    const spell = episodeOf(whom, 'adult', { id: 'E-adult', start: ago(30) });
    const contact = contactOf(whom, 'adult', 'C-adult', ago(12));
    Object.assign(contact.resource, { episodeOfCare: [{ reference: spell.fullUrl }] });
    label(spell)('V');
    await send(said('adult', [whom, spell, contact], ago(10)));
    const hers = await idOfAdult('Encounter');
    expect(await reads('adult')).toMatch(hers);
    for (const system of ['perinatal', 'infancy', 'visiting', 'maternity'])
      expect(await reads(system), system).not.toMatch(hers);
  });

  test('it is open again once its label is gone, to whom it was', async () => {
    await send(adult('R', 'spell', ago(11)));
    const hers = await idOfAdult('EpisodeOfCare');
    expect(await reads('infancy')).not.toMatch(hers);
    await send(adult(null, 'spell'));
    expect(await reads('infancy')).toMatch(hers);
  }, 60_000);

  test('no notification of it says what it is about', async () => {
    const before = household.posts('perinatal').length;
    await send(adult('R', 'spell'));
    const hers = await idOfAdult('EpisodeOfCare');
    const posts = household.posts('perinatal').slice(before);
    expect(posts.length).toBeGreaterThan(0);
    expect(JSON.stringify(posts)).not.toMatch(hers);
  }, 60_000);
});

describe('a person whom a statutory service labels', () => {
  test('is known to nobody by way of the child, and to own services without where she is to be found', async () => {
    await send(adult(null, 'chart', ago(11)));
    const her = await idOf(MOTHER);
    expect(await reads('infancy')).toContain(her);
    await send(adult('R', 'chart'));
    for (const system of ['infancy', 'visiting']) expect(await reads(system), system).not.toContain(her);
    expect(household.told('infancy')).toContain('member-unlinked');
    const own = await reads('perinatal');
    expect(own).toContain(her);
    expect(own).not.toMatch(new RegExp(`${PHONE}|${STREET}`));
    for (const query of [`&phone=${PHONE}`, '&address=4 Quiet', '&address-postalcode=ZZ99 3WZ'])
      expect(await household.find('Patient', query, 'perinatal'), query).toEqual([]);
    expect(await reads('adult')).toContain(STREET);
  }, 60_000);

  test('her own services go on knowing the child, and are told of nobody who left', async () => {
    const heard = household.told('perinatal').length;
    const child = await idOf(BABY);
    expect(await reads('perinatal')).toContain(child);
    await send(adult('R', 'chart'));
    expect(await reads('perinatal')).toContain(child);
    expect(household.told('perinatal').slice(heard)).not.toContain('member-unlinked');
  }, 60_000);

  test('HL7 v2: a protection indicator says so, and its end ends it', async () => {
    const protection = (value: string, day: string) => {
      const text = (pid: string) => hl7(pid.replace(/(PV1\|)/, `PD1||||||||||||${value}\r$1`));
      return text(adtOf(day));
    };
    const her = await idOf(MOTHER);
    await send(protection('Y', ago(9)));
    expect(await reads('infancy')).not.toContain(her);
    await send(protection('N', ago(8)));
    expect(await reads('infancy')).toContain(her);
  }, 60_000);

  test('a charity’s label closes its own row and nobody else’s', async () => {
    const whom = chart('charity', MOTHER, { address: [{ line: ['1 Charity Way'] }] });
    label(whom)('R');
    const spell = episodeOf(whom, 'charity', { id: 'E-charity', start: ago(6) });
    const her = await idOf(MOTHER);
    await send(said('charity', [whom, spell], ago(6)));
    expect(await reads('infancy')).toContain(her);
    expect(await reads('perinatal')).not.toMatch(/Charity Way/);
  }, 60_000);
});

const adtOf = (day: string): string => {
  const at = day.replaceAll('-', '');
  return [
    `MSH|^~\\&|PAS|RXM|SKEIN|RXX|${at}1000||ADT^A31|P${at}|P|2.4`,
    `EVN|A31|${at}1000`,
    `PID|1||${MOTHER.local}^^^RXM^MR~${MOTHER.nhs}^^^NHS^NH^^^^^^^^01||${MOTHER.family}^${MOTHER.given}||${MOTHER.born.replaceAll('-', '')}|F`,
    'PV1|1|N',
  ].join('\r');
};
