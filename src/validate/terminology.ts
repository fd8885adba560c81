/** Expands value sets whose code systems are loaded. https://hl7.org/fhir/R4/valueset.html#compositions */
import type {
  CodeSystem,
  CodeSystemConcept,
  ValueSet,
  ValueSetComposeInclude,
  ValueSetExpansionContains,
} from '@medplum/fhirtypes';
import { isObject } from '../formats/tree.ts';
import type { Json } from '../model.ts';

/** `system|code` of each member. */
export type Codes = ReadonlySet<string>;

const bare = (canonical: string) => canonical.split('|')[0] ?? '';

export class Terminology {
  readonly #systems = new Map<string, CodeSystem>();
  readonly #sets = new Map<string, ValueSet>();
  readonly #expanded = new Map<string, Codes | undefined>();

  add(resource: CodeSystem | ValueSet): void {
    if (resource.resourceType === 'CodeSystem') this.#systems.set(resource.url ?? '', resource);
    else this.#sets.set(resource.url ?? '', resource);
  }

  /** The codes of a value set; undefined where a part of it is not loaded or is chosen by a filter: then no
   * code can be called wrong. */
  expand(canonical: string): Codes | undefined {
    const url = bare(canonical);
    if (!this.#expanded.has(url)) {
      // Undefined while it is being expanded, so that value sets that include each other end.
      this.#expanded.set(url, undefined);
      this.#expanded.set(url, this.#compose(this.#sets.get(url)));
    }
    return this.#expanded.get(url);
  }

  #compose(set: ValueSet | undefined): Codes | undefined {
    return this.#composed(set) ?? listed(set);
  }

  #composed(set: ValueSet | undefined): Codes | undefined {
    const included = set?.compose?.include.map((include) => this.#include(include));
    const excluded = (set?.compose?.exclude ?? []).map((exclude) => this.#include(exclude));
    if (!included || [...included, ...excluded].includes(undefined)) return undefined;
    const out = new Set(excluded.flatMap((codes) => [...(codes ?? [])]));
    return new Set(included.flatMap((codes) => [...(codes ?? [])]).filter((code) => !out.has(code)));
  }

  /** Codes of an include: those of its system that are also in every value set it names. */
  #include({ system, concept, filter, valueSet = [] }: ValueSetComposeInclude): Codes | undefined {
    if (filter) return undefined;
    const parts = valueSet.map((canonical) => this.expand(canonical));
    if (system !== undefined) {
      const listed = concept?.map(({ code = '' }) => code) ?? this.#allOf(system);
      parts.push(listed && new Set(listed.map((code) => `${system}|${code}`)));
    }
    const [first, ...rest] = parts;
    if (!first || rest.includes(undefined)) return undefined;
    return new Set([...first].filter((code) => rest.every((codes) => codes?.has(code))));
  }

  #allOf(system: string): string[] | undefined {
    const { content, concept } = this.#systems.get(system) ?? {};
    return content === 'complete' ? flatten(concept) : undefined;
  }
}

/**
 * The codes of a published expansion, where it is complete. https://hl7.org/fhir/R4/valueset.html#expansion
 */
function listed({ expansion }: Partial<ValueSet> = {}): Codes | undefined {
  const members = everyOf(expansion?.contains);
  if (
    !expansion ||
    expansion.offset ||
    members.length === 0 ||
    (expansion.total ?? members.length) !== members.length
  )
    return undefined;
  return new Set(members.map(({ system = '', code = '' }) => `${system}|${code}`));
}

const everyOf = (contains: ValueSetExpansionContains[] = []): ValueSetExpansionContains[] =>
  contains.flatMap((one) => [
    ...(one.code === undefined || one.abstract ? [] : [one]),
    ...everyOf(one.contains),
  ]);

const flatten = (concepts: CodeSystemConcept[] = []): string[] =>
  concepts.flatMap(({ code = '', concept }) => [code, ...flatten(concept)]);

/**
 * True where a code, Coding or Quantity is in the set; for a CodeableConcept, where any of its codings is.
 */
export function isMember(codes: Codes, value: Json): boolean {
  if (typeof value === 'string') return [...codes].some((member) => member.endsWith(`|${value}`));
  if (!isObject(value)) return false;
  if (Array.isArray(value.coding)) return value.coding.some((coding) => isMember(codes, coding));
  return typeof value.code === 'string' && codes.has(`${String(value.system ?? '')}|${value.code}`);
}
