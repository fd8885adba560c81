/**
 * Checks the base R4 structure of a resource: known elements, cardinality, types, one form of each value[x],
 * required bindings, reference targets. Agrees with `validateResource` of @medplum/core at a twentieth of its
 * cost (a test compares both on thousands of broken resources), and also finds what that misses: bindings,
 * empty objects, two forms of one choice.
 */
import {
  type Element,
  elementIn,
  isPrimitive,
  type TypeDefinition,
  typeDefinition,
} from '../fhir/definitions.ts';
import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import { checkConstraints, checkInvariants } from './check-constraints.ts';
import { narrativeFault } from './check-narrative.ts';
import { codeFault, conceptFault, primitiveFault } from './check-primitive.ts';
import { distinct, type Fault, fault, type Walk, within } from './faults.ts';
import { isAstray, isResourceType, leadsTo, scopeOf } from './scope.ts';

export function checkStructure(resource: Node): Fault[] {
  const type = typeof resource.resourceType === 'string' ? resource.resourceType : '';
  const walk: Walk = { path: [type], faults: [] };
  if (typeDefinition(type)?.kind !== 'resource') fault(walk, 'structure', `no resource type ${type}`);
  else checkResource(type, resource, walk);
  return walk.faults.length > 1 ? distinct(walk.faults) : walk.faults;
}

function checkResource(type: string, resource: Node, walk: Walk): void {
  const outer = walk.scope;
  const place = walk.path.findLast((step) => typeof step === 'string');
  const scope = scopeOf(resource, outer, String(place));
  walk.scope = scope;
  const { id } = resource;
  if (id !== undefined && !(typeof id === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(id)))
    within(walk, ['id'], () => fault(walk, 'value', 'is not an id'));
  checkObject(type, resource, walk);
  if (outer) walk.scope = outer;
}

function checkObject(type: string, object: Node, walk: Walk): void {
  const definition = typeDefinition(type) as TypeDefinition;
  const isResource = definition.kind === 'resource';
  let choices: Map<string, string> | undefined;
  let empty = !isResource;
  for (const name in object) {
    if (name === 'resourceType' && isResource) continue;
    // An id alone does not make an element non-empty (ele-1).
    if (name !== 'id' || type === 'Element') empty = false;
    const element = elementIn(definition.elements, name);
    walk.path.push(name);
    if (!element) fault(walk, 'structure', 'is not an element of it');
    else {
      if (element.choice) {
        choices ??= new Map();
        const form = name.startsWith('_') ? name.slice(1) : name;
        const other = choices.get(element.choice);
        if (other && other !== form)
          fault(walk, 'structure', `is a second ${element.choice}[x], beside ${other}`);
        choices.set(element.choice, form);
      }
      checkElement(element, object[name] as Json, walk);
      if (name.startsWith('_')) checkPair(object[name.slice(1)], object[name] as Json, walk);
      else if (element.many && isPrimitive(element.type) && object[`_${name}`] === undefined)
        checkPair(object[name], NO_EXTRAS, walk);
    }
    walk.path.pop();
  }
  if (empty) fault(walk, 'invariant', 'is empty');
  for (const name of mandatory(type, definition)) {
    if (object[name] === undefined && object[`_${name}`] === undefined && !choices?.has(name)) {
      within(walk, [name], () => fault(walk, 'required', 'is missing'));
    }
  }
  checkInvariants(type, definition, object, walk);
}

const NO_EXTRAS: Json[] = [];

/** Checks the pair `name` and `_name`: in a list, each place has a value or an extension.
 * https://hl7.org/fhir/R4/json.html#primitive */
function checkPair(value: Json | undefined, extra: Json, walk: Walk): void {
  if (!Array.isArray(extra)) {
    if (isObject(extra) && value === undefined && !extra.extension) fault(walk, 'invariant', 'is empty');
    return;
  }
  const values = Array.isArray(value) ? value : extra;
  if (extra !== NO_EXTRAS && values.length !== extra.length)
    fault(walk, 'structure', 'is not as long as the list it belongs to');
  for (let index = 0; index < values.length; index += 1) {
    const [one, said] = [extra[index], values === extra ? null : values[index]];
    if (said === null && !(isObject(one) && one.extension))
      within(walk, [index], () => fault(walk, 'invariant', 'is empty'));
  }
}

