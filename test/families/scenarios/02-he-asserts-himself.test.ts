/**
 * 2. He asserts himself. A fathers' charity's form: a man, the mother's NHS number, "my partner"; and a midwife's safety
 * hold on her. No link, before or after, and the same answer as to any stranger. Her team is told. Where she is, the
 * hold, or anything of her reaches neither the charity nor his own mental-health team by any way, an old ADT that names
 * him next of kin included. The hold arriving first gives the same end.
 */
import { expect } from 'vitest';
import type { Send } from '../../support/household.ts';
import { ago, MATERNITY } from '../../support/telling.ts';
import { chart, contactOf, episodeOf, NHS_NUMBER } from '../../support/transactions.ts';
import { type Family, tellFamily } from './family.ts';
import { care, form, person, said, ward } from './messages.ts';

const mother = person(731, 'Elowen', 'Carne', '1993-06-06');
const baby = person(732, 'Davy', 'Carne', 45);
const man = person(733, 'Silas', 'Brack', '1989-09-09');
const REFUGE = '14 Lantern Row';
const SITE = 'lantern-house';
const next = new Date(Date.now() + 6 * 86_400_000).toISOString().slice(0, 10);

/** The midwife writes down where she is now and is to be seen next, and holds her. */
const hold: Send = async (skein) => {
  const whom = chart('midwife', mother, {
    address: [{ line: [REFUGE] }],
    telecom: [{ system: 'phone', value: '07700900789' }],
  });
  const spell = episodeOf(whom, 'midwife', { id: 'E-midwife', start: ago(10) });
  const visit = contactOf(whom, 'midwife', 'NEXT', next);
  Object.assign(visit.resource, { status: 'planned', location: [{ location: { display: SITE } }] });
  const sent = await said('midwife', [whom, spell, visit], ago(3))(skein);
  if (typeof sent === 'string' || sent.status !== 200) return sent;
  const { body } = await skein.get(`/fhir/Patient?identifier=${NHS_NUMBER}|${mother.nhs}`, 'midwife');
  const [found] = (body as { entry?: { resource: { id: string } }[] }).entry ?? [];
  return skein.send('POST', `/fhir/Patient/${found?.resource.id}/$place-hold`, {
    'x-skein-system': 'midwife',
  });
};

const claim = { relationship: [{ to: 'partner', nhsNumber: mother.nhs }] };
const hers = new RegExp(
  `Elowen|Carne|${mother.nhs}|${mother.born}|antern|07700900789|${next}|"hold"|StructureDefinition/safe-contact`,
);

const services: Family['services'] = {
  ...MATERNITY,
  midwife: ['maternity', 'RXN', 'fhir-r4'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  adults: ['cmht', 'RXA', 'fhir-r4', 'cmht'],
  dads: ['third-sector-partner', 'C002', 'third-sector-form'],
};

tellFamily('2 he asserts himself', {
  services,
  sent: [
    [
      'an old message of maternity names him next of kin',
      ward(mother, { event: 'A28', day: ago(200), nk1: 'NK1|1|Brack^Silas|PTN^Partner|1 Old Street' }),
    ],
    ['the birth', ward(baby, { mother: mother.nhs })],
    ['perinatal care of the mother', care('perinatal', mother, { start: ago(40), contact: ago(20) })],
    ['health visiting of the baby', care('visiting', baby, { start: ago(30) })],
    ['he is in care himself', care('adults', man, { start: ago(100) })],
    ['his form, with her number', form('dads', 'D-7', man, claim)],
    ['a midwife holds her', hold],
  ],
  people: ['Davy', 'Elowen', 'Silas', 'Silas'],
  journeys: ['Davy, Elowen: birth-12m'],
  relations: ['Davy: MTH', 'Elowen: CHILD'],
  reads: { perinatal: /"code":"hold"/, midwife: /14 Lantern Row/, visiting: /Davy/ },
  readsNever: { visiting: /Elowen/, perinatal: /Davy|antern/ },
  never: {
    dads: hers,
    adults: hers,
    visiting: new RegExp(`antern|07700900789|${next}|"hold"`),
    perinatal: /antern|07700900789|Silas|Brack/,
  },
  hears: { perinatal: ['episode-changed', 'member-unlinked'], visiting: ['member-unlinked'] },
  neverHears: {
    dads: ['member-linked', 'episode-changed'],
    adults: ['member-linked', 'stage-changed'],
  },
  also: async (household) => {
    for (const reader of ['dads', 'adults']) expect(await household.allThatReaches(reader)).not.toMatch(hers);
    for (const reader of ['dads', 'adults', 'visiting']) {
      const resource = {
        ...{ resourceType: 'Patient', birthDate: mother.born },
        identifier: [{ system: NHS_NUMBER, value: mother.nhs }],
        name: [{ family: mother.family, given: [mother.given] }],
      };
      const { status, body } = await household.skein.send(
        ...(['POST', '/fhir/Patient/$match'] as const),
        { 'content-type': 'application/fhir+json', 'x-skein-system': reader },
        JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'resource', resource }] }),
      );
      expect([status, (body as { entry?: object[] }).entry ?? []]).toEqual([200, []]);
    }
  },
});
