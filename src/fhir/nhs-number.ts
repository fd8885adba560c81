import type { Extension, Identifier, Patient } from '@medplum/fhirtypes';
import { isFormer } from './current.ts';
import { NHS_NUMBER } from './systems.ts';

/** Ten digits, Modulus 11 check digit, not one digit ten times (those pass the sum). Spaces are the caller's
 * business. https://www.datadictionary.nhs.uk/attributes/nhs_number.html */
export function isValidNhsNumber(value: string): boolean {
  if (!/^\d{10}$/.test(value) || /^(\d)\1{9}$/.test(value)) return false;
  let sum = 0;
  for (let index = 0; index < 9; index += 1) sum += Number(value[index]) * (10 - index);
  const check = (11 - (sum % 11)) % 11;
  return check === Number(value[9]);
}

const VERIFIED = new Set(['01', 'number-present-and-verified']);
/** What a number that was traced has (UK Core, NHSNumberVerificationStatus). */
export const VERIFIED_NUMBER: Extension = {
  url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus',
  valueCodeableConcept: {
    coding: [
      {
        system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland',
        code: '01',
        display: 'Number present and verified',
      },
    ],
  },
};
const VERIFICATION = /NHSNumberVerificationStatus(-1)?$/;

/** The one that is the patient's now, else one that was. */
export function nhsNumber({ identifier }: Patient): Identifier | undefined {
  const numbers = identifier?.filter(({ system }) => system === NHS_NUMBER);
  return numbers?.find((one) => !isFormer(one)) ?? numbers?.[0];
}

export const hasStatus = ({ extension }: Identifier): boolean =>
  extension?.some(({ url }) => VERIFICATION.test(url)) === true;

export function withoutStatus({ extension = [], ...number }: Identifier): Identifier {
  const rest = extension.filter(({ url }) => !VERIFICATION.test(url));
  return rest.length > 0 ? { ...number, extension: rest } : number;
}

/** Valid Modulus 11, no repeated digit, and said by the sender to be verified or traced. */
export function isVerified(number: Identifier): boolean {
  const status = number.extension?.find(({ url }) => VERIFICATION.test(url))?.valueCodeableConcept?.coding;
  return isValidNhsNumber(number.value ?? '') && (status ?? []).some(({ code }) => VERIFIED.has(code ?? ''));
}
