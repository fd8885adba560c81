/**
 * 17. Renamed. The only child of a birth gets another family name and given name at six weeks. It is one infant, both
 * names are in its history, its number is as good as before, and nobody is told that anybody was unlinked.
 */
import { expect } from 'vitest';
import { ago, MATERNITY } from '../../support/telling.ts';
import { tellFamily } from './family.ts';
import { birthNotification, care, person, ward } from './messages.ts';

const mother = person(341, 'Orla', 'Penhale', '1994-04-14');
const born = person(342, 'Wilf', 'Penhale', 70);
const renamed = { ...born, given: 'Jago', family: 'Trevarrow' };

const everybody = (code: string) =>
  Object.fromEntries(['maternity', 'visiting', 'gp', 'infancy'].map((system) => [system, [code]]));

tellFamily('17 renamed at six weeks', {
  services: {
    ...MATERNITY,
    births: ['national', 'X26', 'birth-notification'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  },
  sent: [
    ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(200) })],
    ['the birth notification: one baby', birthNotification('births', mother, born)],
    ['maternity: the birth', ward(born, { mother: mother.nhs })],
    ['health visiting visits Wilf Penhale', care('visiting', born, { start: ago(58) })],
    ['the GP registers Jago Trevarrow', care('gp', renamed, { start: ago(27) })],
    ['parent-infant takes Jago on', care('infancy', renamed, { start: ago(10) })],
  ],
  relations: ['Jago: MTH', 'Orla: CHILD'],
  journeys: ['Jago, Orla: birth-12m'],
  people: ['Jago', 'Orla'],
  reads: { infancy: /Orla/, maternity: /Wilf/ },
  // Records that prove one infant make one journey of two: the other one is withdrawn, and nobody unlinked.
  neverHears: everybody('member-unlinked'),
  neverHearsAsTold: everybody('withdrawn'),
  also: async ({ find, skein }, order) => {
    const infants = await find('Patient', `&birthdate=${born.born}`);
    expect(infants).toHaveLength(1);
    // Served versions are of what was known then: the old name was one only where it came first.
    if (order > 0) return;
    const { body } = await skein.get(`/fhir/Patient/${infants[0]?.id}/_history`);
    for (const name of ['Wilf', 'Penhale', 'Jago', 'Trevarrow']) expect(JSON.stringify(body)).toContain(name);
  },
});
