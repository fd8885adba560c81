/**
 * What is asked of the national record, and whether its answer is that person: by our own comparison, not by
 * its score.
 */
import type { Patient } from '@medplum/fhirtypes';
import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../fhir/systems.ts';
import { readPatient } from '../match/from-patient.ts';
import type { MatchRecord } from '../match/record.ts';

/**
 * As the sender wrote it. `number` is one that it gave and did not verify: then the record of that number is
 * asked for. Else `postcode`, or where there is none `sex`, goes with name and birth date.
 */
export type Demographics = {
  family: string;
  given: string;
  birthDate: string;
  sex?: 'male' | 'female';
  postcode?: string;
  number?: string;
};

/**
 * Null where it is too little: no full name, no birth date or a default one, nothing that bears them out; or
 * where no search may decide, of a child of a multiple birth (matching.md).
 */
export function demographicsOf(patient: Patient, asOf: string): Demographics | null {
  const record = recordOf(patient, asOf);
  const { birthDate, sex, postcode, plurality } = record;
  const name = usualName(patient);
  const [given] = name?.given ?? [];
  const full = record.given[0] !== undefined && record.given[0].length > 1 && record.family.length > 0;
  if (!full || !name?.family || !given || !birthDate || plurality === 'several') return null;
  const said =
    patient.identifier?.find(({ system }) => system === NHS_NUMBER)?.value?.replace(/\s/g, '') ?? '';
  const number = isValidNhsNumber(said) ? said : undefined;
  if (!number && !postcode && !sex) return null;
  return {
    ...{ family: name.family, given, birthDate },
    ...(sex ? { sex } : {}),
    ...(postcode ? { postcode: spaced(postcode) } : {}),
    ...(number ? { number } : {}),
  };
}

/**
 * Birth date, family name and first given name are the same, and neither further given names nor sex nor
 * (where no number was given) postcode speak against it. Nicknames and near spellings are for people.
 */
export function isSamePerson(ours: Patient, theirs: Patient, asOf: string): boolean {
  const [one, other] = [recordOf(ours, asOf), recordOf(theirs, asOf)];
  const [fewer, more] = [one.given, other.given].sort((a, b) => a.length - b.length) as [string[], string[]];
  return (
    one.birthDate !== undefined &&
    one.birthDate === other.birthDate &&
    one.family.length > 0 &&
    one.family.join(' ') === other.family.join(' ') &&
    fewer.length > 0 &&
    fewer.every((word, n) => word === more[n]) &&
    agrees(one.sex, other.sex) &&
    (one.number !== undefined || agrees(one.postcode, other.postcode))
  );
}

const agrees = (a: string | undefined, b: string | undefined) =>
  a === undefined || b === undefined || a === b;

/** Former names and nicknames are not compared: what is asked for is who somebody is now. */
const usualName = ({ name = [] }: Patient) =>
  name.find(({ use }) => use === 'usual' || use === 'official') ?? name.find(({ use }) => use === undefined);

function recordOf(patient: Patient, asOf: string): MatchRecord {
  const name = usualName(patient);
  return readPatient({ ...patient, name: name ? [name] : [] }, { id: '', verified: false, asOf });
}

const spaced = (postcode: string) => postcode.replace(/^(.+)(.{3})$/, '$1 $2');
