/** Checks invariants with FHIRPath: the standard's, except those that invariants.ts checks faster, and those
 * of profiles. */
import { evalFhirPathTyped, type FhirPathAtom, parseFhirPath, type TypedValue } from '@medplum/core';
import type { Constraint, TypeDefinition } from '../fhir/definitions.ts';
import type { Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import { fault, type Scope, type Walk } from './faults.ts';
import { INVARIANTS } from './invariants.ts';
import type { Constraint as Parsed } from './read-differential.ts';

const formalOf = new Map<TypeDefinition, Constraint[]>();
const parsed = new Map<string, FhirPathAtom>();

export function checkInvariants(type: string, definition: TypeDefinition, object: Node, walk: Walk): void {
  const own = INVARIANTS[type] ?? [];
  for (const { key, text, holds } of own) if (!holds(object)) fault(walk, 'invariant', `${text} (${key})`);
  let formal = formalOf.get(definition);
  if (!formal) {
    formal = (definition.constraints ?? []).filter(({ key }) => own.every((one) => one.key !== key));
    formalOf.set(definition, formal);
  }
  checkConstraints(formal, { type, value: object }, walk);
}

/** Checks the standard's invariants of one value. */
export function checkConstraints(constraints: readonly Constraint[], self: TypedValue, walk: Walk): void {
  for (const { key, text, expression, warning } of constraints) {
    let atom = parsed.get(expression);
    if (!atom) {
      atom = parseFhirPath(expression);
      parsed.set(expression, atom);
    }
    tellOf({ key, text, warning: warning === true, holds: atom }, self, walk, walk.scope);
  }
}

/** Adds a fault where an invariant does not hold, and a note where that cannot be known. */
export function tellOf(
  { key, text, warning, holds }: Parsed,
  self: TypedValue,
  walk: Walk,
  scope: Scope | undefined,
): void {
  const held = evaluate(holds, self, scope);
  if (held === undefined) fault(walk, 'not-supported', `${key} could not be checked`, 'information');
  // An empty result counts as false, as in the standard's own validator; but a warning is not given about an
  // absent element.
  else if (held !== true && !(warning && held === null))
    fault(walk, 'invariant', `${text} (${key})`, warning ? 'warning' : undefined);
}

const typed = (resource: Node): TypedValue => ({ type: String(resource.resourceType), value: resource });

/** Null where the expression gives nothing, undefined where it cannot be evaluated. */
function evaluate(
  expression: FhirPathAtom,
  self: TypedValue,
  scope: Scope | undefined,
): boolean | null | undefined {
  const { resource, root } = scope ?? { resource: self.value as Node, root: self.value as Node };
  const variables = {
    '%resource': typed(resource),
    '%rootResource': typed(root),
    '%context': self,
    '%ucum': { type: 'string', value: 'http://unitsofmeasure.org' },
  };
  try {
    const result: { value: Json }[] = evalFhirPathTyped(expression, [self], variables);
    return result.length === 0 ? null : result.every(({ value }) => value === true);
  } catch {
    return undefined;
  }
}
