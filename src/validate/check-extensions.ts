/** Every extension, wherever it is, against the definition of its url. https://hl7.org/fhir/R4/extensibility.html */
import { elementIn, isPrimitive, typeDefinition } from '../fhir/definitions.ts';
import type { Json } from '../model.ts';
import { checkProfile } from './check-profile.ts';
import { type Fault, isNode, type Node } from './faults.ts';
import { CORE, type Profile, type Profiles, SKEIN_DEFINITIONS } from './profiles.ts';
import { urlOf } from './slices.ts';

/** Where something is: what it is called there (`Patient.contact`, `HumanName`), and the extension that it is in. */
type Place = { expression: string; type: string | undefined; names: string[]; inside?: Found };
type Found = { url: string; profile: Profile | undefined };

export function checkExtensions(resource: Node, profiles: Profiles): Fault[] {
  const type = String(resource.resourceType);
  const faults: Fault[] = [];
  visit(resource, { expression: type, type, names: namesOf(type) }, { profiles, faults });
  return faults;
}

type Told = { profiles: Profiles; faults: Fault[] };

function visit(node: Node, place: Place, told: Told): void {
  for (const name in node) {
    const value = node[name] as Json;
    if (typeof value !== 'object' || value === null) continue;
    const expression = `${place.expression}.${name}`;
    const isExtension = name === 'extension' || name === 'modifierExtension';
    const next = isExtension ? place : { ...stepInto(place, name), expression };
    for (const [index, entry] of Array.isArray(value) ? value.entries() : [[-1, value] as const]) {
      if (!isNode(entry)) continue;
      const at = index < 0 ? expression : `${expression}[${index}]`;
      if (isExtension) checkExtension(entry, name === 'modifierExtension', { ...place, expression: at }, told);
      else if (next.type === 'Resource') {
        const type = String(entry.resourceType);
        visit(entry, { expression: at, type, names: namesOf(type) }, told);
      } else visit(entry, { ...next, expression: at }, told);
    }
  }
}

function stepInto({ type = '', names }: Place, step: string): Omit<Place, 'expression'> {
  const bare = step.replace(/^_/, '');
  const { type: inner, choice } = elementIn(typeDefinition(type)?.elements ?? {}, bare) ?? {};
  const called = choice === undefined ? [bare] : [choice, `${choice}[x]`];
  const around = names.flatMap((name) => called.map((one) => `${name}.${one}`));
  return { type: inner, names: [...around, ...(inner ? namesOf(inner) : [])] };
}

function namesOf(type: string): string[] {
  if (typeDefinition(type)?.kind === 'resource') return [type, 'DomainResource', 'Resource', '*'];
  return [type, 'Element', '*', ...(type.includes('.') ? ['BackboneElement'] : isPrimitive(type) ? ['PrimitiveType'] : [])];
}

function checkExtension(extension: Node, isModifying: boolean, place: Place, told: Told): void {
  const { profiles, faults } = told;
  const { expression, inside } = place;
  const url = String(extension.url);
  const profile = profiles.get(url);
  const known = profile?.type === 'Extension' ? profile : undefined;
  const part = inside && !url.includes(':');
  const wrong = part ? partFault(url, inside) : wholeFault({ url, profile: known }, isModifying, place);
  if (wrong) faults.push({ code: 'structure', ...wrong, expression });
  if (known)
    for (const { expression: inner, ...rest } of checkProfile(known, { ...extension, resourceType: 'Extension' }, profiles))
      faults.push({ ...rest, expression: expression + inner.slice('Extension'.length) });
  visit(extension, { expression, type: 'Extension', names: namesOf('Extension'), inside: { url, profile: known } }, told);
}

type Wrong = Omit<Fault, 'expression' | 'code'> & { code?: Fault['code'] };

/** A part of an extension that says what its parts are. */
function partFault(url: string, { profile }: Found): Wrong | undefined {
  const parts = [...(profile?.rule.children.get('extension')?.slices.values() ?? [])].map(urlOf);
  return parts.length > 0 && !parts.includes(url) ? { text: 'is no part of its extension' } : undefined;
}

function wholeFault({ url, profile }: Found, isModifying: boolean, place: Place): Wrong | undefined {
  if (!url.includes(':')) return { text: 'has a url that is not absolute' };
  if (!profile) return unknownFault(url, isModifying);
  const isModifier = profile.rule.isModifier === true;
  if (isModifier !== isModifying) return { text: isModifier ? 'is a modifierExtension' : 'is no modifierExtension' };
  return isAllowed(profile, place) ? undefined : { text: `is not an extension of ${place.names[0]}` };
}

function unknownFault(url: string, isModifying: boolean): Wrong | undefined {
  if (url.startsWith(SKEIN_DEFINITIONS)) return { text: 'is no extension of ours' };
  // It must not be passed over: what it is in may not mean what it says.
  if (isModifying) return { code: 'extension', text: 'changes the meaning of what it is in, and is not known' };
  return url.startsWith(CORE) ? { severity: 'warning', text: 'is no extension of R4' } : undefined;
}

/** Contexts that only FHIRPath can tell are taken to hold. */
function isAllowed({ contexts }: Profile, { names, inside }: Place): boolean {
  if (!contexts) return true;
  return contexts.some(({ type, expression }) => {
    if (type === 'extension') return inside?.url === expression;
    return type !== 'element' || names.includes(expression) || (inside !== undefined && expression === inside.url);
  });
}
