/**
 * 6. Adoption. With the order the old number is invalidated, since the identity was changed, and a new practice
 * registers the child under a new number, name and address. It is a new person with a journey of its own: nothing links
 * it to the old one, which answers as if it had never been, nobody is asked whether they are one, and the services of
 * the birth family never learn of it.
 */
import { expect } from 'vitest';
import { ago, MATERNITY } from '../../support/telling.ts';
import { tellFamily } from './family.ts';
import { care, person, signal, ward } from './messages.ts';

const mother = person(411, 'Senara', 'Blight', '1997-07-01');
const before = person(412, 'Perran', 'Blight', 300);
const after = { ...person(413, 'Perran', 'Holloway', 300), local: 'H413' };

tellFamily('6 adoption', {
  services: {
    ...MATERNITY,
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    spine: ['national', 'X26', 'mns'],
    new_gp: ['gp', 'Y00002', 'fhir-r4'],
    new_visiting: ['health-visiting', 'RXW', 'fhir-r4'],
  },
  sent: [
    ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(400) })],
    ['the birth', ward(before, { mother: mother.nhs })],
    ['health visiting visits', care('visiting', before, { start: ago(285) })],
    ['perinatal care of the mother', care('perinatal', mother, { start: ago(280) })],
    [
      'the order: the old number is invalidated',
      signal('spine', 'nhs-number-change-2', before, {
        ...{ status: 'I', cause: 'identity-change', on: ago(30) },
      }),
    ],
    ['a new practice, after the order', care('new_gp', after, { start: ago(20) })],
    ['a new health visitor', care('new_visiting', after, { start: ago(10) })],
  ],
  people: ['Perran', 'Senara'],
  journeys: [],
  relations: [],
  reads: { perinatal: /birth-12m/ },
  readsNever: { perinatal: /Perran/, visiting: /Perran/, maternity: /Perran/ },
  hears: { perinatal: ['withdrawn'], visiting: ['withdrawn'] },
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
  also: async ({ database, find, skein }) => {
    const [old, ...others] = (
      await database.pool.query<{ key: string }>(
        `select key from statement where type = 'Patient' and content::text like $1 and system_id =
           (select id from system where name = 'visiting')`,
        [`%${before.nhs}%`],
      )
    ).rows;
    expect(others).toEqual([]);
    for (const system of ['visiting', 'perinatal', undefined]) {
      for (const path of ['', '/_history'])
        expect((await skein.get(`/fhir/Patient/${old?.key}${path}`, system)).status).toBe(404);
      expect(await find('Provenance', `&target=Patient/${old?.key}`, system)).toEqual([]);
    }
    // Nobody is asked whether two of them are one person.
    const possible =
      "select distinct kind from assertion where kind not in ('same', 'parent', 'possible-parent')";
    expect((await database.pool.query<{ kind: string }>(possible)).rows).toEqual([]);
  },
});
