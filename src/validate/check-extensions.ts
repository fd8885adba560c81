/** Checks every extension against the definition of its url. https://hl7.org/fhir/R4/extensibility.html */
import { elementIn, isPrimitive, typeDefinition } from '../fhir/definitions.ts';
import { CORE_DEFINITIONS, SKEIN_DEFINITIONS } from '../fhir/systems.ts';
import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import { checkProfile } from './check-profile.ts';
import type { Fault } from './faults.ts';
import type { Profile, Profiles } from './profiles.ts';
import { urlOf } from './slices.ts';

/** Where an extension is: the type that holds it, the path from the resource, any extension around it. */
type Place = {
  type: string | undefined;
  step?: string;
  around?: Place;
  index?: number;
  inside?: NamedExtension;
};
type NamedExtension = { url: string; profile: Profile | undefined };
type Told = { profiles: Profiles; faults: Fault[] };

export function checkExtensions(resource: Node, profiles: Profiles): Fault[] {
  const faults: Fault[] = [];
  visit(resource, { type: String(resource.resourceType) }, { profiles, faults });
  return faults;
}

function visit(node: Node, place: Place, told: Told): void {
  for (const name in node) {
    const value = node[name] as Json;
    if (typeof value !== 'object' || value === null) continue;
    const type = elementIn(typeDefinition(place.type ?? '')?.elements ?? NONE, name.replace(/^_/, ''))?.type;
    if (!Array.isArray(value)) step(value, { type, step: name, around: place }, told);
    else
      for (const [index, entry] of value.entries())
        if (isObject(entry)) step(entry, { type, step: name, around: place, index }, told);
  }
}

const NONE = {};

function step(node: Node, place: Place, told: Told): void {
  const { step: name, type } = place;
  if (name === 'extension' || name === 'modifierExtension') checkExtension(node, place, told);
  else visit(node, type === 'Resource' ? { ...place, type: String(node.resourceType) } : place, told);
}

function expressionAt({ around, step: name, type, index }: Place): string {
  if (!around) return String(type);
  return `${expressionAt(around)}.${name}${index === undefined ? '' : `[${index}]`}`;
}

/** The names by which an extension's context may mean this place: `Patient.contact`, `HumanName`,
 * `BackboneElement`. The first is its path. */
function namesOf({ around, step: name = '', type = '' }: Place): string[] {
  const own = [type, ...namesOfType(type)];
  if (!around || typeDefinition(type)?.kind === 'resource') return own;
  const bare = name.replace(/^_/, '');
  const { choice } = elementIn(typeDefinition(around.type ?? '')?.elements ?? NONE, bare) ?? {};
  const called = choice === undefined ? [bare] : [choice, `${choice}[x]`];
  return [...namesOf(around).flatMap((outer) => called.map((one) => `${outer}.${one}`)), ...own];
}

function namesOfType(type: string): string[] {
  if (typeDefinition(type)?.kind === 'resource') return ['DomainResource', 'Resource', '*'];
  return [
    'Element',
    '*',
    ...(type.includes('.') ? ['BackboneElement'] : isPrimitive(type) ? ['PrimitiveType'] : []),
  ];
}

function checkExtension(extension: Node, place: Place, told: Told): void {
  const { profiles, faults } = told;
  const expression = expressionAt(place);
  const isModifying = place.step === 'modifierExtension';
  const holder = place.around as Place;
  const { inside } = holder;
  const url = String(extension.url);
  const profile = profiles.get(url);
  const known = profile?.type === 'Extension' ? profile : undefined;
  const part = inside && !url.includes(':');
  const wrong = part ? partFault(url, inside) : wholeFault({ url, profile: known }, isModifying, holder);
  if (wrong) faults.push({ code: 'structure', ...wrong, expression });
  if (known)
    for (const { expression: inner, ...rest } of checkProfile(
      known,
      { ...extension, resourceType: 'Extension' },
      profiles,
    ))
      faults.push({ ...rest, expression: expression + inner.slice('Extension'.length) });
  visit(extension, { ...place, type: 'Extension', inside: { url, profile: known } }, told);
}

type Wrong = Omit<Fault, 'expression' | 'code'> & { code?: Fault['code'] };

/** Checks a part of a complex extension against the parts that its definition names. */
function partFault(url: string, { profile }: NamedExtension): Wrong | undefined {
  const parts = [...(profile?.rule.children.get('extension')?.slices.values() ?? [])].map(urlOf);
  return parts.length > 0 && !parts.includes(url) ? { text: 'is no part of its extension' } : undefined;
}

function wholeFault({ url, profile }: NamedExtension, isModifying: boolean, place: Place): Wrong | undefined {
  if (!url.includes(':')) return { text: 'has a url that is not absolute' };
  if (!profile) return unknownFault(url, isModifying);
  const isModifier = profile.rule.isModifier === true;
  if (isModifier !== isModifying)
    return { text: isModifier ? 'is a modifierExtension' : 'is no modifierExtension' };
  return isAllowed(profile, place) ? undefined : { text: `is not an extension of ${namesOf(place)[0]}` };
}

function unknownFault(url: string, isModifying: boolean): Wrong | undefined {
  if (url.startsWith(SKEIN_DEFINITIONS)) return { text: 'is no extension of ours' };
  // An unknown modifier extension must not be ignored: it may reverse the meaning of what holds it.
  if (isModifying)
    return { code: 'extension', text: 'changes the meaning of what it is in, and is not known' };
  return url.startsWith(CORE_DEFINITIONS)
    ? { severity: 'warning', text: 'is no extension of R4' }
    : undefined;
}

/** True where the definition's context allows this place. Contexts given as FHIRPath count as allowed. */
function isAllowed({ contexts }: Profile, holder: Place): boolean {
  if (!contexts) return true;
  const names = namesOf(holder);
  return contexts.some(({ type, expression }) =>
    type === 'extension'
      ? holder.inside?.url === expression
      : type !== 'element' || names.includes(expression),
  );
}
