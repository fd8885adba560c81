/**
 * 23. Named by a stranger. Another service names a man, who is in adult mental-health care, father of a baby. His own
 * team's view of him does not change by a byte, and nobody is told.
 */
import { expect } from 'vitest';
import { ago, MATERNITY, waiting } from '../../support/telling.ts';
import { relationOf } from '../../support/transactions.ts';
import { type Family, tellFamily, tellUnmoved } from './family.ts';
import { care, person, ward } from './messages.ts';

const mother = person(471, 'Lydia', 'Frost', '1993-09-19');
const baby = person(472, 'Nico', 'Frost', 60);
const man = person(473, 'Adrian', 'Moss', '1989-01-30');
const his = new RegExp(`Adrian|Moss|${man.nhs}|1989-01-30`);

const services: Family['services'] = {
  ...MATERNITY,
  adults: ['cmht', 'RXA', 'fhir-r4', 'cmht'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
};
const before: Family['sent'] = [
  ['he is in care himself', care('adults', man, { start: ago(200), contact: ago(100) })],
  ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(80) })],
  ['the birth', ward(baby, { mother: mother.nhs })],
  ['perinatal care of the mother', care('perinatal', mother, { start: ago(50) })],
];
const named: Family['sent'][number] = [
  'health visiting: he is the father',
  care('visiting', baby, { start: ago(30), more: (whom) => [relationOf(whom, man, 'FTH')] }),
];

tellFamily('23 named by a stranger', {
  services,
  sent: [...before, named],
  never: {
    adults: new RegExp(`Nico|Lydia|Frost|${baby.nhs}|${baby.born}`),
    perinatal: his,
    maternity: his,
  },
  neverHears: { adults: ['member-linked', 'stage-changed'] },
  // By the word of his baby's own service it stands, and is shown to nobody: there is nothing to decide.
  relations: ['Adrian: CHILD', 'Lydia: CHILD', 'Nico: MTH', 'Nico: PRN'],
  also: async (household) => expect(await waiting(household)).toEqual([]),
});

tellUnmoved('23 named by a stranger', { services, before, after: [named], readers: ['adults'] });
