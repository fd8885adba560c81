import type { Extension } from '@medplum/fhirtypes';
import type { ExpectedSource } from '../model.ts';
import { EXPECTED_DELIVERY, EXPECTED_INFANTS } from './systems.ts';

/**
 * Nobody has a record before birth: of a pregnancy its journey says how many infants are expected, and when,
 * as extensions of that stage. What was said last stands (`said` is in that order); it is one infant where
 * nobody said how many.
 */
export function composeExpected(said: ExpectedSource[]): Extension[] {
  const infants = said.findLast((one) => one.infants !== undefined)?.infants ?? 1;
  const due = said.findLast((one) => one.due !== undefined)?.due;
  return [
    { url: EXPECTED_INFANTS, valuePositiveInt: infants },
    ...(due ? [{ url: EXPECTED_DELIVERY, valueDate: due }] : []),
  ];
}
