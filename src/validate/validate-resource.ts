/** Validates one whole resource: base R4, the profiles it claims, and those asked for. */

import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import { checkContained } from './check-contained.ts';
import { checkExtensions } from './check-extensions.ts';
import { checkNhsNumbers } from './check-nhs-numbers.ts';
import { checkProfile } from './check-profile.ts';
import { checkStructure } from './check-structure.ts';
import { distinct, type Fault } from './faults.ts';
import type { Profiles } from './profiles.ts';

/** `absent` lists must-support elements that the resource does not have, which is no fault; `unknown` lists
 * profiles that are not loaded. */
type Validated = { faults: Fault[]; absent: string[]; unknown: string[] };

export function validateResource(
  resource: Node,
  profiles: Profiles,
  asked: readonly string[] = [],
): Validated {
  const told: Validated = {
    faults: [...checkStructure(resource), ...checkExtensions(resource, profiles)],
    absent: [],
    unknown: [],
  };
  validateOne(resource, { profiles, asked, place: String(resource.resourceType), told });
  return {
    faults: distinct(told.faults),
    absent: [...new Set(told.absent)],
    unknown: [...new Set(told.unknown)],
  };
}

type At = { profiles: Profiles; asked: readonly string[]; place: string; told: Validated };

/** Validates a resource by itself, then each resource in it against the profiles that it claims. */
function validateOne(resource: Node, { profiles, asked, place, told }: At): void {
  const type = String(resource.resourceType);
  const here = (expression: string) => place + expression.slice(type.length);
  const absent: string[] = [];
  const urls = [...new Set([...asked, ...claims(resource)])];
  const faults = [
    ...(place.endsWith(']') ? [] : checkContained(resource)),
    ...checkNhsNumbers(resource),
    ...urls
      .flatMap((url) => profiles.get(url) ?? [])
      .flatMap((profile) => checkProfile(profile, resource, profiles, absent)),
  ];
  told.faults.push(...faults.map((fault) => ({ ...fault, expression: here(fault.expression) })));
  told.absent.push(...absent.map(here));
  told.unknown.push(...urls.filter((url) => !profiles.get(url)));
  for (const [inside, inner] of resourcesIn(resource))
    validateOne(inner, { profiles, asked: [], place: `${place}.${inside}`, told });
}

/** The resources inside a resource, wherever they are: contained, of a Bundle's entry, of a parameter. */
function resourcesIn(value: Json, place = ''): [string, Node][] {
  if (Array.isArray(value)) return value.flatMap((one, index) => resourcesIn(one, `${place}[${index}]`));
  if (!isObject(value)) return [];
  if (place !== '' && typeof value.resourceType === 'string') return [[place, value]];
  return Object.entries(value).flatMap(([name, inner]) =>
    resourcesIn(inner, place === '' ? name : `${place}.${name}`),
  );
}

/** Profiles that a resource says it conforms to. */
export function claims({ meta }: Node): string[] {
  const claimed = isObject(meta) && Array.isArray(meta.profile) ? meta.profile : [];
  return claimed.filter((url) => typeof url === 'string');
}
