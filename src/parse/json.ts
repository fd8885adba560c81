import { isDeepStrictEqual } from 'node:util';
import { rejected } from '../errors.ts';
import { parseJson } from '../formats/json.ts';
import { isObject, type Node } from '../formats/tree.ts';
import type { Json, Unit } from '../model.ts';

/** Reads a form: one JSON object with any properties. */
export function readForm(body: Buffer): Unit[] {
  const tree = parseJson(body);
  if (!isObject(tree)) throw rejected(400, 'structure', 'the body must be one JSON object');
  return [{ position: '', tree }];
}

/** A FHIR Bundle of the type the route takes, or of either. https://hl7.org/fhir/R4/bundle.html */
export function readBundle(body: Buffer, type?: 'message' | 'transaction'): Unit[] {
  const tree = parseJson(body);
  checkBundle(tree, type ? [type] : ['message', 'transaction']);
  return [{ position: '', tree }];
}

/** Throws Rejected(400) where the tree is no Bundle of a type that is wanted, or holds no entries. */
export function checkBundle(tree: Json, wanted: string[]): void {
  if (!isObject(tree) || tree.resourceType !== 'Bundle')
    throw rejected(400, 'structure', 'the body must be a FHIR Bundle', { field: '/resourceType' });
  if (typeof tree.type !== 'string' || !wanted.includes(tree.type)) {
    const is = /^[a-z]+(-[a-z]+)*$/.test(String(tree.type)) ? ` "${tree.type}"` : '';
    throw rejected(400, 'structure', `Bundle.type${is} is not taken; ${wanted.join(' or ')} is`, {
      field: '/type',
      expression: 'Bundle.type',
    });
  }
  const entries = tree.entry ?? [];
  if (!Array.isArray(entries) || entries.length === 0)
    throw rejected(400, 'structure', 'the Bundle has no entries', {
      field: '/entry',
      expression: 'Bundle.entry',
    });
  for (const [index, entry] of entries.entries()) {
    const [place, path] = [`/entry/${index}`, `Bundle.entry[${index}]`];
    if (!isObject(entry) || (entry.resource !== undefined && !isObject(entry.resource)))
      throw rejected(400, 'structure', 'a Bundle entry must be an object with a resource', {
        field: place,
        expression: path,
      });
    if (!isSentToItsType(entry))
      throw rejected(400, 'structure', 'request.url names another type than its resource is', {
        field: `${place}/request/url`,
        expression: `${path}.request.url`,
      });
  }
  checkUnique(entries as Node[]);
  if (tree.type === 'message' && resourceType(entries[0]) !== 'MessageHeader') {
    throw rejected(400, 'structure', 'the first entry of a message Bundle must be a MessageHeader', {
      field: '/entry/0',
      expression: 'Bundle.entry[0].resource',
    });
  }
}

/** `Patient`, `Patient/1`, `Patient?…`, or the same after a server's base URL. */
function isSentToItsType({ resource, request }: Node): boolean {
  const type = isObject(resource) ? resource.resourceType : undefined;
  const url = isObject(request) ? request.url : undefined;
  if (typeof type !== 'string' || typeof url !== 'string') return true;
  const [path = ''] = url.split(/[?#]/, 1);
  const parts = path.split('/').filter(Boolean);
  return /^\w+:/.test(url) ? parts.slice(-2).includes(type) : parts[0] === type;
}

/** Throws where two entries share a fullUrl or `Type/id` (bdl-7): a referral could change patients. */
function checkUnique(entries: Node[]): void {
  const named = new Map<string, Json | undefined>();
  for (const [index, { fullUrl, resource }] of entries.entries()) {
    const { resourceType: type, id } = (resource ?? {}) as Node;
    for (const name of [fullUrl, id && `${type}/${id}`]) {
      if (typeof name !== 'string' || name === '') continue;
      if (!named.has(name)) named.set(name, resource);
      else if (!isDeepStrictEqual(named.get(name), resource)) {
        const text = 'another resource of this Bundle has the same fullUrl, or the same type and id';
        throw rejected(400, 'structure', text, {
          field: `/entry/${index}`,
          expression: `Bundle.entry[${index}]`,
        });
      }
    }
  }
}

function resourceType(entry: Json | undefined): Json | undefined {
  return isObject(entry) && isObject(entry.resource) ? entry.resource.resourceType : undefined;
}
