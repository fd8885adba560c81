/**
 * 18. Extracts without names. MSDS says the booking and the birth, MHSDS the referral of the mother, with verified
 * numbers and no names; ADT with names comes last. One mother, one infant, one journey. A stillbirth that MSDS alone
 * says reaches every service with a planned contact.
 */
import { expect } from 'vitest';
import { ago, MATERNITY } from '../../support/telling.ts';
import { chart, contactOf, episodeOf } from '../../support/transactions.ts';
import { type Family, tellFamily } from './family.ts';
import { booking, care, person, pregnancyOf, said, tables, ward } from './messages.ts';

const mother = person(351, 'Roza', 'Lind', '1992-02-25');
const baby = person(352, 'Ebba', 'Lind', 40);

const services: Family['services'] = {
  ...MATERNITY,
  msds: ['maternity', 'RXM', 'msds'],
  mhsds: ['specialist-perinatal', 'RXP', 'mhsds'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  hub: ['family-hub', 'RXH', 'fhir-r4'],
};
const registered = { MSD000Header: [{ OrgIDProvider: 'RXM', RPEndDate: ago(30) }] };
const pregnant = { booked: ago(230), due: ago(38) };
const birth = (outcome: '01' | '02') => ({
  MSD301LabourDelivery: [
    { LabourDeliveryID: 'L-351', PregnancyID: `G-${mother.local}`, LabourOnsetDate: baby.born },
  ],
  MSD401BabyDemographics: [
    {
      ...{
        LPIDBaby: 'B-351',
        LabourDeliveryID: 'L-351',
        PersonBirthDateBaby: baby.born,
        PregOutcome: outcome,
      },
      ...(outcome === '01' ? { NHSNumberBaby: baby.nhs, NHSNumberStatusBaby: '01' } : {}),
      ...{ PersonPhenSex: '2', BirthOrderMaternitySUS: '1' },
    },
  ],
});
const mentalHealth = {
  MHS000Header: [{ OrgIDProvider: 'RXP', ReportingPeriodEndDate: ago(5) }],
  MHS001MPI: [
    { LocalPatientID: 'P-351', PersonBirthDate: mother.born, NHSNumber: mother.nhs, NHSNumberStatus: '01' },
  ],
  MHS101Referral: [
    {
      ServiceRequestID: 'R-351',
      LocalPatientID: 'P-351',
      ReferralRequestReceivedDate: ago(35),
      CareProfTeamLocalID: 'mhsds',
    },
  ],
  MHS201CareContact: [
    { CareContactID: 'C-351', ServiceRequestID: 'R-351', CareContDate: ago(12), AttendStatus: '5' },
  ],
};

tellFamily('18 extracts without names, and names last', {
  services,
  sent: [
    ['MSDS: the booking', booking('msds', mother, { ...pregnant, made: ago(200) })],
    ['MSDS: the birth', tables('msds', { ...registered, ...pregnancyOf(mother, pregnant), ...birth('01') })],
    ['MHSDS: the mother was referred, and seen', tables('mhsds', mentalHealth)],
    ['maternity, by name: the mother', ward(mother, { event: 'A28', day: ago(4) })],
    ['maternity, by name: the baby', ward(baby, { event: 'A28', day: ago(3), mother: mother.nhs })],
  ],
  people: ['Ebba', 'Roza'],
  journeys: ['Ebba, Roza: birth-12m'],
  relations: ['Ebba: MTH', 'Roza: CHILD'],
  reads: { mhsds: /Ebba/ },
  also: async ({ find }) =>
    expect((await find('Group')).filter(({ active }) => active === true)).toHaveLength(1),
});

const seenAt = chart('clinic', mother);
const visit = contactOf(seenAt, 'clinic', 'P-clinic', ago(-14));
Object.assign(visit.resource, { status: 'planned' });
const appointment = said('clinic', [seenAt, visit], ago(60));
const patientOf = chart('practice', mother);
const planned = episodeOf(patientOf, 'practice', { id: 'E-practice', status: 'planned', start: ago(-20) });
const expected = said('practice', [patientOf, planned], ago(60));

tellFamily('18 a stillbirth that MSDS alone says', {
  services: {
    ...services,
    perinatal: ['specialist-perinatal', 'RXZ', 'fhir-r4'],
    clinic: ['health-visiting', 'RXW', 'fhir-r4'],
    practice: ['gp', 'Y00001', 'fhir-r4'],
  },
  sent: [
    ['MSDS: the booking', booking('msds', mother, { ...pregnant, made: ago(200) })],
    [
      'health visiting means to visit the mother',
      care('visiting', mother, { start: ago(60), planned: ago(-10) }),
    ],
    ['the hub means to see the mother', care('hub', mother, { start: ago(60), planned: ago(-12) })],
    ['a clinic has an appointment with the mother, and no care of her yet', appointment],
    ['a practice expects to take her on', expected],
    ['a perinatal team cares for the mother', care('perinatal', mother, { start: ago(100) })],
    [
      'MSDS: the stillbirth',
      tables('msds', { ...registered, ...pregnancyOf(mother, pregnant), ...birth('02') }),
    ],
  ],
  hears: { visiting: ['contact-stop'], hub: ['contact-stop'], perinatal: ['contact-stop', 'loss'] },
  hearsAlways: Object.fromEntries(
    ['visiting', 'hub', 'perinatal', 'clinic', 'practice'].map((system) => [system, ['contact-stop']]),
  ),
  neverHears: { hub: ['loss'] },
});
