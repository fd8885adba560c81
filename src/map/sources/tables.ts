/** Paths of an extract's rows: `BirthDate` in this row; `MHS001MPI.BirthDate` in a parent row or one named by
 * key. In a condition also child rows: any one of them fulfils it. */

import { isObject, type Node, textOf } from '../../formats/tree.ts';
import type { Issue, Json } from '../../model.ts';
import type { TablesFile } from '../language/tables-file.ts';
import {
  climb,
  type Frame,
  findScope,
  PathError,
  type Reader,
  type Scope,
  type SourceFormat,
  suggest,
} from '../run.ts';
import { joinTables } from './join-tables.ts';

/** The source format of an extract: tables of rows, one unit for each row of the unit's table, joined with
 * its related rows (join-tables.ts). */
export function tablesFormat(schema: TablesFile): SourceFormat {
  const { unit, tables } = schema;
  const root: Scope = { kind: 'row', type: unit, up: null };
  const columns = Object.values(tables).flatMap((table) => Object.keys(table.columns));
  return {
    root,
    names: new Set([...Object.keys(tables), ...columns]),
    split: (tree) => joinTables(schema, tree),
    prune,
    path: (text, scope) => compilePath(schema, text, scope),
    each: (text, scope) => {
      if (!tables[text])
        throw new PathError(`no table "${text}" in this source${suggest(text, Object.keys(tables))}`);
      const steps = stepsTo(schema, scope.type, text);
      if (!steps) throw new PathError(`the rows of ${text} do not belong to ${scope.type}`);
      const inner = steps.reduce<Scope>((up, type) => ({ kind: 'row', type, up }), scope);
      return { scope: inner, expand: (_, frame) => steps.reduce(rowsBelow, [frame]) };
    },
    open: (tree) => {
      const node = tree as Node;
      const found: string[] = [];
      walkRows(node, (row) => {
        for (const name of (row.$unknown ?? []) as string[]) found.push(`${placeOf(row)}, ${name}`);
      });
      return { root: { node, at: placeOf(node), up: null }, bundle: null, unknown: found };
    },
  };

  function walkRows(node: Node, visit: (row: Node) => void): void {
    visit(node);
    for (const name of Object.keys(tables)) for (const row of rowsOf(node[name])) walkRows(row, visit);
  }
}

const placeOf = ({ $at }: Node) => textOf($at);
const rowsOf = (value: Json | undefined) => (Array.isArray(value) ? value : []).filter(isObject);

const rowsBelow = (frames: Frame[], table: string): Frame[] =>
  frames.flatMap((up) => rowsOf((up.node as Node)[table]).map((node) => ({ node, at: placeOf(node), up })));

/** The chain of tables from one down to another; undefined where the second is not below the first. */
function stepsTo({ tables }: TablesFile, from: string, to: string): string[] | undefined {
  const steps: string[] = [];
  for (let at: string | undefined = to; at !== from; at = tables[at]?.of) {
    if (at === undefined) return undefined;
    steps.unshift(at);
  }
  return steps;
}

function compilePath(schema: TablesFile, text: string, scope: Scope): Reader {
  const { tables, unit } = schema;
  const [table = '', column = ''] = text.includes('.') ? text.split('.') : [scope.type, text];
  const declared = tables[table];
  if (!declared)
    throw new PathError(`no table "${table}" in this source${suggest(table, Object.keys(tables))}`);
  const type = declared.columns[column];
  if (!type)
    throw new PathError(
      `no column "${text}" in this source${suggest(column, Object.keys(declared.columns))}`,
    );
  const levels = findScope(scope, (one) => one.type === table);
  const steps = levels < 0 ? stepsTo(schema, scope.type, table) : undefined;
  if (steps)
    return {
      type: 'rows',
      many: true,
      any: true,
      read: (_, frame) =>
        steps.reduce(rowsBelow, [frame]).flatMap(({ node }) => (node as Node)[column] ?? []),
      at: (_, frame) => `${frame.at}, ${text}`,
    };
  const users = declared.one ? { [unit]: '' } : (declared.for ?? {});
  if (levels < 0 && findScope(scope, (one) => users[one.type] !== undefined) < 0)
    throw new PathError(`no row of ${table} is known here: name it in each`);
  const find = (frame: Frame): Node | undefined => {
    if (levels >= 0) return climb(frame, levels).node as Node;
    // Takes the nearest row that names one: a contact's own team before that of its referral.
    for (let at: Frame | null = frame, kind: Scope | null = scope; at && kind; at = at.up, kind = kind.up) {
      const named = users[kind.type];
      const node = at.node as Node;
      const known = named === '' || (named !== undefined && node[named] !== undefined);
      if (known) return isObject(node[table]) ? node[table] : undefined;
    }
    return undefined;
  };
  return {
    type,
    many: false,
    read: (_, frame) => find(frame)?.[column],
    at: (_, frame) => {
      const row = find(frame);
      return row ? `${placeOf(row)}, ${column}` : `${frame.at}, ${text}`;
    },
  };
}

type HeldRow = { position: string; issues: Issue[] };

/** Removes the child rows that errors name, with all rows below them, so that only those are held. Undefined
 * where an error names no child row: then the whole unit is held. */
function prune(tree: Json, issues: Issue[]): { rest: Json; held: HeldRow[] } | undefined {
  const told = Map.groupBy(issues, ({ field = '' }) => /^\w+ row \d+/.exec(field)?.[0] ?? '');
  const wrong = new Set([...told].filter(([, all]) => all.some(isError)).map(([place]) => place));
  if (!isObject(tree) || wrong.has('') || wrong.has(placeOf(tree))) return undefined;
  const held: HeldRow[] = [];
  const keep = (row: Node, above?: string): Node | undefined => {
    const place = placeOf(row);
    const out = above ?? (wrong.has(place) ? place : undefined);
    if (out)
      held.push({ position: place, issues: above ? [belongs(place, above)] : (told.get(place) ?? []) });
    const below = Object.entries(row).map(([name, value]): [string, Json] => {
      if (!Array.isArray(value) || name.startsWith('$')) return [name, value];
      return [name, rowsOf(value).flatMap((inner) => keep(inner, out) ?? [])];
    });
    return out ? undefined : Object.fromEntries(below);
  };
  const rest = keep(tree);
  return rest && held.length > 0 ? { rest, held } : undefined;
}

const isError = ({ severity }: Issue) => severity === 'error';
const belongs = (place: string, above: string): Issue => {
  const text = `${place}: ${above}, which it belongs to, is held`;
  return { severity: 'error', code: 'business-rule', field: place, text };
};
