/** How the tables of an extract hang together, found in their rows. */

import { isObject } from '../../formats/tree.ts';
import type { SourceTree } from '../../map/language/mapping-file.ts';
import type { Json } from '../../model.ts';

type Row = { [name: string]: Json };
type Join = { of: string; by: string };

/**
 * A table's key is the first column that differs in each row; another belongs to it that has a column of that name with its keys
 * alone. The unit is the table that most others lead to; a table that nothing joins is left out, or speaks of the file if it has one row.
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

/** All rows of a table. */
export const rowsOf = (table: string, trees: Json[]): Row[] =>
  trees.flatMap((tree) => (isObject(tree) ? (tree[table] ?? []) : [])).filter(isObject);

const valuesOf = (rows: Row[], column: string): Json[] =>
  rows.map((row) => row[column] ?? '').filter((value) => value !== '');

function keyOf(rows: Row[], names: Map<string, Row[]>): string | undefined {
  return Object.keys(rows[0] ?? {}).find(
    (column) => !names.has(column) && new Set(valuesOf(rows, column)).size === rows.length,
  );
}

/** The nearest: of several tables whose key it has, the one that has most columns of keys itself. */
function parentOf(
  name: string,
  rows: Map<string, Row[]>,
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
