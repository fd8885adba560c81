import { ODS_SYSTEM, SERVICE_SYSTEM } from '../../fhir/systems.ts';
import { isObject, type Node } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';

/** One resource of a Bundle and the local name of the statement it becomes, if it becomes one. */
export type Entry = {
  resource: Node;
  type: string;
  at: string;
  fullUrl: string | undefined;
  method: string | undefined;
  url: string | undefined;
  /** Preconditions of its request. */
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
  ifModifiedSince?: string | undefined;
  ifNoneExist?: string | undefined;
  local?: string;
};
export type Bundle = { entries: Entry[]; byUrl: Map<string, Entry>; roles?: Map<Entry, Entry> };

const text = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Indexes a Bundle; a single resource is a Bundle of one, an entry without a resource has an empty one. */
export function indexBundle(tree: Json): Bundle {
  const bundle: Bundle = { entries: [], byUrl: new Map() };
  if (!isObject(tree)) return bundle;
  const list: Json[] =
    tree.resourceType === 'Bundle' ? (Array.isArray(tree.entry) ? tree.entry : []) : [{ resource: tree }];
  for (const [index, item] of list.entries()) {
    if (!isObject(item)) continue;
    const at = tree.resourceType === 'Bundle' ? `/entry/${index}/resource` : '';
    const resource = isObject(item.resource) ? item.resource : {};
    const request = isObject(item.request) ? item.request : {};
    const entry: Entry = {
      resource,
      at,
      type: text(resource.resourceType) ?? '',
      fullUrl: text(item.fullUrl),
      method: text(request.method),
      url: text(request.url),
      ifMatch: text(request.ifMatch),
      ifNoneMatch: text(request.ifNoneMatch),
      ifModifiedSince: text(request.ifModifiedSince),
      ifNoneExist: text(request.ifNoneExist),
    };
    bundle.entries.push(entry);
    const id = text(resource.id);
    for (const url of [entry.fullUrl, id && `${entry.type}/${id}`])
      if (url && !bundle.byUrl.has(url)) bundle.byUrl.set(url, entry);
  }
  return bundle;
}

/** Resolves a reference inside the message, contained resources included. */
export function resolve(bundle: Bundle, reference: string, from: Entry | undefined): Entry | undefined {
  if (!reference.startsWith('#')) return bundle.byUrl.get(reference);
  const contained = Array.isArray(from?.resource.contained) ? from.resource.contained : [];
  const index = contained.findIndex((item) => isObject(item) && item.id === reference.slice(1));
  const resource = contained[index];
  if (!from || !isObject(resource)) return undefined;
  const at = `${from.at}/contained/${index}`;
  return {
    resource,
    at,
    type: text(resource.resourceType) ?? '',
    fullUrl: undefined,
    method: undefined,
    url: undefined,
  };
}

const ODS = /\/ods-(organization|site)-code$/i;

type Named = { ods: string | undefined; team: string | undefined; display: string | undefined };

function identifiers(resource: Node): { system: string; value: string }[] {
  const { identifier } = resource;
  const list = Array.isArray(identifier) ? identifier : [identifier];
  return list.flatMap((item) => {
    const value = isObject(item) ? text(item.value) : undefined;
    return value && isObject(item) ? [{ system: text(item.system) ?? '', value }] : [];
  });
}

function describe(resource: Node): Named {
  const all = identifiers(resource);
  // What Skein itself calls a service: `ODS|team`.
  const [code, team] = all.find(({ system }) => system === SERVICE_SYSTEM)?.value.split('|') ?? [];
  return {
    ods: all.find(({ system }) => ODS.test(system))?.value ?? (code || undefined),
    team: team ?? all.find(({ system }) => !ODS.test(system) && system !== SERVICE_SYSTEM)?.value,
    display: text(resource.name) ?? text(resource.display),
  };
}

/** Maps each Practitioner of the message to its PractitionerRole; computed once per message. */
function rolesOf(bundle: Bundle): Map<Entry, Entry> {
  if (bundle.roles) return bundle.roles;
  bundle.roles = new Map();
  for (const entry of bundle.entries) {
    const link = entry.type === 'PractitionerRole' ? entry.resource.practitioner : undefined;
    const reference = isObject(link) ? text(link.reference) : undefined;
    const practitioner = reference === undefined ? undefined : bundle.byUrl.get(reference);
    if (practitioner && !bundle.roles.has(practitioner)) bundle.roles.set(practitioner, entry);
  }
  return bundle.roles;
}

