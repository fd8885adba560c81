/**
 * 5. Ending after fetal medicine. At 21 weeks fetal medicine says that the pregnancy has ended. Whoever cares for the
 * woman stops contacts about it, and nobody learns why; a later pregnancy shows nothing of it.
 */
import { expect } from 'vitest';
import { barsReferral } from '../../support/messages.ts';
import { ago, at, bars } from '../../support/telling.ts';
import { chart, episodeOf, observationOf, type Said } from '../../support/transactions.ts';
import { tellFamily } from './family.ts';
import { booking, care, person, said } from './messages.ts';

const mother = person(221, 'Nerys', 'Pike', '1992-05-04');
const due = ago(-100);
const LOSS = 'https://skein.example/fhir/StructureDefinition/pregnancy-loss';

const whom = chart('fetal', mother);
const spell = episodeOf(whom, 'fetal', { id: `E-fetal-${mother.local}`, start: ago(20) });
Object.assign(spell.resource, { extension: [{ url: LOSS, valueDate: ago(5) }] });

/** A midwife refers her to a maternal mental health service by BaRS; the contact that it came of says it. */
const referred = barsReferral(mother, { id: 'R-221', from: 'RXM', to: 'RXT', at: at(ago(3)) });
for (const { resource } of referred.entry)
  if ('resourceType' in resource && resource.resourceType === 'Encounter')
    Object.assign(resource, { extension: [{ url: LOSS, valueDate: ago(5) }] });
/** Whoever may be asked about a partner has made sure that it is safe. */
const asked = (of: Said, system: string) => observationOf(of, system, 'safety-enquiry-alone', ago(30));

const told = ['perinatal', 'visiting', 'hub'];
tellFamily('5 ending after fetal medicine', {
  services: {
    bookings: ['maternity', 'RXM', 'msds'],
    fetal: ['foetal-medicine', 'RXF', 'fhir-r4', 'foetal-medicine'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4', 'health-visiting'],
    hub: ['family-hub', 'RXH', 'fhir-r4', 'family-hub'],
    cmht: ['cmht', 'RXA', 'fhir-r4', 'cmht'],
  },
  sent: [
    ['she is booked', booking('bookings', mother, { booked: ago(110), due, made: ago(105) })],
    ...told.map((system, n): [string, ReturnType<typeof care>] => [
      `${system} cares for her`,
      care(system, mother, { start: ago(60 - n), more: (of) => [asked(of, system)] }),
    ]),
    ['fetal medicine sees her, and says that it has ended', said('fetal', [whom, spell], ago(4))],
  ],
  prompts: { fetal: [], bookings: [], perinatal: [], visiting: [], hub: [], cmht: [] },
  people: ['Nerys'],
  hearsAlways: Object.fromEntries([...told, 'bookings'].map((system) => [system, ['contact-stop']])),
  neverHears: { ...Object.fromEntries([...told, 'bookings'].map((system) => [system, ['loss']])), cmht: [] },
  never: Object.fromEntries([...told, 'bookings', 'cmht'].map((system) => [system, /pregnancy-loss/])),
  // The expected infant is kept, for the author of the outcome and for maternity alone.
  reads: {
    fetal: /pregnancy-loss.*expected-infants|expected-infants.*pregnancy-loss/,
    bookings: /expected-infants/,
  },
  readsNever: Object.fromEntries([...told, 'cmht'].map((system) => [system, /expected-infants/])),
  also: async ({ find }) => {
    const stages = (await find('Group')).map(({ characteristic }) => JSON.stringify(characteristic));
    expect(stages.filter((one) => one?.includes('contact-stop'))).toHaveLength(1);
  },
});

tellFamily('5 the same, said by the contact of a referral to maternal mental health', {
  services: {
    bookings: ['maternity', 'RXM', 'msds'],
    midwives: ['maternity', 'RXM', 'bars-referral'],
    trauma: ['maternity-mh', 'RXT', 'fhir-r4', 'maternity-mh'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
    hub: ['family-hub', 'RXH', 'fhir-r4', 'family-hub'],
  },
  sent: [
    ['she is booked', booking('bookings', mother, { booked: ago(110), due, made: ago(105) })],
    ['perinatal cares for her', care('perinatal', mother, { start: ago(60) })],
    ['the hub means to see her', care('hub', mother, { start: ago(59), planned: ago(-9) })],
    ['the midwife refers her', bars(referred, 'midwives')],
  ],
  people: ['Nerys'],
  hearsAlways: { perinatal: ['contact-stop'], hub: ['contact-stop'], bookings: ['contact-stop'] },
  neverHears: { perinatal: ['loss'], hub: ['loss'], trauma: ['loss'] },
  never: Object.fromEntries(['perinatal', 'hub', 'bookings', 'trauma'].map((one) => [one, /pregnancy-loss/])),
  reads: { midwives: /pregnancy-loss/ },
});
