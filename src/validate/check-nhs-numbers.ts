import { isValidNhsNumber } from '../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../fhir/systems.ts';
import { isObject, type Node } from '../formats/tree.ts';
import type { Fault } from './faults.ts';

/** Warns of an NHS number that fails its check digit. It is kept, and linking does not use it. */
export function checkNhsNumbers({ resourceType, identifier }: Node): Fault[] {
  return (Array.isArray(identifier) ? identifier : []).flatMap((one, index) => {
    const { system, value } = isObject(one) ? one : {};
    if (system !== NHS_NUMBER || typeof value !== 'string' || isValidNhsNumber(value)) return [];
    const expression = `${String(resourceType)}.identifier[${index}].value`;
    return {
      severity: 'warning',
      code: 'value',
      expression,
      text: 'is not a valid NHS number; it is kept and not used to link',
    };
  });
}
