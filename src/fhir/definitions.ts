/** Base R4 structure of the types that Skein maps, validates and serves; trimmed from the standard by scripts/trim-definitions.ts. */
import { readFileSync } from 'node:fs';

export type Element = {
  type: string;
  many?: true;
  min?: number;
  /** Base name of a `value[x]`: only one of its elements may be present. */
  choice?: string;
  /** Resource types that a Reference may lead to; absent means any. */
  targets?: string[];
  /** All codes of a required binding, where its value set is closed; of a Coding or CodeableConcept as `system|code`. */
  codes?: string[];
  concepts?: string[];
  /** What a code must look like, where its value set is open. */
  grammar?: 'mime type' | 'language tag';
  /** What the standard asks of this element, beside what it asks of every one of its type. */
  constraints?: Constraint[];
};
/** An invariant of the standard. https://hl7.org/fhir/R4/conformance-rules.html#constraints */
export type Constraint = { key: string; text: string; expression: string; warning?: boolean };
export type TypeDefinition = {
  kind: 'primitive' | 'complex' | 'resource';
  constraints?: Constraint[];
  elements: Record<string, Element>;
};
/** By type name; backbone elements by their path (`Patient.contact`). */
export type Definitions = Record<string, TypeDefinition>;

export const DEFINITIONS_FILE = new URL('../../profiles/r4/definitions.json', import.meta.url);

export const CORE_PROFILES_FILE = new URL('../../profiles/r4/profiles.json', import.meta.url);

const DEFINITIONS = new Map(
  Object.entries(JSON.parse(readFileSync(DEFINITIONS_FILE, 'utf8')) as Definitions),
);
// No prototype: a resource's own element names are looked up in these, and none may find `constructor`.
for (const definition of DEFINITIONS.values()) Object.setPrototypeOf(definition.elements, null);

/** Undefined for a type Skein does not know. */
export function typeDefinition(name: string): TypeDefinition | undefined {
  return DEFINITIONS.get(name);
}

/** Names of all types and elements, those of choices without their types too: what a FHIRPath may say. */
export const PATH_NAMES: ReadonlySet<string> = new Set([
  ...[...DEFINITIONS].flatMap(([type, { elements }]) => [type, ...Object.keys(elements)]),
  ...[...DEFINITIONS.values()].flatMap(({ elements }) =>
    Object.values(elements).flatMap(({ choice }) => choice ?? []),
  ),
  'resourceType',
]);

export const typeNames = (): Iterable<string> => DEFINITIONS.keys();

export function isPrimitive(type: string): boolean {
  return DEFINITIONS.get(type)?.kind === 'primitive';
}

/** An element by its JSON name, `_birthDate` of primitives included. */
export function findElement(type: string, name: string): Element | undefined {
  const elements = DEFINITIONS.get(type)?.elements;
  return elements && elementIn(elements, name);
}

/** The same, where the type's elements are at hand. */
export function elementIn(elements: TypeDefinition['elements'], name: string): Element | undefined {
  const found = elements[name];
  if (found || !name.startsWith('_')) return found;
  const bare = elements[name.slice(1)];
  if (!bare || !isPrimitive(bare.type)) return undefined;
  const { many, choice } = bare;
  return { type: 'Element', ...(many ? { many } : {}), ...(choice ? { choice } : {}) };
}
