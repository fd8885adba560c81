/**
 * 25. A number that means nothing. A hundred strangers come with one NHS number, which is really a mother's: nobody is
 * tied to anybody, and she and her baby stay what they are.
 */
import { expect } from 'vitest';
import { barsReferral } from '../../support/messages.ts';
import { ago, at, bars, MATERNITY } from '../../support/telling.ts';
import { chart, episodeOf } from '../../support/transactions.ts';
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
  // When it is released, those whose it truly is are joined again: test/access/claims.test.ts.
  notBuilt: ['intake does not slow down (a figure of the bench)'],
});

const referred = Array.from({ length: 100 }, (_, n) =>
  person(600 + n, `Stranger${n}`, `Nobody${n}`, '1985-05-05'),
);
const cited = Array.from({ length: 5 }, (_, n): Family['sent'][number] => [
  `care of twenty strangers cites it, lot ${n}`,
  said(
    'adult',
    referred.slice(n * 20, n * 20 + 20).flatMap((who) => {
      const whom = chart('adult', who);
      return [whom, episodeOf(whom, 'adult', { id: `E-${who.local}`, start: ago(20), referral: 'R-SAME' })];
    }),
    ago(10 + n),
  ),
]);

tellFamily('25 a hundred strangers with one referral number', {
  services: {
    ...{ ...services, visiting: ['health-visiting', 'RXV', 'fhir-r4'] },
    adult: ['adult-services', 'RXQ', 'fhir-r4'],
  },
  sent: [
    ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(80) })],
    ['the birth', ward(baby, { mother: mother.nhs })],
    [
      'the referral that has the number',
      bars(barsReferral(mother, { id: 'R-SAME', from: 'RXV', to: 'RXP', at: at(ago(25)) }), 'visiting'),
    ],
    ['perinatal care cites it', care('perinatal', mother, { start: ago(20), referral: 'R-SAME' })],
    ...cited,
  ],
  people: ['Saul', 'Thora', ...referred.map(({ given }) => given)],
  journeys: ['Saul, Thora: birth-12m'],
  relations: ['Saul: MTH', 'Thora: CHILD'],
  reads: { perinatal: /Saul/, adult: /Stranger99/ },
  never: { perinatal: /Stranger|Nobody/, visiting: /Stranger|Nobody/, adult: /Thora|Nye\b/ },
  also: async ({ find }) => {
    const spells = await find('EpisodeOfCare', '', 'adult');
    expect(new Set(spells.map(({ id }) => id)).size).toBe(100);
  },
});

tellUnmoved('25 a number that means nothing', {
  services,
  before,
  after: lots,
  readers: ['maternity', 'perinatal'],
});
