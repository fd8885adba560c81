/** Base R4 definitions of the types that Skein knows, trimmed by scripts/trim-definitions.ts. */
import { readFileSync } from 'node:fs';

export type Element = {
  type: string;
  many?: true;
  min?: number;
  /** Base name of a `value[x]`: only one of its elements may be present. */
  choice?: string;
  /** Resource types that a Reference may lead to; absent means any. */
  targets?: string[];
  /** Codes of a required binding with a closed value set; `system|code` for Coding and CodeableConcept. */
  codes?: string[];
  concepts?: string[];
  /** The form of a code whose value set is open. */
  grammar?: 'mime type' | 'language tag';
  /** Invariants of this element, beside those of its type. */
  constraints?: Constraint[];
  /** Part of what `_summary=true` gives. */
  summary?: true;
  /** Who does not understand it understands nothing of what holds it. */
  modifier?: true;
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
// Without a prototype: senders' element names are looked up here, and `constructor` must not be found.
for (const definition of DEFINITIONS.values()) Object.setPrototypeOf(definition.elements, null);

export function typeDefinition(name: string): TypeDefinition | undefined {
  return DEFINITIONS.get(name);
}

/** The names a FHIRPath may use: all types and elements, and choices by their base name. */
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

/** The same within a type's elements. */
export function elementIn(elements: TypeDefinition['elements'], name: string): Element | undefined {
  const found = elements[name];
  if (found || !name.startsWith('_')) return found;
  const bare = elements[name.slice(1)];
  if (!bare || !isPrimitive(bare.type)) return undefined;
  const { many, choice } = bare;
  return { type: 'Element', ...(many ? { many } : {}), ...(choice ? { choice } : {}) };
}
