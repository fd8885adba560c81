/**
 * 8. Preconception to partner offer. A GP refers her before conception, she is booked, gives birth, and is in care for
 * birth trauma; her partner fills in a form of his own. No partner edge is made of it, and neither side learns of the
 * other.
 */
import { barsReferral } from '../../support/messages.ts';
import { ago, at, bars, MATERNITY } from '../../support/telling.ts';
import { observationOf } from '../../support/transactions.ts';
import { tellFamily } from './family.ts';
import { booking, care, form, person, ward } from './messages.ts';

const mother = person(421, 'Bettina', 'Crane', '1988-08-18');
const baby = person(422, 'Otto', 'Crane', 50);
const partner = { given: 'Magnus', family: 'Heron', born: '1986-01-05' };
const his = /Magnus|Heron|1986-01-05|third-sector/;

tellFamily('8 preconception to partner offer', {
  services: {
    ...MATERNITY,
    gp: ['gp', 'Y00001', 'fhir-r4,bars-referral'],
    bookings: ['maternity', 'RXM', 'msds'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    birth_trauma: ['maternity-mh', 'RXT', 'fhir-r4'],
    dads: ['third-sector-partner', 'RXD', 'third-sector-form', 'third-sector'],
  },
  sent: [
    [
      'the GP refers her to perinatal',
      bars(
        barsReferral(mother, { id: 'PRE-1', from: 'Y00001', to: 'RXP', at: at(ago(400)), why: '27' }),
        'gp',
      ),
    ],
    ['the booking', booking('bookings', mother, { booked: ago(260), due: ago(52), made: ago(250) })],
    ['maternity registers her', ward(mother, { event: 'A28', day: ago(255) })],
    ['the birth', ward(baby, { mother: mother.nhs })],
    [
      'care for birth trauma, where she was asked alone whether she is safe',
      care('birth_trauma', mother, {
        start: ago(30),
        more: (whom) => [observationOf(whom, 'birth_trauma', 'safety-enquiry-alone', ago(20))],
      }),
    ],
    [
      'his own form, which names her',
      form('dads', 'F-421', partner, { relationship: { to: 'my partner', nhsNumber: mother.nhs } }),
    ],
  ],
  people: ['Bettina', 'Magnus', 'Otto'],
  // Nobody has answered the GP since; nobody else is asked about a partner.
  prompts: {
    ...{ birth_trauma: ['partner-offer'], gp: ['referral-unanswered'], perinatal: ['referral-unanswered'] },
    ...{ maternity: [], bookings: [], dads: [] },
  },
  journeys: ['Bettina, Otto: birth-12m'],
  relations: ['Bettina: CHILD', 'Otto: MTH'],
  never: {
    ...Object.fromEntries(
      ['maternity', 'bookings', 'perinatal', 'birth_trauma', 'gp'].map((system) => [system, his]),
    ),
    dads: new RegExp(`Bettina|Otto|Crane|${mother.nhs}|RXP|RXT`),
  },
  neverHears: { dads: ['member-linked', 'episode-started', 'stage-changed'] },
  notBuilt: [
    'a partner edge after she confirms alone and he agrees',
    'her team learns that an offer was made, never his score or whether he took it up',
  ],
});