/** ODS code, team and name of the service that an Organization, HealthcareService, PractitionerRole or
 * Practitioner leads to. Follows at most four links. */
function nameService(bundle: Bundle, entry: Entry, depth = 0): Named | undefined {
  const follow = (link: Json | undefined): Named | undefined => {
    const reference = isObject(link) ? text(link.reference) : undefined;
    const target = reference && depth < 4 ? resolve(bundle, reference, entry) : undefined;
    if (target) return nameService(bundle, target, depth + 1);
    return isObject(link) && isObject(link.identifier) ? describe(link) : undefined;
  };
  const { resource, type } = entry;
  const first = (value: Json | undefined) => (Array.isArray(value) ? value[0] : value);
  if (type === 'HealthcareService')
    return { ...describe(resource), ods: describe(resource).ods ?? follow(resource.providedBy)?.ods };
  if (type === 'Organization')
    return { ...describe(resource), ods: describe(resource).ods ?? follow(resource.partOf)?.ods };
  if (type === 'PractitionerRole')
    return follow(first(resource.healthcareService)) ?? follow(resource.organization);
  if (type !== 'Practitioner') return undefined;
  const role = rolesOf(bundle).get(entry);
  return role && nameService(bundle, role, depth + 1);
}

const OURS = /^https?:\/\/.*\/((?:Patient|Organization)\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * A URL as Skein gives it out, by whatever name it is reached, is `Type/id`: a UUID of another server's is
 * nobody's here. So is one of a Patient of the sender's own, which has the base of the entry that it is in
 * (https://hl7.org/fhir/R4/bundle.html#references). Anything else is as it is.
 */
function givenOut(literal: string, from: Entry | undefined): string {
  const [, base] = /^(https?:\/\/.*\/)[A-Z]\w+\/[\w.-]+$/.exec(from?.fullUrl ?? '') ?? [];
  const own = base !== undefined && literal.startsWith(base) ? literal.slice(base.length) : '';
  return OURS.exec(literal)?.[1] ?? (/^Patient\/[\w.-]+$/.test(own) ? own : literal);
}

/** A logical reference to a service. Undefined where nothing names one: the sender's own is meant. */
export function serviceReference(bundle: Bundle, reference: Node, from: Entry | undefined): Node | undefined {
  const literal = text(reference.reference);
  const target = literal ? resolve(bundle, literal, from) : undefined;
  const given = literal && !target && givenOut(literal, from);
  if (given && /^Organization\/[\w.-]+$/.test(given)) return { reference: given };
  const named = target ? nameService(bundle, target) : describe(reference);
  if (!named?.ods && !named?.team) return undefined;
  const display: Node = named.display ? { display: named.display } : {};
  if (!named.team)
    return { type: 'Organization', identifier: { system: ODS_SYSTEM, value: named.ods ?? '' }, ...display };
  return {
    type: 'HealthcareService',
    identifier: { system: SERVICE_SYSTEM, value: `${named.ods ?? ''}|${named.team}` },
    ...display,
  };
}

/**
 * A reference as a statement keeps it: `#local` to another statement of the message; else a logical reference
 * to a service; else the identifier of a resource that is not kept. Undefined where none of these exists;
 * 'missing' where it should lead to something in the message and does not.
 */
export function localReference(
  bundle: Bundle,
  reference: Node,
  from: Entry | undefined,
): Node | 'missing' | undefined {
  const literal = text(reference.reference);
  if (!literal) return reference;
  const name = text(reference.display);
  const display: Node = name ? { display: name } : {};
  const target = resolve(bundle, literal, from);
  if (target?.local) return { reference: `#${target.local}`, ...display };
  if (!target && /^(urn:|#)/.test(literal)) {
    const { reference: _, ...logical } = reference;
    return isObject(logical.identifier) ? logical : 'missing';
  }
  if (!target) return { ...reference, reference: givenOut(literal, from) };
  if (['Organization', 'HealthcareService'].includes(target.type))
    return serviceReference(bundle, reference, from);
  const [identifier] = identifiers(target.resource);
  return identifier ? { type: target.type, identifier, ...display } : undefined;
}
