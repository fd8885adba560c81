import type { Patient } from '@medplum/fhirtypes';
import { isVerified } from '../../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import { compareGiven, isFullName } from '../../match/names.ts';
import type { StatementState } from '../../store/facts.ts';

/**
 * `traced`: its number was found by tracing, kept by that service of Skein's own; `said` is what its sender
 * says.
 */
export type PatientState = StatementState & { content: Patient; traced?: { by: string; said: Patient } };

/**
 * One human being: the charts that are the same person, oldest first. Its id is the one given first. `died`:
 * the FHIR date of a death that was told nationally of its number; `mayHaveDied`: of a number that several
 * have, or not said by a registrar. `frozen`: of an identity that was changed.
 */
export type Person = {
  id: string;
  charts: PatientState[];
  died?: string;
  mayHaveDied?: string;
  frozen?: boolean;
};
/** The same, whoever was seen first. */
export const leastKey = ({ charts }: Person): string => charts.map(({ key }) => key).sort()[0] ?? '';

/** `service`: whose word the key is from. */
export type PersonOf = (key: string | null, service?: string) => Person | undefined;
export type IsOwnPatient = (person: Person, service: string) => boolean;
/** Two charts found to be one person. */
export type Pair = [one: string, other: string];
export const pairName = (one: string, other: string): string => `${one} ${other}`;

/** The number that a chart claims, as digits: senders of another weight claim it under another key. */
export const verifiedNumber = ({ ref, content }: PatientState): string | undefined =>
  ref === null ? undefined : content.identifier?.find(({ system }) => system === NHS_NUMBER)?.value;

/** The number that a chart gives as verified, whatever that counts for. */
export function saidNumber({ content }: { content: Patient }): string | undefined {
  const number = content.identifier?.find(({ system }) => system === NHS_NUMBER);
  return number && isVerified(number) ? number.value : undefined;
}

/** Given name and birth date are there to agree on; a placeholder baby only with a known plurality of one. */
export function isLinkable({ content }: PatientState): boolean {
  if (!content.birthDate || content.birthDate.length < 10) return false;
  return isFullName(givenNames(content)) || content.multipleBirthBoolean === false;
}

export const givenNames = (patient: Patient): string[] =>
  (patient.name ?? []).flatMap(({ given }) => given ?? []);

export function isCompatible(a: Patient, b: Patient): boolean {
  return isSameDate(a.birthDate, b.birthDate) && compareGiven(givenNames(a), givenNames(b)) !== 'conflict';
}

/** The first and the second of one birth: often nothing else of them differs but their numbers. */
export const isTwinOf = (
  { multipleBirthInteger: a }: Patient,
  { multipleBirthInteger: b }: Patient,
): boolean => a !== undefined && b !== undefined && a !== b;

/** As far as both say: a month is any of its days, and none is any. */
export const isSameDate = (a = '', b = ''): boolean => a.startsWith(b) || b.startsWith(a);

/** The most exact date given; the charts of one person do not contradict one another. */
export const bornOn = ({ charts }: Person): string =>
  charts.map(({ content }) => content.birthDate ?? '').sort((a, b) => b.length - a.length)[0] ?? '';
