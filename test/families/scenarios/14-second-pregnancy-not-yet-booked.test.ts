/**
 * 14. Second pregnancy not yet booked. Fetal medicine sees the mother 15 months after a birth, no due date known: that
 * is told to nobody of the first child. With the booking a second journey appears, of which they never learn.
 */
import { expect } from 'vitest';
import { ago, MATERNITY } from '../../support/telling.ts';
import { type Family, tellFamily } from './family.ts';
import { booking, care, person, ward } from './messages.ts';

const mother = person(311, 'Edda', 'Brock', '1990-09-09');
const child = person(312, 'Finn', 'Brock', 460);
const due = ago(-150);

const services: Family['services'] = {
  ...MATERNITY,
  bookings: ['maternity', 'RXM', 'msds'],
  fetal: ['foetal-medicine', 'RXF', 'fhir-r4', 'foetal-medicine'],
  camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
  infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
};
const firstBirth: Family['sent'] = [
  ['maternity registers the mother', ward(mother, { event: 'A28', day: child.born })],
  ['the first birth', ward(child, { mother: mother.nhs })],
  ...['camhs', 'infancy', 'visiting'].map((system, n): Family['sent'][number] => [
    `${system} cares for the child`,
    care(system, child, { start: ago(300 - n) }),
  ]),
];
const fetalMedicine: Family['sent'][number] = [
  'fetal medicine sees the mother',
  care('fetal', mother, { start: ago(10), contact: ago(9) }),
];
const sheIsBooked: Family['sent'][number] = [
  'the extract of maternity says that she is booked, and the due date',
  booking('bookings', mother, { booked: ago(4), due, made: ago(1) }),
];
const unaware = new RegExp(
  `foetal-medicine|RXF|E-fetal|C-fetal|G-Edda311|${due}|${ago(10)}|${ago(9)}|${ago(4)}`,
);
const ofTheChild = ['camhs', 'infancy', 'visiting'];
tellFamily('14 second pregnancy, not yet booked', {
  services,
  sent: [...firstBirth, fetalMedicine],
  people: ['Edda', 'Finn'],
  journeys: ['Edda, Finn: 12-24m'],
  never: Object.fromEntries(ofTheChild.map((system) => [system, unaware])),
});

tellFamily('14 second pregnancy, booked', {
  services,
  sent: [...firstBirth, fetalMedicine, sheIsBooked],
  people: ['Edda', 'Finn'],
  journeys: ['Edda, Finn: 12-24m'],
  never: Object.fromEntries(ofTheChild.map((system) => [system, unaware])),
  reads: { bookings: /G-Edda311/ },
  also: async ({ find }) => {
    const herJourneys = (await find('Group')).filter(({ active }) => active === true);
    expect(herJourneys).toHaveLength(2);
    const [spell] = (await find('EpisodeOfCare')).filter((one) =>
      JSON.stringify(one.identifier).includes('G-Edda311'),
    );
    expect(JSON.stringify(spell)).toContain(due);
    // The second journey is that of the booking, and she is alone in it.
    const second = herJourneys.find(({ id }) => JSON.stringify(spell?.meta).includes(id));
    expect(second?.member).toHaveLength(1);
    expect(JSON.stringify(second?.characteristic)).toContain('"pregnancy"');
  },
});
