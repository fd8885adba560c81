/**
 * 24. A charity says who gave birth. Whatever code it uses, the gestational edge stands, nobody is parted, and nobody
 * is told.
 */
import { expect } from 'vitest';
import { ago, MATERNITY, waiting } from '../../support/telling.ts';
import { byNumber, chart, relationOf } from '../../support/transactions.ts';
import { type Family, tellFamily, tellUnmoved } from './family.ts';
import { care, person, said, ward } from './messages.ts';

const mother = person(481, 'Ottilie', 'Barnes', '1991-03-13');
const baby = person(482, 'Rufus', 'Barnes', 45);
const other = person(483, 'Verity', 'Lowe', '1990-02-02');
const hers = new RegExp(`Verity|Lowe|${other.nhs}`);

const claims = ['GESTM', 'MTH', 'NMTH', 'PRN'].map((code, n): Family['sent'][number] => [
  `the charity: another woman is ${code}`,
  said(
    'charity',
    [chart('charity', { ...other, local: `C${n}` }), relationOf(byNumber(baby.nhs), other, code)],
    ago(9 - n),
  ),
]);

const services: Family['services'] = {
  ...MATERNITY,
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  charity: ['third-sector', 'RXD', 'fhir-r4'],
};
const before: Family['sent'] = [
  ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(80) })],
  ['the birth', ward(baby, { mother: mother.nhs })],
  ['perinatal care of the mother', care('perinatal', mother, { start: ago(40) })],
  ['health visiting of the baby', care('visiting', baby, { start: ago(30) })],
];

tellFamily('24 a charity says who gave birth', {
  services,
  sent: [...before, ...claims],
  journeys: ['Ottilie, Rufus: birth-12m'],
  relations: ['Ottilie: CHILD', 'Rufus: MTH'],
  reads: { perinatal: /Rufus/, visiting: /Ottilie/ },
  never: {
    ...Object.fromEntries(['maternity', 'visiting', 'perinatal'].map((system) => [system, hers])),
    charity: /Ottilie|Barnes|perinatal|RXP|RXV/,
  },
  // A charity's number is a claim: whether its nameless infant is Rufus waits for a reviewer, before whose he is.
  also: async (household) => expect(await waiting(household)).toContain('possible-duplicate: , Rufus'),
});

tellUnmoved('24 a charity says who gave birth', {
  services,
  before,
  after: claims,
  readers: ['maternity', 'visiting', 'perinatal'],
});
