/** Finds from the rows of an extract how its tables join. */

import { isObject, type Node } from '../../formats/tree.ts';
import type { SourceTree } from '../../map/language/mapping-file.ts';
import type { Json } from '../../model.ts';

type Join = { of: string; by: string };

/**
 * A table's key is its first column whose values all differ. A table is a child of another if it has a column
 * of the other's key name that holds its keys only. The unit is the table with the most descendants. A table
 * that joins to none is left out, or, with a single row, applies to the whole file.
 */
export function joinTables(fields: Record<string, SourceTree>, trees: Json[]): object | undefined {
  const rows = new Map(Object.keys(fields).map((name) => [name, rowsOf(name, trees)]));
  const keys = new Map([...rows].map(([name, list]) => [name, keyOf(list, rows)]));
  const parents = new Map([...rows.keys()].map((name) => [name, parentOf(name, rows, keys)]));
  const rootOf = (name: string, seen: string[] = []): string => {
    const parent = parents.get(name);
    return parent && !seen.includes(parent.of) ? rootOf(parent.of, [...seen, name]) : name;
  };
  const below = Map.groupBy(rows.keys(), (name) => rootOf(name));
  const [unit] = [...below.keys()]
    .filter((name) => keys.get(name) && !parents.get(name))
    .sort((a, b) => (below.get(b)?.length ?? 0) - (below.get(a)?.length ?? 0));
  if (unit === undefined) return undefined;
  const tables = [...rows].flatMap(([name, list]) => {
    const joined = rootOf(name) === unit;
    if (!joined && list.length > trees.length) return [];
    const columns = Object.entries(Object.values(fields[name] ?? {})[0] ?? {})
      .filter(([column]) => !rows.has(column))
      .map(([column, type]) => [column, typeof type === 'string' ? type : 'text']);
    const join = joined ? { key: keys.get(name), ...parents.get(name) } : { one: true };
    return [[name, { ...join, columns: Object.fromEntries(columns) }]];
  });
  return { format: 'tables', unit, tables: Object.fromEntries(tables) };
}

export const rowsOf = (table: string, trees: Json[]): Node[] =>
  trees.flatMap((tree) => (isObject(tree) ? (tree[table] ?? []) : [])).filter(isObject);

const valuesOf = (rows: Node[], column: string): Json[] =>
  rows.map((row) => row[column] ?? '').filter((value) => value !== '');

function keyOf(rows: Node[], names: Map<string, Node[]>): string | undefined {
  return Object.keys(rows[0] ?? {}).find(
    (column) => !names.has(column) && new Set(valuesOf(rows, column)).size === rows.length,
  );
}

/** The parent of a table: among the tables whose key it has, the one that itself has the most key columns. */
function parentOf(
  name: string,
  rows: Map<string, Node[]>,
  keys: Map<string, string | undefined>,
): Join | undefined {
  const own = rows.get(name) ?? [];
  const all = [...keys].flatMap(([of, key]) => {
    const by = key && Object.keys(own[0] ?? {}).find((column) => column.toLowerCase() === key.toLowerCase());
    if (!by || of === name || by === keys.get(name)) return [];
    const known = new Set(valuesOf(rows.get(of) ?? [], key));
    const named = valuesOf(own, by);
    return named.length > 0 && named.every((value) => known.has(value)) ? [{ of, by }] : [];
  });
  const isKey = new Set(keys.values());
  const depth = ({ of }: Join) =>
    Object.keys(rows.get(of)?.[0] ?? {}).filter((column) => isKey.has(column)).length;
  return all.sort((a, b) => depth(b) - depth(a))[0];
}
