import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';

type Invariant = { key: string; text: string; holds: (value: Node) => boolean };

const has = (value: Json | undefined) => value !== undefined && value !== null;
const some = (value: Node, prefix: string) =>
  Object.keys(value).some((name) => name.replace(/^_/, '').startsWith(prefix) && has(value[name]));

/** The span of instants, in ms, that a date or time covers; without a zone it counts as UTC. */
function span(text: string): [number, number] {
  const [year = 0, month, day] = text.slice(0, 10).split('-').map(Number);
  if (text.length > 10) return [Date.parse(text), Date.parse(text)];
  const end = day
    ? Date.UTC(year, (month ?? 1) - 1, day + 1)
    : month
      ? Date.UTC(year, month, 1)
      : Date.UTC(year + 1, 0, 1);
  return [Date.UTC(year, (month ?? 1) - 1, day ?? 1), end];
}

/** True unless `start` is certainly after `end`. A time beside a date gets twelve hours' allowance. */
function inOrder(start: Json | undefined, end: Json | undefined): boolean {
  if (typeof start !== 'string' || typeof end !== 'string') return true;
  const least = Math.min(start.length, end.length);
  if (start.length <= 10 && end.length <= 10) return start.slice(0, least) <= end.slice(0, least);
  return !(span(start)[0] > span(end)[1] + (least > 10 ? 0 : 43_200_000));
}

/** True unless `low` exceeds `high` in the same unit; different units are not compared. */
function isRange(low: Json | undefined, high: Json | undefined): boolean {
  if (!isObject(low) || !isObject(high)) return true;
  const isOneUnit = low.code === high.code && (low.code !== undefined || low.unit === high.unit);
  return (
    !isOneUnit || typeof low.value !== 'number' || typeof high.value !== 'number' || low.value <= high.value
  );
}

/** True where a fullUrl is absolute and names the entry's own resource.
 * https://hl7.org/fhir/R4/bundle.html#bundle-unique */
function isOwnUrl({ fullUrl, resource }: Node): boolean {
  if (typeof fullUrl !== 'string') return true;
  if (!/^[a-z][\w+.-]*:/i.test(fullUrl)) return false;
  const { id, resourceType } = isObject(resource) ? resource : {};
  return (
    !/^https?:/.test(fullUrl) ||
    id === undefined ||
    fullUrl.endsWith(`/${String(resourceType)}/${String(id)}`)
  );
}

const nodesOf = (list: Json | undefined): Node[] => (Array.isArray(list) ? list.filter(isObject) : []);

function linkIds({ linkId, item }: Node): Json[] {
  const inner = nodesOf(item).flatMap(linkIds);
  return linkId === undefined ? inner : [linkId, ...inner];
}

const codesOf = ({ code }: Node): string[] =>
  nodesOf(isObject(code) ? code.coding : undefined).map((one) => `${String(one.system)}|${String(one.code)}`);

const contact: Invariant = {
  key: 'pat-1',
  text: 'a contact needs a name, telecom, address or organization',
  holds: (value) => has(value.name) || has(value.telecom) || has(value.address) || has(value.organization),
};

const quantity: Invariant = {
  key: 'qty-3',
  text: 'a code needs a system',
  holds: ({ code, system }) => !has(code) || has(system),
};

/** Invariants checked in TypeScript for speed, because most messages have the elements they are about, or
 * because the standard gives no FHIRPath for them. Keys as in https://hl7.org/fhir/R4/. */
export const INVARIANTS: Record<string, Invariant[]> = {
  Extension: [
    {
      key: 'ext-1',
      text: 'an extension has a value or extensions, not both',
      holds: (value) => has(value.extension) !== some(value, 'value'),
    },
  ],
  Range: [{ key: 'rng-2', text: 'low is more than high', holds: ({ low, high }) => isRange(low, high) }],
  Period: [{ key: 'per-1', text: 'start is after end', holds: ({ start, end }) => inOrder(start, end) }],
  ContactPoint: [
    {
      key: 'cpt-2',
      text: 'a value needs a system',
      holds: ({ value, system }) => !has(value) || has(system),
    },
  ],
  ...Object.fromEntries(
    ['Quantity', 'Age', 'Count', 'Distance', 'Duration'].map((type) => [type, [quantity]]),
  ),
  Attachment: [
    {
      key: 'att-1',
      text: 'data needs a content type',
      holds: ({ data, contentType }) => !has(data) || has(contentType),
    },
  ],
  'Bundle.entry': [{ key: 'full-url', text: "has a full URL that is not its resource's", holds: isOwnUrl }],
  Observation: [
    {
      key: 'obs-7',
      text: 'a component says the same as the value',
      holds: (value) =>
        !some(value, 'value') ||
        !nodesOf(value.component)
          .flatMap(codesOf)
          .some((one) => codesOf(value).includes(one)),
    },
  ],
  Questionnaire: [
    {
      key: 'que-2',
      text: 'two of its items have one linkId',
      holds: (value) => new Set(linkIds(value)).size === linkIds(value).length,
    },
  ],
  'Patient.contact': [contact],
  Organization: [
    {
      key: 'org-1',
      text: 'needs a name or an identifier',
      holds: ({ name, identifier }) => has(name) || has(identifier),
    },
  ],
  ServiceRequest: [
    {
      key: 'prr-1',
      text: 'orderDetail needs a code',
      holds: ({ orderDetail, code }) => !has(orderDetail) || has(code),
    },
  ],
  Group: [
    {
      key: 'grp-1',
      text: 'only an actual group has members',
      holds: ({ member, actual }) => !has(member) || actual === true,
    },
  ],
};
