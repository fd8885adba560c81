/** The resources that a reference can lead to within one document. https://hl7.org/fhir/R4/references.html */
import { typeDefinition } from '../fhir/definitions.ts';
import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import type { Scope } from './faults.ts';
import { targetType } from './items.ts';

const NOTHING: ReadonlyMap<string, string> = new Map();

/** The scope of a resource, inside `outer` or by itself. A contained one sees what its container contains. */
export function scopeOf(resource: Node, outer: Scope | undefined, place: string): Scope {
  const isContained = place === 'contained' && outer !== undefined;
  if (!outer && resource.contained === undefined && resource.resourceType !== 'Bundle')
    return { resource, root: resource, types: NOTHING };
  const types = new Map(
    [...(outer?.types ?? NOTHING)].filter(([name]) => isContained || !name.startsWith('#')),
  );
  for (const one of nodesOf(resource.contained)) add(types, `#${String(one.id)}`, one);
  if (resource.resourceType === 'Bundle')
    for (const { fullUrl, resource: inner } of nodesOf(resource.entry)) add(types, fullUrl, inner);
  const bundle = resource.resourceType === 'Bundle' ? resource : outer?.bundle;
  return { resource, root: isContained ? outer.root : resource, types, ...(bundle ? { bundle } : {}) };
}

const nodesOf = (list: Json | undefined): Node[] => (Array.isArray(list) ? list.filter(isObject) : []);

function add(types: Map<string, string>, name: Json | undefined, resource: Json | undefined): void {
  if (typeof name === 'string' && isObject(resource)) types.set(name, String(resource.resourceType));
}

/** The type of the resource that a Reference leads to: that of the resource where it is in the document, else
 * the type that the Reference names, if R4 has such a type. */
export function leadsTo(reference: Node, scope: Scope | undefined): string | undefined {
  const { reference: text = null, type: said } = reference;
  const literal =
    (typeof text === 'string' ? scope?.types.get(text) : undefined) ?? targetType({ reference: text });
  if (literal !== undefined) return isResourceType(literal) ? literal : 'an unknown type';
  return typeof said === 'string' && isResourceType(said) ? said : undefined;
}

export const isResourceType = (name: string): boolean => typeDefinition(name)?.kind === 'resource';

/** Bundle types that must hold every resource that they refer to by a urn.
 * https://hl7.org/fhir/R4/bundle.html#references */
const WHOLE = new Set(['batch', 'document', 'message', 'transaction']);

/** True for a urn that the Bundle does not hold; it could be resolved nowhere else. */
export function isAstray(text: string, scope: Scope | undefined): boolean {
  return (
    scope?.bundle !== undefined &&
    WHOLE.has(String(scope.bundle.type)) &&
    text.startsWith('urn:') &&
    !scope.types.has(text)
  );
}
