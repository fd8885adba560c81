/**
 * 26. A national signal. The mother's number is replaced as a duplicate: everybody who knew the old one sees one person
 * and is told once. Her child's is invalidated by a change of identity instead: nobody finds the child any more, the
 * birth family's care goes on, and who comes to be known by the new number is somebody else.
 */
import { expect } from 'vitest';
import type { Household } from '../../support/household.ts';
import { ago, MATERNITY } from '../../support/telling.ts';
import { type Family, tellFamily } from './family.ts';
import { care, person, signal, ward } from './messages.ts';

const services: Family['services'] = {
  ...MATERNITY,
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  spine: ['national', 'X26', 'mns'],
};
const CHANGE = 'nhs-number-change-2';

const mother = person(501, 'Wenna', 'Trevail', '1993-05-06');
const renumbered = { ...mother, nhs: person(502, '', '', '').nhs, local: 'W502' };
const baby = person(503, 'Kitto', 'Trevail', 60);

const byNumber = ({ find }: Household, number: string, system?: string) =>
  find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${number}`, system);

tellFamily('26 a number replaced as a duplicate', {
  services,
  sent: [
    ['maternity registers the mother under the old number', ward(mother, { event: 'A28', day: ago(90) })],
    ['the birth', ward(baby, { mother: mother.nhs })],
    ['perinatal care under the old number', care('perinatal', mother, { start: ago(50) })],
    ['health visiting under the new one', care('visiting', renumbered, { start: ago(40) })],
    ['the old number is replaced', signal('spine', CHANGE, mother, { status: 'R', by: renumbered })],
  ],
  people: ['Kitto', 'Wenna'],
  journeys: ['Kitto, Wenna: birth-12m'],
  relations: ['Kitto: MTH', 'Wenna: CHILD'],
  hears: { visiting: ['person-merged'] },
  neverHears: { spine: [] },
  reads: { perinatal: new RegExp(renumbered.nhs), maternity: new RegExp(renumbered.nhs) },
  also: async (household, order) => {
    for (const system of ['perinatal', 'visiting', undefined])
      for (const { nhs } of [mother, renumbered])
        expect((await byNumber(household, nhs, system)).filter(({ active }) => active)).toHaveLength(1);
    if (order > 0) return;
    expect(household.told('visiting').filter((code) => code === 'person-merged')).toHaveLength(1);
  },
});

tellFamily('26 a number replaced by what the signal does not say, and a sender does', {
  services,
  sent: [
    ['maternity registers the mother under the old number', ward(mother, { event: 'A28', day: ago(90) })],
    ['perinatal care under the old number', care('perinatal', mother, { start: ago(50) })],
    ['the old number is replaced', signal('spine', CHANGE, mother, { status: 'R', on: ago(30) })],
    [
      'maternity gives the new number',
      ward({ ...mother, nhs: renumbered.nhs }, { event: 'A31', day: ago(20) }),
    ],
    ['health visiting under the new one', care('visiting', renumbered, { start: ago(10) })],
  ],
  people: ['Wenna'],
});

const child = person(504, 'Jory', 'Keast', 300);
const birthMother = person(505, 'Elowen', 'Keast', '1998-01-02');
const adopted = { ...person(506, 'Jory', 'Hendra', 300), local: 'H506' };

tellFamily('26 a number invalidated by an identity change', {
  services: {
    ...services,
    new_gp: ['gp', 'Y00003', 'fhir-r4'],
    new_visiting: ['health-visiting', 'RXW', 'fhir-r4'],
  },
  sent: [
    ['maternity registers the mother', ward(birthMother, { event: 'A28', day: ago(400) })],
    ['the birth', ward(child, { mother: birthMother.nhs })],
    ['health visiting visits', care('visiting', child, { start: ago(285) })],
    ['perinatal care of the mother', care('perinatal', birthMother, { start: ago(280) })],
    [
      'the number is invalidated, since the identity was changed',
      signal('spine', CHANGE, child, { status: 'I', cause: 'identity-change', on: ago(30) }),
    ],
    ['a new practice', care('new_gp', adopted, { start: ago(20) })],
    ['a new health visitor', care('new_visiting', adopted, { start: ago(10) })],
    [
      'health visiting writes under the old number',
      care('visiting', child, { start: ago(285), contact: ago(5) }),
    ],
  ],
  people: ['Elowen', 'Jory'],
  readsNever: { visiting: /Jory|Keast/, maternity: /Jory/ },
  never: {
    perinatal: new RegExp(`Hendra|${adopted.nhs}|new_gp|new_visiting`),
    new_gp: new RegExp(`Keast|${child.nhs}|Elowen`),
    new_visiting: new RegExp(`Keast|${child.nhs}|Elowen`),
  },
  hears: { visiting: ['withdrawn'], perinatal: ['withdrawn'], maternity: ['withdrawn'] },
  neverHears: { new_gp: ['withdrawn', 'person-merged', 'member-unlinked'], spine: [] },
  neverHearsAsTold: { visiting: ['person-merged', 'person-unmerged'] },
  also: async (household) => {
    const { database, skein, find } = household;
    expect(await byNumber(household, child.nhs)).toEqual([]);
    expect((await find('EpisodeOfCare', '', 'perinatal')).length).toBeGreaterThan(0);
    const { rows } = await database.pool.query<{ key: string }>(
      `select key from statement where type = 'Patient' and content::text like '%' || $1 || '%'`,
      [child.nhs],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { key } of rows)
      for (const system of ['visiting', 'maternity', undefined]) {
        const unknown = '00000000-0000-4000-8000-00000000dead';
        for (const path of ['', '/_history', '/_history/1']) {
          const [frozen, never] = await Promise.all(
            [key, unknown].map((id) => skein.get(`/fhir/Patient/${id}${path}`, system)),
          );
          expect(frozen?.status).toBe(404);
          expect(JSON.stringify(frozen?.body).replaceAll(key, unknown)).toBe(JSON.stringify(never?.body));
        }
        expect(await find('Provenance', `&target=Patient/${key}`, system)).toEqual([]);
      }
    const possible = "select kind from assertion where kind like 'possible-same'";
    expect((await database.pool.query(possible)).rows).toEqual([]);
  },
});
