/**
 * 13. Siblings 14 months apart. Perinatal care of the mother begins 5 months after the second birth and belongs to that
 * birth. CAMHS of the second baby sees that the mother is in care; CAMHS of the first hears nothing of it.
 */
import { ago, MATERNITY } from '../../support/telling.ts';
import { tellFamily } from './family.ts';
import { care, person, ward } from './messages.ts';

const mother = person(301, 'Nadia', 'Rowe', '1993-05-06');
const first = person(302, 'Oren', 'Rowe', 580);
const second = person(303, 'Pia', 'Rowe', 155);

tellFamily('13 siblings 14 months apart', {
  services: {
    ...MATERNITY,
    camhs_first: ['camhs-0-5', 'RXC', 'fhir-r4'],
    camhs_second: ['camhs-0-5', 'RXE', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
  },
  sent: [
    ['maternity registers the mother', ward(mother, { event: 'A28', day: first.born })],
    ['the first birth', ward(first, { mother: mother.nhs })],
    ['CAMHS takes on the first child', care('camhs_first', first, { start: ago(300) })],
    ['the second birth, 14 months after the first', ward(second, { mother: mother.nhs })],
    ['CAMHS elsewhere takes on the second', care('camhs_second', second, { start: ago(60) })],
    ['perinatal care of the mother begins', care('perinatal', mother, { start: ago(2) })],
  ],
  people: ['Nadia', 'Oren', 'Pia'],
  journeys: ['Nadia, Oren: 12-24m', 'Nadia, Pia: birth-12m'],
  relations: ['Nadia: CHILD', 'Nadia: CHILD', 'Oren: MTH', 'Pia: MTH'],
  reads: { camhs_second: /specialist-perinatal/, camhs_first: /Nadia/, perinatal: /Pia/ },
  never: {
    camhs_first: new RegExp(`Pia|${second.nhs}|${second.born}|specialist-perinatal`),
    camhs_second: new RegExp(`Oren|${first.nhs}|${first.born}|RXC`),
  },
});
