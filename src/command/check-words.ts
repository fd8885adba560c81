/** Words of a command line that are wrong as they stand, whatever the store holds. Nothing typed is repeated:
 * a number in place of an id may be somebody's. */
import { isId } from '../fhir/ids.ts';
import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import { WrongUse } from './wrong-use.ts';

/** Throws WrongUse. */
export function checkNumber(number: string): void {
  if (!isValidNhsNumber(number.replace(/\s/g, ''))) throw new WrongUse('NUMBER is no valid NHS number');
}

/** By the name of each in the help. Throws WrongUse. */
export function checkIds(given: Record<string, string>): void {
  for (const [name, id] of Object.entries(given))
    if (!isId(id.toLowerCase()))
      throw new WrongUse(`${name} is no id, as 5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f is one`);
}
