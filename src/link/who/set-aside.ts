import { compareGiven } from '../../match/names.ts';
import { givenNames, isCompatible, type PatientState } from './charts.ts';

/**
 * Whose word on a number gives way when people say that the number is good: charts that somebody contradicts
 * and no other system bears out. Null where no two systems agree at all, so that only people can tell.
 */
export function chooseSetAside<Chart extends PatientState>(claims: Chart[]): Chart[] | null {
  const borneOut = claims.filter((one) => claims.some((other) => bearsOut(one, other)));
  if (borneOut.length === 0) return null;
  return claims.filter(
    (one) => !borneOut.includes(one) && borneOut.some((other) => !isCompatible(one.content, other.content)),
  );
}

const bearsOut = (one: PatientState, other: PatientState): boolean =>
  one.systemId !== other.systemId &&
  one.content.birthDate === other.content.birthDate &&
  compareGiven(givenNames(one.content), givenNames(other.content)) === 'agree';
