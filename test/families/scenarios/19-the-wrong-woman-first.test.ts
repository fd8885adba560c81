/**
 * 19. The wrong woman first. Health visiting writes that a woman is the mother of a newborn; three days later the
 * record of birth names another. The services of the first never had the baby's name, and whoever was told of her is
 * told that she is no member.
 */
import { ago, MATERNITY } from '../../support/telling.ts';
import { relationOf } from '../../support/transactions.ts';
import { tellFamily } from './family.ts';
import { care, person, ward } from './messages.ts';

const mother = person(361, 'Lowen', 'Hart', '1996-06-16');
const wrong = person(362, 'Greta', 'Stone', '1991-12-01');
const baby = person(363, 'Arlo', 'Hart', 9);

tellFamily('19 the wrong woman first', {
  services: {
    ...MATERNITY,
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    perinatal_of_wrong: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    perinatal_of_mother: ['specialist-perinatal', 'RXQ', 'fhir-r4'],
  },
  sent: [
    ['perinatal care of the other woman', care('perinatal_of_wrong', wrong, { start: ago(40) })],
    ['perinatal care of the mother', care('perinatal_of_mother', mother, { start: ago(40) })],
    [
      'health visiting: the other woman is his mother',
      care('visiting', baby, { start: ago(8), more: (whom) => [relationOf(whom, wrong, 'MTH')] }),
    ],
    ['maternity: the mother', ward(mother, { event: 'A28', day: ago(30) })],
    [
      'maternity, three days later: the birth, and who gave birth',
      ward(baby, { mother: mother.nhs, day: ago(5) }),
    ],
  ],
  people: ['Arlo', 'Greta', 'Lowen'],
  relations: ['Arlo: MTH', 'Lowen: CHILD'],
  journeys: ['Arlo, Lowen: birth-12m'],
  reads: { perinatal_of_mother: /Arlo/ },
  never: {
    perinatal_of_wrong: new RegExp(`Arlo|${baby.nhs}|Lowen|${mother.nhs}`),
    perinatal_of_mother: new RegExp(`Greta|${wrong.nhs}`),
  },
  neverHears: { perinatal_of_wrong: ['member-linked'] },
});