const mandatoryOf = new Map<string, string[]>();

/** Names of mandatory elements; a mandatory value[x] is listed by its base name. */
function mandatory(type: string, { elements }: TypeDefinition): string[] {
  let names = mandatoryOf.get(type);
  if (names) return names;
  const required = Object.entries(elements).filter(([, element]) => element.min);
  names = [...new Set(required.map(([name, { choice }]) => choice ?? name))];
  mandatoryOf.set(type, names);
  return names;
}

function checkElement(element: Element, value: Json, walk: Walk): void {
  if (!element.many) {
    if (Array.isArray(value)) fault(walk, 'structure', 'holds one value, not a list');
    else checkValue(element, value, walk);
  } else if (!Array.isArray(value)) fault(walk, 'structure', 'is a list');
  else if (value.length === 0) fault(walk, 'invariant', 'is empty');
  else {
    for (let index = 0; index < value.length; index += 1) {
      walk.path.push(index);
      checkValue(element, value[index] as Json, walk);
      walk.path.pop();
    }
  }
}

function checkValue(element: Element, value: Json, walk: Walk): void {
  const { type } = element;
  if (isPrimitive(type)) {
    // In a list, a null holds the place of a primitive that has only extensions.
    const wrong = value === null && element.many ? undefined : primitiveFault(type, value);
    if (wrong) fault(walk, 'value', wrong);
    else if (value !== null) checkText(element, value, walk);
    return;
  }
  if (value === null && type === 'Element' && element.many) return;
  if (!isObject(value)) {
    fault(walk, 'structure', `is not a ${type}`);
    return;
  }
  if (type === 'Resource') {
    const inner = value.resourceType as string;
    if (typeDefinition(inner)?.kind === 'resource') checkResource(inner, value, walk);
    else fault(walk, 'structure', 'is of no resource type');
    return;
  }
  checkObject(type, value, walk);
  const wrong = conceptFault(element, value);
  if (wrong) fault(walk, 'code-invalid', wrong);
  if (element.constraints) checkConstraints(element.constraints, { type, value }, walk);
  if (type === 'Reference') checkTarget(element.targets, value, walk);
}

function checkText(element: Element, value: Json, walk: Walk): void {
  const unlisted = codeFault(element, value);
  if (unlisted) fault(walk, 'code-invalid', unlisted);
  const unread = element.type === 'xhtml' ? narrativeFault(String(value)) : undefined;
  if (unread) fault(walk, 'invariant', unread);
  if (element.constraints) checkConstraints(element.constraints, { type: element.type, value }, walk);
}

const RELATIVE = /^[A-Z]\w*(\/[A-Za-z0-9\-.]{1,64}(\/_history\/[\w.-]+)?(#.*)?|\?.*)$/;

/** Checks the target type of a reference. A HealthcareService identifier is allowed where R4 wants an
 * Organization, because linking resolves it to one. */
function checkTarget(targets: string[] | undefined, reference: Node, walk: Walk): void {
  const { reference: text, type: said } = reference;
  if (typeof text === 'string' && !/^[a-z][\w+.-]*:|^#/i.test(text) && !RELATIVE.test(text))
    fault(walk, 'value', 'is neither a URL nor a type and an id', 'warning');
  if (typeof said === 'string' && !said.includes(':') && !isResourceType(said))
    fault(walk, 'code-invalid', 'names no resource type', 'warning');
  if (typeof text === 'string' && isAstray(text, walk.scope))
    fault(walk, 'invariant', 'is of nothing in its Bundle');
  const type = leadsTo(reference, walk.scope);
  if (type === undefined) return;
  const isTeam = text === undefined && type === 'HealthcareService' && targets?.includes('Organization');
  if (targets && !targets.includes(type) && !isTeam) fault(walk, 'structure', `cannot refer to ${type}`);
  if (text !== undefined && typeof said === 'string' && isResourceType(said) && said !== type)
    fault(walk, 'value', `leads to ${type}, and says that it does not`);
}
