/** FHIR in XML, of any release, as the tree that its JSON would be. https://hl7.org/fhir/R4/xml.html */
import { rejected } from '../errors.ts';
import { findElement, isPrimitive } from '../fhir/definitions.ts';
import type { Node } from '../formats/tree.ts';
import type { Json, Unit } from '../model.ts';
import { checkBundle } from './json.ts';
import { readXml, type XmlElement } from './xml.ts';

/** Reads a message or transaction Bundle. Throws Rejected(400) where it is neither, or is unsafe. */
export function readFhirXml(body: Buffer, charset?: string): Unit[] {
  const root = readXml(body, { namespace: 'http://hl7.org/fhir', ...(charset && { charset }) });
  const tree = readResource(root);
  checkBundle(tree, ['message', 'transaction']);
  return [{ position: '', tree }];
}

function readResource(element: XmlElement): Node {
  return { resourceType: element.name, ...readParts(element, element.name) };
}

/** The children of an element as JSON properties. R4 says which are lists and which are numbers; an element
 * unknown to it (another release, an unused type) is a list where it repeats, and text. */
function readParts(element: XmlElement, type: string | undefined): Node {
  const node: Node = {};
  for (const name of ['id', 'url']) {
    const value = element.attributes.get(name);
    if (value !== undefined) node[name] = value;
  }
  for (const [name, group] of Map.groupBy(element.children, (child) => child.name)) {
    const known = type === undefined ? undefined : findElement(type, name);
    const many = known ? known.many === true || group.length > 1 : group.length > 1;
    const primitive = known
      ? isPrimitive(known.type)
      : group.some(({ attributes }) => attributes.has('value'));
    const values = group.map((child) =>
      primitive ? readText(child, known?.type) : readObject(child, known?.type),
    );
    node[name] = many ? values : (values[0] ?? null);
    if (!primitive) continue;
    // A primitive's id and extensions stand beside it, under its name with an underscore.
    const beside = group.map((child) => readParts(child, 'Element'));
    const some = beside.map((parts) => (Object.keys(parts).length > 0 ? parts : null));
    if (some.some((parts) => parts !== null)) node[`_${name}`] = many ? some : (some[0] ?? null);
    if (!many && values[0] === null) delete node[name];
  }
  return node;
}

function readObject(element: XmlElement, type: string | undefined): Node {
  const [resource, another] = element.children.filter(({ name }) => /^[A-Z]/.test(name));
  if (!resource) return readParts(element, type);
  if (another) throw rejected(400, 'structure', `${element.name} holds two resources`);
  return readResource(resource);
}

/** The value of a primitive; null where it has only an extension. */
function readText({ attributes }: XmlElement, type: string | undefined): Json {
  const text = attributes.get('value');
  if (text === undefined) return null;
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const number = type === 'decimal' || /^(integer|positiveInt|unsignedInt)$/.test(type ?? '');
  return number && /^-?(0|[1-9]\d{0,17})(\.\d{1,17})?$/.test(text) ? Number(text) : text;
}
