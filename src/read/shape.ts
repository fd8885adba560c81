/** How much of a resource an answer gives: https://hl7.org/fhir/R4/search.html#summary and #elements */
import type { Resource } from '@medplum/fhirtypes';
import { Rejected } from '../errors.ts';
import { type Element, findElement, typeDefinition } from '../fhir/definitions.ts';

export type Shape = {
  summary: 'true' | 'text' | 'data' | undefined;
  elements: string[] | undefined;
};

export const WHOLE: Shape = { summary: undefined, elements: undefined };

const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };
/** In every part of a resource: what it is, and what its reader must not miss. */
const ALWAYS = ['resourceType', 'id', 'meta', 'implicitRules', 'modifierExtension'];

/** How to reach somebody: in no part without the extensions, which say how that is safe. */
const REACHES = ['telecom', 'address'];

type Given = { name: string; value: string };

/** `_summary` or `_elements`, with what the other said. Throws Rejected(400) for what is not understood. */
export function readShape(shape: Shape, type: string, { name, value }: Given): Shape {
  if (name === '_elements') {
    const elements = value.split(',').map((text) => text.trim());
    const unknown = elements.find((element) => !formsOf(type, element).length);
    if (unknown !== undefined) throw refuse(name, `${unknown} is no element of ${type}`);
    return { ...shape, elements };
  }
  if (value === 'false') return { ...shape, summary: undefined };
  if (value === 'true' || value === 'text' || value === 'data') return { ...shape, summary: value };
  throw refuse(name, '_summary is true, text, data, count or false');
}

function refuse(field: string, text: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code: 'value', field, text }]);
}

/** An element by its JSON name, or all forms of one `value[x]`. */
function formsOf(type: string, name: string): string[] {
  const elements = typeDefinition(type)?.elements ?? {};
  return Object.keys(elements).filter((one) => one === name || elements[one]?.choice === name);
}

/**
 * The part of a resource that is asked for, tagged as a part. What it must have, and what changes the meaning
 * of the rest, is in every part. `_elements` is of the type that is searched.
 */
export function shaped(resource: Resource, { summary, elements }: Shape): Resource {
  const type = resource.resourceType;
  const tests: ((name: string, element: Element | undefined) => boolean)[] = [];
  if (summary === 'true') tests.push((_, element) => element?.summary === true);
  if (summary === 'text') tests.push((name) => name === 'text');
  if (summary === 'data') tests.push((name) => name !== 'text');
  if (elements) {
    const named = new Set(elements.flatMap((name) => formsOf(type, name)));
    tests.push((name) => named.has(name));
  }
  if (tests.length === 0) return resource;
  const isWanted = (key: string): boolean => {
    const name = key.replace(/^_/, '');
    const element = findElement(type, name);
    if (ALWAYS.includes(name) || element?.min || element?.modifier) return true;
    return tests.every((test) => test(name, element));
  };
  const isReached = REACHES.some((name) => name in resource && isWanted(name));
  const kept = Object.entries(resource).filter(
    ([key]) => isWanted(key) || (isReached && key === 'extension'),
  );
  const tag = [...(resource.meta?.tag ?? []), SUBSETTED];
  return { ...(Object.fromEntries(kept) as unknown as Resource), meta: { ...resource.meta, tag } };
}
