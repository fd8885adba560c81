/**
 * 6. Adoption. After the order a new practice registers the child under a new number, name and address. It is a new
 * person with a journey of its own: nothing links it to the old one, nobody is asked whether they are one, and the
 * services of the birth family never learn of it.
 */
import { expect } from 'vitest';
import { ago, MATERNITY } from '../../support/telling.ts';
import { tellFamily } from './family.ts';
import { care, person, ward } from './messages.ts';

const mother = person(411, 'Senara', 'Blight', '1997-07-01');
const before = person(412, 'Perran', 'Blight', 300);
const after = { ...person(413, 'Perran', 'Holloway', 300), local: 'H413' };

tellFamily('6 adoption', {
  services: {
    ...MATERNITY,
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    new_gp: ['gp', 'Y00002', 'fhir-r4'],
    new_visiting: ['health-visiting', 'RXW', 'fhir-r4'],
  },
  sent: [
    ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(400) })],
    ['the birth', ward(before, { mother: mother.nhs })],
    ['health visiting visits', care('visiting', before, { start: ago(285) })],
    ['perinatal care of the mother', care('perinatal', mother, { start: ago(280) })],
    ['a new practice, after the order', care('new_gp', after, { start: ago(20) })],
    ['a new health visitor', care('new_visiting', after, { start: ago(10) })],
  ],
  people: ['Perran', 'Perran', 'Senara'],
  journeys: ['Perran, Senara: birth-12m'],
  relations: ['Perran: MTH', 'Senara: CHILD'],
  never: {
    ...Object.fromEntries(
      ['maternity', 'perinatal', 'visiting'].map((system) => [
        system,
        new RegExp(`Holloway|${after.nhs}|new_gp|new_visiting|Y00002|RXW`),
      ]),
    ),
    ...Object.fromEntries(
      ['new_gp', 'new_visiting'].map((system) => [
        system,
        new RegExp(`Blight|${before.nhs}|Senara|RXV|RXP|RXM`),
      ]),
    ),
  },
  neverHears: {
    new_gp: ['member-linked', 'person-merged'],
    new_visiting: ['member-linked', 'person-merged'],
  },
  also: async ({ database }) => {
    // Nobody is asked whether two of them are one person.
    const possible =
      "select distinct kind from assertion where kind not in ('same', 'parent', 'possible-parent')";
    expect((await database.pool.query<{ kind: string }>(possible)).rows).toEqual([]);
  },
  notBuilt: [
    'on placement perinatal sees that the infant exists, and no address',
    'on the order a neutral withdrawn; the mother’s care stays',
    'the old id answers in read, history, events and Provenance as if it had never been',
  ],
});
