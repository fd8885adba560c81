/** One whole resource: base R4, the profiles it claims and those asked for. */
import type { Json } from '../model.ts';
import { checkExtensions } from './check-extensions.ts';
import { checkNhsNumbers } from './check-nhs-numbers.ts';
import { checkProfile } from './check-profile.ts';
import { checkStructure } from './check-structure.ts';
import { distinct, type Fault, isNode, type Node } from './faults.ts';
import type { Profiles } from './profiles.ts';

/** `absent`: must-support elements of those profiles that it does not have; no fault. `unknown`: profiles that are not loaded. */
export type Validated = { faults: Fault[]; absent: string[]; unknown: string[] };

export function validateResource(resource: Node, profiles: Profiles, asked: readonly string[] = []): Validated {
  const urls = [...new Set([...asked, ...claims(resource)])];
  const absent: string[] = [];
  const against = urls.flatMap((url) => profiles.get(url) ?? []);
  const faults = [
    ...checkStructure(resource),
    ...checkLocalReferences(resource),
    ...checkExtensions(resource, profiles),
    ...checkNhsNumbers(resource),
    ...against.flatMap((profile) => checkProfile(profile, resource, profiles, absent)),
  ];
  return {
    faults: distinct(faults),
    absent: [...new Set(absent)],
    unknown: urls.filter((url) => !profiles.get(url)),
  };
}

/** Profiles that a resource says it conforms to. */
export function claims({ meta }: Node): string[] {
  const claimed = isNode(meta) && Array.isArray(meta.profile) ? meta.profile : [];
  return claimed.filter((url) => typeof url === 'string');
}

/** ref-1: a reference to `#x` is to something contained. */
function checkLocalReferences(resource: Node): Fault[] {
  const contained = Array.isArray(resource.contained) ? resource.contained : [];
  const ids = new Set(['#', ...contained.map((one) => `#${isNode(one) ? String(one.id) : ''}`)]);
  const faults: Fault[] = [];
  const visit = (value: Json | undefined, expression: string): void => {
    if (Array.isArray(value)) for (const [index, entry] of value.entries()) visit(entry, `${expression}[${index}]`);
    if (!isNode(value)) return;
    const { reference } = value;
    if (typeof reference === 'string' && reference.startsWith('#') && !ids.has(reference))
      faults.push({ code: 'invariant', expression, text: 'refers to nothing that it contains (ref-1)' });
    for (const name in value) visit(value[name], `${expression}.${name}`);
  };
  // A Bundle's resources have their own.
  if (resource.resourceType !== 'Bundle' && resource.resourceType !== 'Parameters')
    visit(resource, String(resource.resourceType));
  return faults;
}
