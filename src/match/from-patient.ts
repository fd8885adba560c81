import type { Patient } from '@medplum/fhirtypes';
import { isFormer } from '../fhir/current.ts';
import { NHS_NUMBER } from '../fhir/systems.ts';
import { type MatchRecord, readRecord } from './record.ts';

type Said = {
  id: string;
  /** Whoever said it: two of one source are two people, where it has a record of each. */
  source?: string;
  /** Its NHS number counts as verified. */
  verified: boolean;
  /** yyyy-mm-dd, or an instant: on which day somebody is a child or an adult. */
  asOf: string;
};

/**
 * A FHIR Patient as the scorer reads it: its official name, else its first; its first address; all phones.
 */
export function readPatient(patient: Patient, { id, source = '', verified, asOf }: Said): MatchRecord {
  const { identifier = [], name = [], address = [], telecom = [], gender, birthDate } = patient;
  const number = identifier.find(({ system }) => system === NHS_NUMBER)?.value;
  const called =
    name.find(({ use }) => use === 'official' || use === 'usual') ?? name.find((one) => !isFormer(one));
  const [home] = address.filter((one) => !isFormer(one));
  const { multipleBirthBoolean: multipleBirth, multipleBirthInteger: birthOrder } = patient;
  return readRecord(
    {
      ...{ id, source, verified, birthDate, sex: gender, birthOrder },
      multipleBirth: multipleBirth ?? (birthOrder === undefined ? undefined : true),
      nhsNumber: number,
      given: called?.given?.map((given) => given ?? ''),
      family: called?.family,
      addressLine: home?.line?.[0],
      postcode: home?.postalCode,
      phones: telecom.flatMap(({ system, value }) => (system === 'email' ? [] : (value ?? []))),
    },
    asOf.slice(0, 10),
  );
}
