import { evalFhirPath, type FhirPathAtom, LRUCache, parseFhirPath } from '@medplum/core';
import { PathError } from './run.ts';

/** Parsed expressions: parsing costs many times more than evaluating. A mapping has tens of them. */
const cache = new LRUCache<FhirPathAtom>(500);

/** FHIRPath, for `when` and `expr` only: plain paths are some 50 times faster. */
export function evaluate(expression: string, node: unknown): unknown[] {
  return evalFhirPath(expression, node, {}, cache);
}

/** Throws PathError where it cannot be read. */
export function checkExpression(expression: string): void {
  try {
    parseFhirPath(expression);
  } catch (error) {
    throw new PathError(`"${expression}" is not FHIRPath: ${error instanceof Error ? error.message : String(error)}`);
  }
}
