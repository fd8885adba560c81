/** Joins the rows of an extract's tables by their keys, into one tree per row of the unit's table. */

import { isObject, type Node, textOf } from '../../formats/tree.ts';
import type { Issue, Json, Unit } from '../../model.ts';
import type { TablesFile } from '../language/tables-file.ts';
import { suggest } from '../run.ts';

/** One row of a table. `node` holds its columns under their declared names, `$at` its place, and, once
 * joined, its child rows. */
type TableRow = { table: string; at: string; node: Node };
type HeldUnit = Unit & { error: Issue };
/** `keys` maps, for each table, a key to its row; null where the row of that key is held. */
type File = {
  rows: Map<string, TableRow[]>;
  held: HeldUnit[];
  keys: Map<string, Map<string, TableRow | null>>;
};

const compact = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
const hold = (at: string, code: string, fault: string, column = ''): HeldUnit => {
  const field = column ? `${at}, ${column}` : at;
  return { position: at, tree: null, error: { severity: 'error', code, field, text: `${field}${fault}` } };
};

/**
 * Gives one unit for each row of `schema.unit`, and one with `error` for each row that is held: it cannot be
 * read, has no key, shares its key with a differing row, or names a parent that is not in the file. The order
 * of the rows makes no difference.
 */
export function joinTables(schema: TablesFile, tree: Json): Unit[] {
  const file = readTables(schema, tree);
  for (const table of inOrder(schema)) {
    const distinct = indexRows(schema, table, file);
    file.rows.set(table, findParents(schema, distinct, file));
  }
  for (const row of [...file.rows.values()].flat()) linkRow(schema, row, file);
  const units = (file.rows.get(schema.unit) ?? []).map(
    ({ at, node }): Unit => ({ position: at, tree: node }),
  );
  if (units.length + file.held.length > 0) return [...units, ...file.held];
  return [{ ...hold(schema.unit, 'required', ' has no rows'), position: '' }];
}

/** Table names, parents before their children. */
function inOrder({ tables }: TablesFile): string[] {
  const depth = (name: string): number => 1 + (tables[name]?.of ? depth(tables[name].of) : 0);
  return Object.keys(tables).sort((a, b) => depth(a) - depth(b));
}

function readTables(schema: TablesFile, tree: Json): File {
  const file: File = { rows: new Map(), held: [], keys: new Map() };
  const names = new Map(
    [...Object.keys(schema.tables), ...Object.keys(schema.ignored)].map((name) => [compact(name), name]),
  );
  for (const [given, value] of Object.entries(isObject(tree) ? tree : {})) {
    const name = names.get(compact(given));
    const fault = !name
      ? hold(given, 'not-supported', ` is no table of this source${suggest(given, names.values())}`)
      : file.rows.has(name)
        ? hold(given, 'duplicate', ' is in the file twice')
        : typeof value !== 'object' &&
          schema.tables[name] &&
          hold(given, 'structure', ' must be a list of rows');
    if (fault) file.held.push(fault);
    else if (name && schema.tables[name])
      readRows(schema, name, { given: Array.isArray(value) ? value : [value], file });
  }
  return file;
}

function readRows(schema: TablesFile, table: string, { given, file }: { given: Json[]; file: File }): void {
  const { columns = {}, one } = schema.tables[table] ?? {};
  const names = new Map(Object.keys(columns).map((column) => [compact(column), column]));
  const known = new Set(Object.keys(schema.ignored).map(compact));
  const rows: TableRow[] = [];
  file.rows.set(table, rows);
  for (const [index, cells] of given.entries()) {
    if (cells === null) continue;
    const at = `${table} row ${index + 1}`;
    const node: Node = { $at: at };
    let fault = one && index > 0 ? hold(at, 'duplicate', ': this table has one row') : undefined;
    if (!isObject(cells)) fault = hold(at, 'structure', ' must be an object of columns');
    for (const [header, cell] of Object.entries(isObject(cells) ? cells : {})) {
      const name = names.get(compact(header));
      if (name && typeof cell === 'object' && cell !== null)
        fault ??= hold(at, 'structure', ' must be one value', name);
      else if (name && cell !== null && textOf(cell).trim() !== '') node[name] = textOf(cell).trim();
      if (name || known.has(compact(table + header))) continue;
      // One issue for the file, not one for each row.
      known.add(compact(table + header));
      node.$unknown = [...((node.$unknown ?? []) as string[]), header];
    }
    if (fault) file.held.push(fault);
    else rows.push({ table, at, node });
  }
}

/** Indexes rows by key. Equal rows count as one; differing rows of one key are all held. */
function indexRows({ tables }: TablesFile, table: string, { rows, keys, held }: File): TableRow[] {
  const { key } = tables[table] ?? {};
  const all = rows.get(table) ?? [];
  const index = new Map<string, TableRow | null>();
  keys.set(table, index);
  if (!key) return all;
  return [...Map.groupBy(all, ({ node }) => node[key])].flatMap(([value, [first, ...others]]) => {
    if (!first) return [];
    if (value === undefined) {
      for (const { at } of [first, ...others]) held.push(hold(at, 'required', ' is missing', key));
      return [];
    }
    const same = others.every((other) => cellsOf(other) === cellsOf(first));
    const twin = (at: string) => `: the same as ${at}${same ? '' : ', and the rows differ'}`;
    for (const { at } of others) held.push(hold(at, 'duplicate', twin(first.at), key));
    if (!same && others[0]) held.push(hold(first.at, 'duplicate', twin(others[0].at), key));
    index.set(String(value), same ? first : null);
    return same ? [first] : [];
  });
}

const cellsOf = ({ node }: TableRow) =>
  JSON.stringify(
    Object.entries(node)
      .filter(([name]) => !name.startsWith('$'))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

/** Rows whose parent is in the file. The others are held, and with them all rows below them. */
function findParents({ tables }: TablesFile, rows: TableRow[], { keys, held }: File): TableRow[] {
  return rows.filter(({ table, at, node }) => {
    const { key = '', of, by = '' } = tables[table] ?? {};
    const parent = of ? keys.get(of)?.get(textOf(node[by] ?? '')) : undefined;
    if (!of || parent) return true;
    if (node[by] === undefined) held.push(hold(at, 'required', ' is missing', by));
    else if (parent === null) held.push(hold(at, 'business-rule', `: that row of ${of} is held`, by));
    else held.push(hold(at, 'not-found', `: no such ${of} in this file`, by));
    if (key) keys.get(table)?.set(textOf(node[key] ?? ''), null);
    return false;
  });
}

/**
 * Puts a row under its parent, and gives it the rows that it names by key or that apply to the whole file.
 */
function linkRow({ unit, tables }: TablesFile, { table, node }: TableRow, { rows, keys }: File): void {
  const { of, by = '' } = tables[table] ?? {};
  const parent = keys.get(of ?? '')?.get(textOf(node[by] ?? ''))?.node;
  if (parent?.[table]) (parent[table] as Json[]).push(node);
  else if (parent) parent[table] = [node];
  for (const [name, { for: users = {}, one }] of Object.entries(tables)) {
    const named = keys.get(name)?.get(textOf(node[users[table] ?? ''] ?? ''))?.node;
    const shared = one && table === unit ? rows.get(name)?.[0]?.node : undefined;
    if (named ?? shared) node[name] = (named ?? shared) as Node;
  }
}
