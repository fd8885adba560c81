/** Finds the values of an element that a profile's rule is about, each with its type and place. */
import { elementIn, isPrimitive, typeDefinition } from '../fhir/definitions.ts';
import { isObject, type Node } from '../formats/tree.ts';
import type { Json } from '../model.ts';

/** One value of an element. `steps` lead to it from its holder. For a primitive, `node` is its `_name` (id
 * and extensions) and `value` may be null. */
export type Item = { steps: (string | number)[]; type: string; value: Json; node: Node };

const EMPTY: Node = {};

/**
 * `name` is as in a differential: `value[x]` finds whichever form is present, `valueQuantity` that form only.
 */
function itemsOf(type: string, holder: Node, name: string): Item[] {
  const elements = typeDefinition(type)?.elements;
  if (!elements) return [];
  if (!name.endsWith('[x]')) return itemsAt(elementIn(elements, name)?.type, holder, name);
  const choice = name.slice(0, -3);
  const items: Item[] = [];
  for (const key in holder) {
    const form = key.startsWith('_') ? key.slice(1) : key;
    if (elements[form]?.choice !== choice || (form !== key && holder[form] !== undefined)) continue;
    items.push(...itemsAt(elements[form].type, holder, form));
  }
  return items;
}

function itemsAt(type: string | undefined, holder: Node, name: string): Item[] {
  const value = holder[name];
  const extra = holder[`_${name}`];
  if (type === undefined || (value === undefined && extra === undefined)) return [];
  if (!Array.isArray(value ?? extra)) return [item([name], type, value, extra)];
  const [values, extras] = [value, extra].map((list) => (Array.isArray(list) ? list : [])) as [
    Json[],
    Json[],
  ];
  const length = Math.max(values.length, extras.length);
  return Array.from({ length }, (_, index) => item([name, index], type, values[index], extras[index]));
}

function item(steps: Item['steps'], type: string, value: Json | undefined, extra: Json | undefined): Item {
  const node = isObject(value) ? value : isObject(extra) ? extra : EMPTY;
  return { steps, type: type === 'Resource' ? String(node.resourceType) : type, value: value ?? null, node };
}

/** The items inside an item; inside a primitive those are its id and extensions. */
export const insideOf = ({ type, node }: Item, name: string): Item[] =>
  itemsOf(isPrimitive(type) ? 'Element' : type, node, name);

const LITERAL = /(?:^|\/)([A-Z]\w+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[\w.-]+)?$/;

/** The resource type that a Reference names, if it does. */
export function targetType({ reference, type }: Node): string | undefined {
  const [, named] =
    typeof reference === 'string' && !reference.startsWith('#') ? (LITERAL.exec(reference) ?? []) : [];
  return named ?? (typeof type === 'string' ? type : undefined);
}
