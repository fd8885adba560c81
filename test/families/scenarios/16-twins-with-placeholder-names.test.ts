/**
 * 16. Twins, placeholder names at three places. There are never more than two confirmed infants in the journey,
 * whatever each place calls them.
 */
import type { Group, Task } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import { ago, MATERNITY } from '../../support/telling.ts';
import { tellFamily } from './family.ts';
import { birthNotification, care, person, ward } from './messages.ts';

const mother = person(331, 'Dee', 'Marlow', '1990-01-11');
const one = person(332, 'Twin 1', 'Marlow', 12);
const two = person(333, 'Twin 2', 'Marlow', 12);
const named = (who: typeof one, given: string) => ({ ...who, given, local: `${given}${who.local}` });

tellFamily('16 twins with placeholder names', {
  services: {
    ...MATERNITY,
    neonatal: ['neonatal', 'RXN', 'hl7v2-adt'],
    births: ['national', 'X26', 'birth-notification'],
    children: ['childrens-ward', 'RXW', 'hl7v2-adt'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  },
  sent: [
    ['maternity: twin 1', ward(one, { order: 1, mother: mother.nhs })],
    ['maternity: twin 2', ward(two, { order: 2, mother: mother.nhs })],
    [
      'the notification of the first: Baby 1',
      birthNotification('births', mother, { ...one, given: 'Baby 1' }, { of: 2, order: 1 }),
    ],
    [
      'the notification of the second: Baby 2',
      birthNotification('births', mother, { ...two, given: 'Baby 2' }, { of: 2, order: 2 }),
    ],
    [
      'neonatal: "Baby", the second’s number',
      ward(named(two, 'Baby'), { system: 'neonatal', day: ago(11), mother: mother.nhs }),
    ],
    ['health visiting: Ivo', care('visiting', named(one, 'Ivo'), { start: ago(3) })],
    ['health visiting: Ian', care('visiting', named(two, 'Ian'), { start: ago(3) })],
    [
      'a children’s ward: a Marlow of that day, by the mother alone',
      ward(
        { given: 'Baby', family: 'Marlow', born: one.born, local: 'CW-1' },
        { system: 'children', day: ago(2), mother: mother.nhs },
      ),
    ],
  ],
  // No chart of the one was joined to a chart of the other.
  also: async ({ find }) => {
    const babies = await find('Patient', `&birthdate=${one.born}&active=true`);
    const both = babies
      .map(({ identifier }) => JSON.stringify(identifier))
      .filter((text) => text.includes(one.nhs) && text.includes(two.nhs));
    expect(both).toEqual([]);
    expect(babies.length).toBeGreaterThanOrEqual(2);
    // Two are infants of the journey; other records may be one of them, and have neither stage nor prompt.
    const groups = (await find('Group')) as unknown as Group[];
    const [group] = groups.filter(({ member = [] }) => member.length > 1);
    const members = (group?.member ?? []).filter(({ entity }) =>
      babies.some(({ id }) => entity.reference === `Patient/${id}`),
    );
    const [infants, records] = [false, true].map((unlinked) =>
      members.flatMap(({ inactive, entity }) => (inactive === unlinked ? (entity.reference ?? '') : [])),
    );
    expect(infants).toHaveLength(2);
    expect(records?.length).toBeGreaterThan(0);
    const whose = JSON.stringify(group?.characteristic);
    for (const infant of infants ?? []) expect(whose).toContain(infant);
    for (const record of records ?? []) expect(whose).not.toContain(record);
    const asked = (await find('Task')).map((task) => (task as unknown as Task).for?.reference ?? '');
    expect(asked.filter((one) => records?.includes(one))).toEqual([]);
  },
});
