/** Checks contained resources (dom-2 to dom-5) and local references to them (ref-1).
 * https://hl7.org/fhir/R4/references.html#contained */

import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import type { Fault } from './faults.ts';

/** Checks one resource; what a Bundle or Parameters hold is checked by itself. */
export function checkContained(resource: Node): Fault[] {
  const type = String(resource.resourceType);
  const { contained: list } = resource;
  const contained = (Array.isArray(list) ? list : []).filter(isObject);
  const found = localReferences(resource, type, resource);
  const known = new Set(['#', ...contained.map(({ id }) => `#${String(id)}`)]);
  const faults = found
    .filter(({ name, isReference }) => isReference && !known.has(name))
    .map(({ expression }) => invariant(expression, 'refers to nothing that it contains (ref-1)'));
  const used = new Set(found.map(({ name }) => name));
  for (const [index, one] of contained.entries()) {
    const wrong = containedFault(one, contained.slice(0, index), used);
    if (wrong) faults.push(invariant(`${type}.contained[${index}]`, wrong));
  }
  return faults;
}

const invariant = (expression: string, text: string): Fault => ({ code: 'invariant', expression, text });

function containedFault(
  { id, contained, meta }: Node,
  before: Node[],
  used: ReadonlySet<string>,
): string | undefined {
  if (id === undefined) return 'has no id to be referred to by';
  if (before.some((other) => other.id === id)) return 'has the id of another';
  if (contained !== undefined) return 'contains resources itself (dom-2)';
  if (isObject(meta) && (meta.versionId !== undefined || meta.lastUpdated !== undefined))
    return 'has a version or time of its own (dom-4)';
  if (isObject(meta) && meta.security !== undefined) return 'has security labels of its own (dom-5)';
  return used.has(`#${String(id)}`) || used.has('#') ? undefined : 'is referred to by nothing (dom-3)';
}

type Local = { name: string; expression: string; isReference: boolean };

/** `#id` of a Reference, or of a uri or canonical beside it. */
function localReferences(value: Json | undefined, expression: string, whole: Node): Local[] {
  if (Array.isArray(value))
    return value.flatMap((entry, index) => localReferences(entry, `${expression}[${index}]`, whole));
  if (!isObject(value) || isOther(value, whole)) return [];
  return Object.entries(value).flatMap(([name, inner]): Local[] =>
    typeof inner === 'string'
      ? inner.startsWith('#')
        ? [{ name: inner, expression, isReference: name === 'reference' }]
        : []
      : localReferences(inner, `${expression}.${name}`, whole),
  );
}

/** Of another resource inside it, which contains things of its own. */
function isOther(value: Node, whole: Node): boolean {
  const { contained } = whole;
  const isOwn = value === whole || (Array.isArray(contained) && contained.includes(value));
  return typeof value.resourceType === 'string' && !isOwn;
}
