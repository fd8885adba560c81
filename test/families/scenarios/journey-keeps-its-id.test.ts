/**
 * Of any family: a journey that was told keeps its id when another service begins to care for a member. Nobody who was
 * told that somebody is a member is told the contrary while she is one.
 */
import { expect } from 'vitest';
import { ago, MATERNITY } from '../../support/telling.ts';
import { tellFamily } from './family.ts';
import { care, person, ward } from './messages.ts';

const mother = person(501, 'Isolde', 'Wren', '1991-03-13');
const baby = person(502, 'Piran', 'Wren', 45);

tellFamily('a journey keeps its id', {
  services: { ...MATERNITY, perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'] },
  sent: [
    ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(80) })],
    ['the birth', ward(baby, { mother: mother.nhs })],
    ['perinatal care of the mother', care('perinatal', mother, { start: ago(40) })],
  ],
  people: ['Isolde', 'Piran'],
  journeys: ['Isolde, Piran: birth-12m'],
  relations: ['Isolde: CHILD', 'Piran: MTH'],
  also: async ({ find, told }) => {
    expect(await find('Group')).toHaveLength(1);
    expect(told('maternity')).not.toContain('member-unlinked');
  },
});
