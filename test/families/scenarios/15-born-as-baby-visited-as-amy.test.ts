/**
 * 15. Born as "Baby", visited as "Amy". One number, one birth date. Where the birth notification says that one baby was
 * born, they are one infant. Without it they are two charts for a reviewer, and a death that maternity writes under
 * "Baby" nevertheless stops health visiting's contacts.
 */
import { expect } from 'vitest';
import { ago, journeys, MATERNITY, people, waiting } from '../../support/telling.ts';
import { type Family, tellFamily } from './family.ts';
import { birthNotification, care, person, ward } from './messages.ts';

const mother = person(321, 'Hetty', 'Vine', '1995-01-20');
const baby = person(322, 'Baby', 'Vine', 20);
const amy = { ...baby, given: 'Amy' };

const services: Family['services'] = {
  ...MATERNITY,
  births: ['national', 'X26', 'birth-notification'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
};
const born: Family['sent'] = [
  ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(200) })],
  ['the birth, before there is a name', ward(baby, { mother: mother.nhs })],
  [
    'health visiting visits Amy, and means to again',
    care('visiting', amy, { start: ago(9), planned: ago(-7) }),
  ],
];

tellFamily('15 one baby was born, says the notification', {
  services,
  sent: [...born, ['the birth notification: one baby', birthNotification('births', mother, baby)]],
  relations: ['Amy: MTH', 'Hetty: CHILD'],
  also: async (household) => {
    expect(await people(household)).toHaveLength(2);
    expect(await journeys(household)).toEqual(['Amy, Hetty: birth-12m']);
  },
});

tellFamily('15 nobody says how many were born', {
  services,
  sent: [
    ...born,
    ['maternity: Baby has died', ward(baby, { event: 'A08', day: ago(2), died: ago(2), mother: mother.nhs })],
  ],
  people: ['Amy', 'Baby', 'Hetty'],
  hearsAlways: { visiting: ['contact-stop'] },
  neverHears: { visiting: ['member-linked'] },
  never: { visiting: /Hetty/ },
  also: async (household) => {
    const { find } = household;
    const stops = '&_tag=https://skein.example/fhir/CodeSystem/stage|contact-stop';
    expect(await find('Encounter', stops, 'visiting')).toMatchObject([{ status: 'planned' }]);
    expect(await waiting(household)).toEqual(['possible-duplicate: Amy, Baby']);
  },
});
