/** Reads the value at a position that lineage names: in the source, and in a resource made from it. */
import { isObject } from '../formats/tree.ts';
import type { Json } from '../model.ts';
import { segmentsOf } from './draft/source-fields.ts';

const V2 = /^([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?(?:\.(\d+))?$/;

/** `NK1[2]-3.1`, `row 3, Surname`, `MHS201CareContact row 3, AttendStatus`, `/person/name`; undefined where
 * the position is of some other kind. */
export function readSource(tree: Json, position: string): Json | undefined {
  const [match, name, nth = 1, field = 0, repetition = 1, component = 1, part = 1] = V2.exec(position) ?? [];
  if (match) {
    const segment = segmentsOf(tree).filter((one) => one.name === name)[Number(nth) - 1];
    const repetitions = segment?.fields[Number(field)];
    return repetitions?.[Number(repetition) - 1]?.[Number(component) - 1]?.[Number(part) - 1];
  }
  if (position.startsWith('/')) return follow(tree, position.slice(1).split('/'));
  const [, table = '', row, cell = ''] = /^(\w+) row (\d+), (.+)$/.exec(position) ?? [];
  if (row !== undefined) return readCell(rowsOf(tree, table)[Number(row) - 1], cell);
  const [, column] = /^row \d+, (.+)$/.exec(position) ?? [];
  return column !== undefined && isObject(tree) ? tree[column] : undefined;
}

/** Reads a cell of an extract; table and column names match in any case. */
function readCell(tree: Json | undefined, name: string): Json | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  return isObject(tree) ? Object.entries(tree).find(([one]) => plain(one) === plain(name))?.[1] : undefined;
}

function rowsOf(tree: Json, table: string): Json[] {
  const rows = readCell(tree, table);
  return Array.isArray(rows) ? rows : rows === undefined ? [] : [rows];
}

/** `name[0].family` */
export function readElement(resource: Json, path: string): Json | undefined {
  return follow(resource, path.split(/[.[\]]+/).filter(Boolean));
}

function follow(value: Json | undefined, steps: string[]): Json | undefined {
  let at = value;
  for (const step of steps) {
    if (Array.isArray(at)) at = at[Number(step)];
    else at = isObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }
  return at;
}

/** The code of a code, Coding or CodeableConcept; its text where it has none. */
export function codeOf(value: Json | undefined): string | undefined {
  if (Array.isArray(value)) return codeOf(value[0]);
  if (!isObject(value)) return value === undefined ? undefined : String(value);
  return codeOf(value.code ?? value.coding ?? value.text);
}
