import type { Json } from '../model.ts';
import { checkProfile } from './check-profile.ts';
import { type Fault, isNode, type Node } from './faults.ts';
import { type Profiles, SKEIN_DEFINITIONS } from './profiles.ts';

/** Every extension, wherever it is, against the definition of its url; one of ours that is not defined is a misspelling. */
export function checkExtensions(resource: Node, profiles: Profiles): Fault[] {
  const faults: Fault[] = [];
  visit(resource, String(resource.resourceType), (extension, expression) => {
    const url = String(extension.url);
    const profile = profiles.get(url);
    if (profile?.type === 'Extension')
      for (const { expression: inner, ...rest } of checkProfile(
        profile,
        { ...extension, resourceType: 'Extension' },
        profiles,
      ))
        faults.push({ ...rest, expression: expression + inner.slice('Extension'.length) });
    else if (url.startsWith(SKEIN_DEFINITIONS))
      faults.push({ code: 'structure', expression, text: 'is no extension of ours' });
  });
  return faults;
}

function visit(node: Node, expression: string, check: (extension: Node, expression: string) => void): void {
  for (const name in node) {
    const value = node[name] as Json;
    const place = `${expression}.${name}`;
    if (isNode(value)) visit(value, place, check);
    else if (Array.isArray(value))
      for (const [index, entry] of value.entries()) {
        if (!isNode(entry)) continue;
        if (name === 'extension' || name === 'modifierExtension') check(entry, `${place}[${index}]`);
        visit(entry, `${place}[${index}]`, check);
      }
  }
}
