/**
 * What is read of a Subscription, element by element. Anything else is refused where it stands: a filter that
 * is not read (under the URL of another version, on another element) would make a subscription to everything.
 */
import { SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { Issue } from '../../model.ts';

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
export const SECRET_URL = `${SKEIN_DEFINITIONS}webhook-secret`;
export const FILTER_EXTENSION = `${BACKPORT}/backport-filter-criteria`;

/** An extension: the element that its value is in, and whether it may be repeated. */
type Extension = { value: string; many?: boolean };
/** `inside`: elements of an element that is no primitive. */
type Element = { inside?: Record<string, Element>; extensions?: Record<string, Extension> };

const backport = (name: string, value: string, many = false): Record<string, Extension> => ({
  [`${BACKPORT}/backport-${name}`]: { value, many },
});
const named = (...names: string[]): Record<string, Element> =>
  Object.fromEntries(names.map((name) => [name, {}]));

/** https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription.html */
const SUBSCRIPTION: Element = {
  // What its creation answered may be sent back as it was.
  extensions: { [SECRET_URL]: { value: 'valueString' } },
  inside: {
    ...named('resourceType', 'id', 'language', 'status', 'reason', 'end', 'error'),
    meta: { inside: named('versionId', 'lastUpdated', 'source', 'profile') },
    text: { inside: named('status', 'div') },
    contact: { inside: named('id', 'system', 'value', 'use', 'rank') },
    criteria: { extensions: backport('filter-criteria', 'valueString', true) },
    channel: {
      extensions: {
        ...backport('heartbeat-period', 'valueUnsignedInt'),
        ...backport('timeout', 'valueUnsignedInt'),
        ...backport('max-count', 'valuePositiveInt'),
      },
      inside: {
        ...named('id', 'endpoint', 'header'),
        type: { extensions: backport('channel-type', 'valueCoding') },
        payload: { extensions: backport('payload-content', 'valueCode') },
      },
    },
  },
};
const OF_PRIMITIVE = named('id');
const CODING = named('system', 'version', 'code', 'display');

/** Every element and extension of it that is not read here, each by its place. */
export const findUnread = (resource: object): Issue[] => unreadIn(resource, SUBSCRIPTION, 'Subscription');

function unreadIn(value: object, element: Element, path: string): Issue[] {
  return Object.entries(value).flatMap(([name, given]) => {
    if (name === 'extension') return unreadExtensions(given, element.extensions ?? {}, path);
    const child = ownOf(element.inside, name.replace(/^_/, ''));
    if (!child) return [unread(`${path}.${name}`)];
    const place = `${path}.${name.replace(/^_/, '')}`;
    // `_name` is what there is of a primitive beside its value: https://hl7.org/fhir/R4/json.html#primitive
    if (name.startsWith('_')) {
      if (child.inside || !isObject(given)) return [unread(place)];
      return unreadIn(given, { inside: OF_PRIMITIVE, extensions: child.extensions }, place);
    }
    const items = Array.isArray(given)
      ? given.map((one, index) => [one, `${place}[${index}]`] as const)
      : null;
    return (items ?? [[given, place] as const]).flatMap(([one, at]) => {
      if (isObject(one)) return child.inside ? unreadIn(one, child, at) : [unread(at)];
      return child.inside ? [unread(at)] : [];
    });
  });
}

function unreadExtensions(given: unknown, known: Record<string, Extension>, path: string): Issue[] {
  const place = `${path}.extension`;
  if (!Array.isArray(given)) return [unread(place)];
  return given.flatMap((one: unknown, index) => {
    const at = `${place}[${index}]`;
    const url = isObject(one) ? String(one.url) : '';
    const extension = ownOf(known, url);
    if (!isObject(one) || !extension) return [unread(at, url && ` (${url})`)];
    const { value, many } = extension;
    const others = Object.keys(one).filter((name) => !['url', 'id', value].includes(name));
    const issues = others.map((name) => unread(`${at}.${name}`, `: of this extension ${value} is`));
    if (value === 'valueCoding' && isObject(one[value]))
      issues.push(...unreadIn(one[value], { inside: CODING }, `${at}.${value}`));
    if (!(value in one)) issues.push(unread(at, `: it needs a ${value}`));
    const first = given.findIndex((other: unknown) => isObject(other) && other.url === url);
    if (!many && first < index) issues.push(unread(at, ': it may be given once'));
    return issues;
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function ownOf<T>(table: Record<string, T> | undefined, name: string): T | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined;
}

const unread = (expression: string, why = ''): Issue => ({
  severity: 'error',
  code: 'not-supported',
  expression,
  text: `it is not supported here${why}`,
});
