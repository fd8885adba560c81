import { evalFhirPath, type FhirPathAtom, LRUCache } from '@medplum/core';

/** Parsed expressions: parsing costs many times more than evaluating. A mapping has tens of them. */
const cache = new LRUCache<FhirPathAtom>(500);

/** FHIRPath, for `when` and `expr` only: plain paths are some 50 times faster. */
export function evaluate(expression: string, node: unknown): unknown[] {
  return evalFhirPath(expression, node, {}, cache);
}
