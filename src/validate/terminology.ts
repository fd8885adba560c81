/** Which codes a value set holds, where all of it is at hand. https://hl7.org/fhir/R4/valueset.html#compositions */
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

  /** Undefined where a part of the set is not at hand, or chosen by a filter: then nothing is known to be outside it. */
  expand(canonical: string): Codes | undefined {
    const url = bare(canonical);
    if (!this.#expanded.has(url)) {
      // Undefined meanwhile, for sets that include one another.
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

  /** Codes of the system, and of every set named beside it. */
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

/** What its publisher found in it, where that is all of it. https://hl7.org/fhir/R4/valueset.html#expansion */
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

/** Whether a code, Coding, CodeableConcept or Quantity is of the set; of a CodeableConcept, any of its codings. */
export function isMember(codes: Codes, value: Json): boolean {
  if (typeof value === 'string') return [...codes].some((member) => member.endsWith(`|${value}`));
  if (!isObject(value)) return false;
  if (Array.isArray(value.coding)) return value.coding.some((coding) => isMember(codes, coding));
  return typeof value.code === 'string' && codes.has(`${String(value.system ?? '')}|${value.code}`);
}
