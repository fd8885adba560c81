/**
 * 9. Two mothers, a donor, then PICU. The gestational link is made on the evidence of the birth; the second mother is
 * no parent by machine, and nobody is a father in any wording.
 */
import { ago, MATERNITY } from '../../support/telling.ts';
import { relationOf } from '../../support/transactions.ts';
import { tellFamily } from './family.ts';
import { booking, care, person, ward } from './messages.ts';

const mother = person(431, 'Ingrid', 'Ash', '1989-10-10');
const second = person(432, 'Paloma', 'Reyes', '1987-02-14');
const baby = person(433, 'Cleo', 'Ash', 30);
const father = /"FTH"|"NFTH"|"NFTHF"|[Ff]ather/;
const everybody = ['maternity', 'neonatal', 'picu', 'perinatal', 'visiting'];

tellFamily('9 two mothers, then PICU', {
  services: {
    ...MATERNITY,
    bookings: ['maternity', 'RXM', 'msds'],
    neonatal: ['neonatal', 'RXM', 'hl7v2-adt', 'neonatal'],
    picu: ['picu', 'RXQ', 'hl7v2-adt', 'picu'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4', 'health-visiting'],
  },
  sent: [
    ['the booking', booking('bookings', mother, { booked: ago(230), due: ago(28), made: ago(200) })],
    ['maternity registers her', ward(mother, { event: 'A28', day: ago(220) })],
    ['the birth', ward(baby, { mother: mother.nhs })],
    ['neonatal takes the baby', ward({ ...baby, local: 'N433' }, { system: 'neonatal', day: ago(29) })],
    [
      'health visiting names the second mother',
      care('visiting', baby, { start: ago(18), more: (whom) => [relationOf(whom, second, 'PRN')] }),
    ],
    ['perinatal care of the mother', care('perinatal', mother, { start: ago(15) })],
    ['PICU of another trust', ward({ ...baby, local: 'Q433' }, { system: 'picu', day: ago(2) })],
  ],
  journeys: ['Cleo, Ingrid: birth-12m'],
  relations: ['Cleo: MTH', 'Ingrid: CHILD'],
  reads: { perinatal: /"picu"/, visiting: /"picu"/, picu: /specialist-perinatal/ },
  never: Object.fromEntries(everybody.map((system) => [system, father])),
  readsNever: Object.fromEntries(
    ['maternity', 'neonatal', 'picu', 'perinatal'].map((system) => [
      system,
      new RegExp(`Paloma|Reyes|${second.nhs}`),
    ]),
  ),
  notBuilt: [
    'a legal parent by a document that a person entered',
    'a donor is never created, no fertility code is served',
  ],
});
