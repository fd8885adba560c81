/**
 * 11. Second pregnancy, new partner, hand-over. Her first child is 21 months old, in care of CAMHS; she is in perinatal
 * care since, and booked for a second pregnancy. Both teams are asked to hand over; of the second pregnancy the first
 * child's services learn nothing.
 */
import { ago, MATERNITY } from '../../support/telling.ts';
import { tellFamily } from './family.ts';
import { booking, care, form, person, ward } from './messages.ts';

const mother = person(441, 'Senara', 'Keast', '1991-01-21');
const first = person(442, 'Piran', 'Keast', 640);
const former = { given: 'Jory', family: 'Moyle', born: '1989-05-06' };
const due = ago(-120);

tellFamily('11 hand-over while she is pregnant again', {
  services: {
    ...MATERNITY,
    bookings: ['maternity', 'RXM', 'msds'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    dads: ['third-sector-partner', 'RXD', 'third-sector-form', 'third-sector'],
  },
  sent: [
    ['the first birth', ward(first, { mother: mother.nhs })],
    ['perinatal care of her', care('perinatal', mother, { start: ago(500) })],
    ['CAMHS care of her child', care('camhs', first, { start: ago(300) })],
    ['her former partner at a charity', form('dads', 'F-441', former)],
    ['the second booking', booking('bookings', mother, { booked: ago(60), due, made: ago(50) })],
  ],
  prompts: { perinatal: ['hand-over'], camhs: ['hand-over'], maternity: [], bookings: [], dads: [] },
  hearsAlways: { perinatal: ['prompt-raised'], camhs: ['prompt-raised'] },
  neverHears: { dads: ['stage-changed', 'member-linked', 'prompt-raised'] },
  never: { camhs: new RegExp(`"pregnancy"|${due}`), dads: /Senara|Piran|Keast/ },
});
