import { type Element, findElement, isPrimitive, typeDefinition } from '../../fhir/definitions.ts';
import { isObject } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';
import { PathError, suggest } from '../run.ts';

/** Where a rule's `to` leads inside a FHIR type: the containers to pass through, and the element to write. */
export type Target = {
  through: { name: string; many: boolean }[];
  name: string;
  /** Other forms of a choice: for `deceasedBoolean`, `deceasedDateTime`. A resource may have only one. */
  others: string[];
  element: Element;
  path: string;
};

/** Throws PathError, naming the nearest element name, where the type has no such element. */
export function resolveTarget(type: string, to: string): Target {
  const steps = to.split('.');
  const name = steps.pop() ?? '';
  const through: Target['through'] = [];
  let owner = type;
  for (const step of steps) {
    const element = elementOf(owner, step);
    if (isPrimitive(element.type))
      throw new PathError(`${owner}.${step} is a ${element.type}: it has no parts`);
    through.push({ name: step, many: element.many === true });
    owner = element.type;
  }
  const element = elementOf(owner, name);
  return { through, name, others: otherForms(owner, name, element), element, path: `${type}.${to}` };
}

function otherForms(owner: string, name: string, { choice }: Element): string[] {
  const elements = Object.entries(typeDefinition(owner)?.elements ?? {});
  return elements.flatMap(([other, one]) => (choice && one.choice === choice && other !== name ? other : []));
}

function elementOf(type: string, name: string): Element {
  const element = findElement(type, name);
  if (!element)
    throw new PathError(
      `no element ${type}.${name}${suggest(name, Object.keys(typeDefinition(type)?.elements ?? {}))}`,
    );
  return element;
}

const TIMES = new Set(['date', 'dateTime', 'instant']);
const TIME = /^\d{4}(-\d\d(-\d\d(T\S+)?)?)?$/;

/** Throws PathError where a constant does not fit the type of its element. */
export function checkConstant(element: Element, value: Json, path: string): void {
  if (element.many && Array.isArray(value)) {
    for (const item of value) checkConstant({ ...element, many: undefined }, item, path);
    return;
  }
  if (!isPrimitive(element.type)) {
    if (!isObject(value)) throw new PathError(`wrong type: ${path} is ${element.type}`);
    for (const [name, item] of Object.entries(value))
      checkConstant(elementOf(element.type, name), item, `${path}.${name}`);
    return;
  }
  const wanted =
    element.type === 'boolean'
      ? 'boolean'
      : /^(decimal|.*nt(eger)?)$/i.test(element.type) && element.type !== 'instant'
        ? 'number'
        : 'string';
  if (typeof value !== wanted || (TIMES.has(element.type) && !TIME.test(String(value))))
    throw new PathError(`wrong type: ${path} is ${element.type}`);
  checkCode(element, String(value), path);
}

/** Throws PathError for a code outside the element's required binding. */
export function checkCode(element: Element, code: string, path: string): void {
  if (element.codes && !element.codes.includes(code)) {
    throw new PathError(
      `${path} cannot be "${code}"; it is one of ${element.codes.join(', ')}${suggest(code, element.codes)}`,
    );
  }
}
