/** Paths of CSV rows (column names) and JSON forms (`person.given`, `/reference` from the root, `.` for the item of an `each`). */
import type { Json } from '../model.ts';
import type { SourceFile, SourceTree } from './mapping-file.ts';
import {
  type Frame,
  isObject,
  PathError,
  type Reader,
  type Run,
  type Scope,
  type SourceFormat,
  suggest,
} from './run.ts';

type Csv = Extract<SourceFile, { format: 'csv' }>;
type Form = Extract<SourceFile, { format: 'json' }>;
type Row = { values: Record<string, string>; headers: Record<string, string> };

/** How senders write yes and no (src/map/convert.ts). */
const BOOLEANS = ['yes', 'y', 'true', 'no', 'n', 'false']
  .flatMap((word) => [word, word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)])
  .concat('1', '0');
const wordsOf = (type: string) => (type === 'boolean' ? BOOLEANS : undefined);

export const normaliseHeader = (header: string) =>
  header
    .replace(/^\uFEFF/, '')
    .trim()
    .toLowerCase()
    .replace(/[\s_.-]+/g, '_');

/** Headers match by name or alias, whatever their case and spacing. */
export function csvFormat(schema: Csv): SourceFormat {
  const names = new Map<string, string>();
  for (const [name, { aliases }] of Object.entries(schema.columns))
    for (const alias of [name, ...aliases]) names.set(normaliseHeader(alias), name);
  const ignored = new Set(Object.keys(schema.ignored));
  return {
    root: { kind: 'row', type: 'row', up: null },
    path: (text) => {
      const column = schema.columns[text];
      if (!column)
        throw new PathError(`no column "${text}" in this source${suggest(text, Object.keys(schema.columns))}`);
      return {
        ...{ type: column.type, many: false, codes: wordsOf(column.type) },
        read: (run) => (run.root.node as Row).values[text],
        at: (run) => `${run.position}, ${(run.root.node as Row).headers[text] ?? text}`,
      };
    },
    each: (text) => {
      throw new PathError(`"${text}": a row has nothing that repeats`);
    },
    open: (tree, position) => {
      const row: Row = { values: {}, headers: {} };
      const unknown: string[] = [];
      for (const [header, value] of Object.entries(tree as Record<string, Json>)) {
        const name = names.get(normaliseHeader(header));
        if (!name && !ignored.has(normaliseHeader(header))) unknown.push(position ? `${position}, ${header}` : header);
        if (!name || typeof value !== 'string' || value.trim() === '') continue;
        row.values[name] = value.trim();
        row.headers[name] = header;
      }
      return { root: { node: row, at: '', up: null }, bundle: null, unknown };
    },
  };
}

export function jsonFormat(schema: Form): SourceFormat {
  const root: Scope & { tree: SourceTree } = { kind: 'json', type: 'object', up: null, tree: schema.fields };
  return {
    root,
    names: new Set(namesIn(schema.fields)),
    path: (text, scope) => compilePath(text, scope, schema),
    each: (text, scope) => {
      const { reader, tree } = locate(text, scope, schema);
      if (!Array.isArray(tree)) throw new PathError(`"${text}" is not a list`);
      const inner: Scope & { tree: SourceTree } = {
        kind: 'json',
        type: 'item',
        up: scope,
        tree: tree[0] as SourceTree,
      };
      return {
        scope: inner,
        expand: (run, frame) => {
          const list = reader.read(run, frame);
          const at = reader.at(run, frame);
          return (Array.isArray(list) ? list : []).map((node, index) => ({ node, at: `${at}/${index}`, up: frame }));
        },
      };
    },
    open: (tree) => {
      const known = new Set([...Object.keys(schema.fields), ...Object.keys(schema.ignored)]);
      const unknown = isObject(tree) ? Object.keys(tree).filter((name) => !known.has(name)) : [];
      return { root: { node: tree, at: '', up: null }, bundle: null, unknown: unknown.map((name) => `/${name}`) };
    },
  };
}

function namesIn(tree: SourceTree): string[] {
  if (typeof tree === 'string') return [];
  if (Array.isArray(tree)) return tree.flatMap(namesIn);
  return Object.entries(tree).flatMap(([name, inner]) => [name, ...namesIn(inner)]);
}

/** Where in the form a field of that name is. */
function elsewhere(name: string, fields: SourceTree): string {
  const find = (tree: SourceTree, at: string): string | undefined => {
    if (typeof tree === 'string' || Array.isArray(tree)) return undefined;
    if (Object.hasOwn(tree, name)) return `${at}${name}`;
    return Object.entries(tree).flatMap(([step, inner]) => find(inner, `${at}${step}.`) ?? [])[0];
  };
  const found = find(fields, '/');
  return found ? `; there is "${found}"` : '';
}

function compilePath(text: string, scope: Scope, schema: Form): Reader {
  return locate(text, scope, schema).reader;
}

function locate(text: string, scope: Scope, schema: Form): { reader: Reader; tree: SourceTree } {
  const absolute = text.startsWith('/');
  const steps = text === '.' ? [] : text.replace(/^\//, '').split('.');
  let tree: SourceTree = absolute ? schema.fields : (scope as Scope & { tree: SourceTree }).tree;
  for (const step of steps) {
    const names = typeof tree === 'object' && !Array.isArray(tree) ? tree : {};
    if (!Object.hasOwn(names, step))
      throw new PathError(
        `no field "${text}" in this source${suggest(step, Object.keys(names)) || elsewhere(step, schema.fields)}`,
      );
    tree = names[step] as SourceTree;
  }
  const suffix = steps.map((step) => `/${step}`).join('');
  const start = (run: Run, frame: Frame) => (absolute ? run.root : frame);
  const type =
    typeof tree === 'string' ? tree : Array.isArray(tree) && typeof tree[0] === 'string' ? tree[0] : 'object';
  const reader: Reader = {
    ...{ type, codes: wordsOf(type) },
    many: Array.isArray(tree),
    read: (run, frame) => {
      let node = start(run, frame).node as Json | undefined;
      for (const step of steps) node = isObject(node) ? node[step] : undefined;
      return node === '' || node === null ? undefined : node;
    },
    at: (run, frame) => start(run, frame).at + suffix,
  };
  return { reader, tree };
}
