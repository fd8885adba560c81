/**
 * 3. Stillbirth at 37 weeks, queue full. A booking, a visit planned by health visiting, the loss, and a late antenatal
 * appointment after it. Everybody with a contact to come hears that contacts stop; only clinical services hear why.
 */
import { expect } from 'vitest';
import { ago, hl7, journeys } from '../../support/telling.ts';
import { observationOf } from '../../support/transactions.ts';
import { tellFamily } from './family.ts';
import { booking, care, person, ward } from './messages.ts';

const mother = person(401, 'Yara', 'Quill', '1991-11-02');
const infant = { local: 'S401', given: 'Baby', family: 'Quill', born: ago(3) };
const appointment = [
  `MSH|^~\\&|PAS|RXM|SKEIN|SKEIN|${ago(1).replaceAll('-', '')}090000||SIU^S12^SIU_S12|SIU-401|P|2.6`,
  `SCH||A-401^CLINICS|||||||||^^^${ago(-4).replaceAll('-', '')}1000|||||||||||||BOOKED`,
  `PID|1||${mother.local}^^^RXM^MR~${mother.nhs}^^^NHS^NH||${mother.family}^${mother.given}||${mother.born.replaceAll('-', '')}|F${'|'.repeat(24)}NSTS01`,
  '',
].join('\r');

tellFamily('3 stillbirth at 37 weeks', {
  services: {
    maternity: ['maternity', 'RXM', 'hl7v2-adt,hl7v2-siu', 'maternity'],
    bookings: ['maternity', 'RXM', 'msds'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
    hub: ['family-hub', 'RXH', 'fhir-r4'],
    birth_trauma: ['maternity-mh', 'RXT', 'fhir-r4'],
  },
  sent: [
    [
      'the booking and the due date',
      booking('bookings', mother, { booked: ago(210), due: ago(-18), made: ago(200) }),
    ],
    ['maternity registers her', ward(mother, { event: 'A28', day: ago(205) })],
    [
      'perinatal care of her, who was asked alone whether she is safe',
      care('perinatal', mother, {
        start: ago(90),
        more: (whom) => [observationOf(whom, 'perinatal', 'safety-enquiry-alone', ago(60))],
      }),
    ],
    ['her GP', care('gp', mother, { start: ago(900) })],
    ['the hub means to see her', care('hub', mother, { start: ago(40), planned: ago(-9) })],
    [
      'health visiting means to visit before the birth',
      care('visiting', mother, { start: ago(30), planned: ago(-6) }),
    ],
    ['maternity: the baby was born dead', ward(infant, { died: infant.born, mother: mother.nhs })],
    ['an antenatal appointment that the clinic had queued', hl7(appointment)],
  ],
  prompts: { maternity: [], perinatal: [], visiting: [], gp: [], hub: [], birth_trauma: [] },
  hears: {
    perinatal: ['contact-stop', 'loss'],
    visiting: ['contact-stop', 'loss'],
    gp: ['contact-stop', 'loss'],
    hub: ['contact-stop'],
  },
  hearsAlways: {
    perinatal: ['contact-stop'],
    visiting: ['contact-stop'],
    gp: ['contact-stop'],
    hub: ['contact-stop'],
  },
  neverHears: { hub: ['loss'], birth_trauma: [] },
  never: { hub: new RegExp(`${infant.born}|"deceased`), birth_trauma: /Yara|Quill/ },
  also: async (household) => {
    expect(await journeys(household)).toEqual(['Baby, Yara: contact-stop']);
    const { find } = household;
    // Her own care goes on.
    const spells = await find('EpisodeOfCare', '', 'perinatal');
    expect(spells.filter(({ status }) => status === 'active').length).toBeGreaterThan(0);
    expect(await find('Patient', `&birthdate=${mother.born}&active=true`)).toHaveLength(1);
  },
  notBuilt: [
    'due date and clock raise nothing after the loss',
    'antenatal events that were queued are suppressed',
    'the late appointment is stored and told to nobody',
  ],
});
