/**
 * Nobody has a record before birth. A journey says how many infants are expected, and when, to whoever sees the dates
 * of that pregnancy, until they are born; once it is lost, to maternity and to who said so.
 */
import type { Extension, Group } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import type { Household } from '../../support/household.ts';
import { ago, MATERNITY } from '../../support/telling.ts';
import { episodeOf } from '../../support/transactions.ts';
import { type Family, tellFamily } from './family.ts';
import { care, person, pregnancyOf, tables, ward } from './messages.ts';

const mother = person(451, 'Lowen', 'Trease', '1993-08-19');
const due = ago(-90);
const pregnancy = pregnancyOf(mother, { booked: ago(120), due });
const first = person(452, 'Twin 1', 'Trease', 3);
const second = person(453, 'Twin 2', 'Trease', 3);
const elder = person(454, 'Kerra', 'Trease', 700);

const SERVICES: Family['services'] = {
  ...MATERNITY,
  bookings: ['maternity', 'RXM', 'msds'],
  fetal: ['foetal-medicine', 'RXF', 'fhir-r4'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  hub: ['family-hub', 'RXH', 'fhir-r4'],
  camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
};
const BOOKED: Family['sent'] = [
  [
    'the booking, the due date and a scan of twins',
    tables('bookings', {
      MSD000Header: [{ OrgIDProvider: 'RXM', RPEndDate: ago(100) }],
      ...pregnancy,
      MSD103DatingScan: [{ PregnancyID: `G-${mother.local}`, NoFetusesDatingUltrasound: 2 }],
    }),
  ],
  ['maternity registers her', ward(mother, { event: 'A28', day: ago(119) })],
  ['perinatal cares for her', care('perinatal', mother, { start: ago(60) })],
  ['health visiting means to visit', care('visiting', mother, { start: ago(30) })],
  ['a hub has her', care('hub', mother, { start: ago(40) })],
  ['an elder child', ward(elder, { mother: mother.nhs })],
  ['CAMHS has that child in care', care('camhs', elder, { start: ago(200) })],
];

const INFANTS = 'https://skein.example/fhir/StructureDefinition/expected-infants';
/** What a service (null: the operator) reads of infants expected: how many, and when. */
async function expectedBy({ find }: Household, system?: string): Promise<unknown[]> {
  const groups = (await find('Group', '', system)) as unknown as Group[];
  const stages = groups.flatMap(({ characteristic = [] }) => characteristic);
  const counted = stages.filter(({ extension = [] }) => extension.some(({ url }) => url === INFANTS));
  return counted.map(({ extension = [] }) =>
    extension.map(({ valuePositiveInt, valueDate }: Extension) => valuePositiveInt ?? valueDate),
  );
}
const expectExpected = async (household: Household, systems: string[], what: unknown[]) => {
  for (const system of systems) expect(await expectedBy(household, system), system).toEqual(what);
};

tellFamily('two infants are expected', {
  services: SERVICES,
  sent: BOOKED,
  also: async (household) => {
    await expectExpected(household, ['bookings', 'perinatal', 'visiting'], [[2, due]]);
    expect(await expectedBy(household)).toEqual([[2, due]]);
    await expectExpected(household, ['hub', 'camhs', 'fetal'], []);
    expect(await household.find('Patient', `&birthdate=ge${ago(0)}`)).toEqual([]);
  },
  never: { hub: /expected-infants/, camhs: /expected-infants|expected-delivery/ },
});

tellFamily('the infants are born', {
  services: SERVICES,
  sent: [
    ...BOOKED,
    ['twin 1', ward(first, { order: 1, mother: mother.nhs })],
    ['twin 2', ward(second, { order: 2, mother: mother.nhs })],
  ],
  also: async (household) => {
    await expectExpected(household, ['bookings', 'perinatal', 'visiting', 'hub', 'camhs'], []);
    expect(await expectedBy(household)).toEqual([]);
  },
});

const LOSS = 'https://skein.example/fhir/StructureDefinition/pregnancy-loss';
tellFamily('the pregnancy is lost', {
  services: SERVICES,
  sent: [
    ...BOOKED,
    [
      'fetal medicine sees her, and says that it has ended',
      care('fetal', mother, {
        start: ago(20),
        more: (whom) => {
          const spell = episodeOf(whom, 'fetal', { id: `L-${mother.local}`, start: ago(19) });
          Object.assign(spell.resource, { extension: [{ url: LOSS, valueDate: ago(5) }] });
          return [spell];
        },
      }),
    ],
  ],
  also: async (household) => {
    await expectExpected(household, ['bookings', 'fetal'], [[2, due]]);
    await expectExpected(household, ['perinatal', 'visiting', 'hub', 'camhs'], []);
    expect(await expectedBy(household)).toEqual([[2, due]]);
  },
});
