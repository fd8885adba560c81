import type { Patient, RelatedPerson } from '@medplum/fhirtypes';
import type { ResourceRow } from '../../model.ts';
import { decide, type Grants, highest, reaches } from '../decide/decide.ts';
import { pick } from './coded.ts';
import { staysInside } from './project-care.ts';

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const ETHNICITY = /\/Extension-UKCore-EthnicCategory$/;
const FULL = [
  'gender',
  'communication',
  'deceasedBoolean',
  'deceasedDateTime',
  'multipleBirthBoolean',
  'multipleBirthInteger',
] as const;

/**
 * Category DEM. E: there is such a person; S: name, birth date; F: the rest. Address and telephone wait for CON and a safe-contact
 * instruction: none can be recorded yet, and unknown means that no contact details are released (sharing ground rule 9).
 */
export function projectPatient(grants: Grants, row: ResourceRow, ods: string): Patient | null {
  const patient = row.content as Patient;
  const [person = '', survivor = ''] = row.persons;
  // One that was merged away still answers those who may know of the person it went into; a charity's own row answers the charity.
  const replaced = patient.active === false && patient.link?.[0]?.type === 'replaced-by';
  const merged = replaced && !staysInside(grants, row);
  const level = highest([decide(grants, 'DEM', person), merged ? decide(grants, 'DEM', survivor) : '-']);
  if (level === '-') return null;
  const seen: Patient = { resourceType: 'Patient', ...pick(patient, ['id', 'active']) };
  const link = visibleLinks(grants, patient, row.persons);
  if (link.length > 0) seen.link = link;
  if (reaches(level, 'S')) Object.assign(seen, pick(patient, ['name', 'birthDate']));
  if (reaches(level, 'F'))
    Object.assign(seen, pick(patient, FULL), fullParts(grants, patient, { person, ods }));
  return seen;
}

/** A link shows that there is another person: `persons[n + 1]` of the row is the one that link n leads to. */
function visibleLinks(grants: Grants, patient: Patient, persons: string[]): NonNullable<Patient['link']> {
  return (patient.link ?? []).filter((_, index) =>
    reaches(decide(grants, 'DEM', persons[index + 1] ?? ''), 'E'),
  );
}

/** An identifier of another organisation's also says that it is involved. */
function fullParts(
  grants: Grants,
  patient: Patient,
  { person, ods }: { person: string; ods: string },
): Partial<Patient> {
  const involved = decide(grants, 'INV', person) === 'F';
  const identifier = (patient.identifier ?? []).filter(
    ({ system }) => system === NHS_NUMBER || system === `https://skein.example/Id/${ods}` || involved,
  );
  const extension = (patient.extension ?? []).filter(({ url }) => ETHNICITY.test(url));
  return { ...(identifier.length > 0 ? { identifier } : {}), ...(extension.length > 0 ? { extension } : {}) };
}

/** Category DEM of both persons. Somebody who is no person of this store is third-party content and stays with its author. */
export function projectRelatedPerson(grants: Grants, row: ResourceRow): RelatedPerson | null {
  const related = row.content as RelatedPerson;
  const [patient = '', other = ''] = row.persons;
  if (![patient, other].every((person) => reaches(decide(grants, 'DEM', person), 'E'))) return null;
  const relationship = related.relationship?.map(({ coding }) => ({
    coding: coding?.map((code) => pick(code, ['system', 'code'])),
  }));
  const seen: RelatedPerson = {
    resourceType: 'RelatedPerson',
    ...pick(related, ['id', 'active', 'patient', 'period']),
    ...(relationship ? { relationship } : {}),
  };
  if (decide(grants, 'DEM', other) === 'F')
    Object.assign(seen, pick(related, ['name', 'birthDate', 'gender', 'identifier']));
  return seen;
}
