/**
 * 20. Sixteen, and her mother is ill. A perinatal patient's own daughter is pregnant. Neither the perinatal team nor
 * the daughter's midwife sees anything of the other's patient.
 */
import { ago, MATERNITY } from '../../support/telling.ts';
import { relationOf } from '../../support/transactions.ts';
import { tellFamily } from './family.ts';
import { booking, care, person, ward } from './messages.ts';

const grandmother = person(371, 'Wanda', 'Sorrel', '1983-03-30');
const infant = person(372, 'Tess', 'Sorrel', 100);
const daughter = person(373, 'Mina', 'Sorrel', 16 * 365 + 90);

tellFamily('20 sixteen, and her mother is ill', {
  services: {
    ...MATERNITY,
    bookings: ['maternity', 'RXM', 'msds'],
    midwives: ['maternity', 'RXN', 'hl7v2-adt'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
    camhs: ['camhs-5-18', 'RXC', 'fhir-r4', 'camhs-5-18'],
  },
  sent: [
    ['maternity: her mother gives birth again', ward(infant, { mother: grandmother.nhs })],
    ['perinatal care of her mother', care('perinatal', grandmother, { start: ago(80), contact: ago(70) })],
    [
      'CAMHS of the daughter, naming her mother',
      care('camhs', daughter, { start: ago(60), more: (whom) => [relationOf(whom, grandmother, 'MTH')] }),
    ],
    [
      'another trust’s midwife sees the daughter',
      ward(daughter, { system: 'midwives', event: 'A04', day: ago(30) }),
    ],
    [
      'the daughter is booked',
      booking('bookings', daughter, { booked: ago(30), due: ago(-140), made: ago(1) }),
    ],
  ],
  people: ['Mina', 'Tess', 'Wanda'],
  // Her own birth, sixteen years ago, is a journey like any other, and over.
  journeys: ['Mina, Wanda: after-24m', 'Tess, Wanda: birth-12m'],
  reads: { perinatal: /Tess/ },
  never: {
    perinatal: new RegExp(`Mina|${daughter.nhs}|${ago(-140)}|camhs-5-18`),
    midwives: new RegExp(`Wanda|${grandmother.nhs}|Tess|specialist-perinatal`),
    bookings: new RegExp(`E-perinatal|C-perinatal|${ago(70)}`),
  },
  // The dates of her birth's journey, of which only CAMHS speaks, would say when she was born.
  readsNever: { perinatal: new RegExp(daughter.born) },
});
