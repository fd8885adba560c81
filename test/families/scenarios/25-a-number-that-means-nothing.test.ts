/**
 * 25. A number that means nothing. A hundred strangers come with one NHS number, which is really a mother's: nobody is
 * tied to anybody, and she and her baby stay what they are.
 */
import { expect } from 'vitest';
import { ago, MATERNITY } from '../../support/telling.ts';
import { chart } from '../../support/transactions.ts';
import { type Family, tellFamily, tellUnmoved } from './family.ts';
import { care, person, said, ward } from './messages.ts';

const mother = person(491, 'Thora', 'Nye', '1994-02-04');
const baby = person(492, 'Saul', 'Nye', 33);
const strangers = Array.from({ length: 100 }, (_, n) => ({
  ...{ nhs: mother.nhs, verified: false, given: `Stranger${n}`, family: `Nobody${n}`, local: `X${n}` },
  born: `19${60 + (n % 40)}-0${1 + (n % 9)}-1${n % 9}`,
}));
const lots = Array.from({ length: 5 }, (_, n): Family['sent'][number] => [
  `twenty strangers with her number, lot ${n}`,
  said(
    'charity',
    strangers.slice(n * 20, n * 20 + 20).map((who) => chart('charity', who)),
    ago(10 + n),
  ),
]);

const services: Family['services'] = {
  ...MATERNITY,
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  charity: ['third-sector', 'RXD', 'fhir-r4'],
};
const before: Family['sent'] = [
  ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(80) })],
  ['the birth', ward(baby, { mother: mother.nhs })],
  ['perinatal care of the mother', care('perinatal', mother, { start: ago(20) })],
];

tellFamily('25 a number that means nothing', {
  services,
  sent: [...before, ...lots],
  people: ['Saul', 'Thora', ...strangers.map(({ given }) => given)],
  journeys: ['Saul, Thora: birth-12m'],
  relations: ['Saul: MTH', 'Thora: CHILD'],
  reads: { perinatal: /Saul/ },
  never: { perinatal: /Stranger|Nobody/, maternity: /Stranger|Nobody/ },
  also: async ({ find }) => {
    const own = await find('Patient', '', 'charity');
    expect(own.filter(({ birthDate }) => birthDate === mother.born)).toEqual([]);
  },
  notBuilt: [
    'a hundred strangers with one referral number',
    'intake does not slow down (a figure of the bench)',
    'when the number is released, those whose it truly is are joined again',
  ],
});

tellUnmoved('25 a number that means nothing', {
  services,
  before,
  after: lots,
  readers: ['maternity', 'perinatal'],
});
