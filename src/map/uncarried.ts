/** What a FHIR message says of resources that are kept, and that no rule carries: it is told, or held for. */
import { findElement } from '../fhir/definitions.ts';
import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import { type Run, report } from './run.ts';

/** By resource type, the elements that a mapping's rules read, or that it says it ignores. */
export type Carried = ReadonlyMap<string, ReadonlySet<string>>;

/** Which resource it is, how it is stored and told at its sender's, and what its references find. */
const OF_ITSELF = ['resourceType', 'id', 'meta', 'language', 'text', 'contained'];

/** Types by which services are named (src/map/sources/bundle.ts), whatever the rules read. */
const NAME_SERVICES = ['Organization', 'HealthcareService', 'PractitionerRole', 'Practitioner'];

/** From the fields that rules read (`Patient.name.family`) and those that a source lists as ignored. */
export function carriedElements(reads: Iterable<string>, ignored: object): Carried {
  const carried = new Map<string, Set<string>>();
  // A type that is ignored as a whole is not kept.
  const passed = Object.keys(ignored).filter((field) => field.includes('.'));
  for (const field of [...reads, ...passed]) {
    const [type = '', name] = field.split('.');
    const names = carried.get(type) ?? new Set();
    carried.set(type, name === undefined ? names : names.add(name));
  }
  return carried;
}

/**
 * Warns of each element of a kept resource that is not carried. One that changes the meaning of what it is in
 * holds the message: who does not understand it understands nothing of the rest.
 */
export function sayUncarried(run: Run, carried: Carried): void {
  holdForRules(run, run.root.node, { at: '', type: 'Bundle' });
  for (const { resource, at, type, local } of run.bundle?.entries ?? []) {
    // Of a type of which some are kept, one that no statement took is none of them.
    const names = local === undefined ? undefined : carried.get(type);
    if (names || NAME_SERVICES.includes(type)) holdForRules(run, resource, { at, type });
    if (!names) continue;
    for (const [name, value] of Object.entries(resource)) {
      const isSaid = names.has(name) || carried.get('*')?.has(name) || OF_ITSELF.includes(name);
      if (isSaid || name === 'implicitRules') continue;
      say(run, { field: `${at}/${name}`, type, name }, value);
    }
  }
}

/** Rules by which a resource must be understood are known to nobody here.
 * https://hl7.org/fhir/R4/resource.html#implicitRules */
function holdForRules(run: Run, node: unknown, { at, type }: { at: string; type: string }): void {
  const name = 'implicitRules';
  if (!isObject(node as Json)) return;
  const value = (node as Node)[name];
  if (value !== undefined) say(run, { field: `${at}/${name}`, type, name }, value);
}

type Place = { field: string; type: string; name: string };

function say(run: Run, { field, type, name }: Place, value: Json | undefined): void {
  const expression = `${type}.${name}`;
  const bare = name.replace(/^_/, '');
  const isModifier = bare === 'modifierExtension' || findElement(type, bare)?.modifier === true;
  if (isModifier && value !== usually(name))
    report(run, {
      severity: 'error',
      code: 'not-supported',
      ...{ field, expression },
      text: `${field}: ${expression} changes the meaning of what it is in, and is not kept`,
    });
  else if (!isModifier)
    report(run, {
      severity: 'warning',
      code: 'not-supported',
      ...{ field, expression },
      text: `${field}: ${expression} is not kept; it stays in the stored message`,
    });
}

/** What a modifying boolean says where it changes nothing. */
const usually = (name: string): boolean => name === 'active';
