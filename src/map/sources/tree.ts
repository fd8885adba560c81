/** Paths of CSV rows and of JSON forms. CSV: column names; `each` goes over the parts of a cell between
 * semicolons. Forms: `person.given`, `/reference` from the root, and `.` for the item of an `each`. */

import { isObject } from '../../formats/tree.ts';
import type { Issue, Json } from '../../model.ts';
import type { SourceFile, SourceTree } from '../language/mapping-file.ts';
import {
  type Frame,
  PathError,
  type Reader,
  type Run,
  type Scope,
  type SourceFormat,
  suggest,
} from '../run.ts';
import { readCell } from './cells.ts';
import { follow, itemOf, stepsOf } from './json-path.ts';

type Csv = Extract<SourceFile, { format: 'csv' }>;
type Form = Extract<SourceFile, { format: 'json' }>;
type CsvRow = { values: Record<string, string>; headers: Record<string, string> };

/** The values a condition sees in a boolean, however the sender writes it. */
const wordsOf = (type: string) => (type === 'boolean' ? ['true', 'false'] : undefined);

export const normaliseHeader = (header: string) =>
  header
    .replace(/^\uFEFF/, '')
    .trim()
    .toLowerCase()
    .replace(/[\s_.-]+/g, '');

/** Headers match by name or alias, whatever their case and spacing. */
export function csvFormat(schema: Csv): SourceFormat {
  const names = new Map<string, string>();
  for (const [name, { aliases }] of Object.entries(schema.columns))
    for (const alias of [name, ...aliases]) names.set(normaliseHeader(alias), name);
  const ignored = new Set(Object.keys(schema.ignored).map(normaliseHeader));
  return {
    root: { kind: 'row', type: 'row', up: null },
    path: (text, scope) => (text === '.' && scope.kind === 'part' ? PART : compileColumn(text, schema)),
    each: (text, scope) => {
      const { read, at } = compileColumn(text, schema);
      return {
        scope: { kind: 'part', type: text, up: scope },
        expand: (run, frame) =>
          String(read(run, frame) ?? '')
            .split(';')
            .filter((part) => part.trim() !== '')
            .map((part) => ({ node: part.trim(), at: at(run, frame), up: frame })),
      };
    },
    open: (tree, position, receivedAt = new Date()) => {
      const year = receivedAt.getUTCFullYear();
      const row: CsvRow = { values: {}, headers: {} };
      const unknown: string[] = [];
      const issues: Issue[] = [];
      for (const [header, value] of Object.entries(tree as Record<string, Json>)) {
        const name = names.get(normaliseHeader(header));
        const field = position ? `${position}, ${header}` : header;
        if (!name && !ignored.has(normaliseHeader(header))) unknown.push(field);
        if (!name || typeof value !== 'string' || value.trim() === '') continue;
        const { text, issue } = readCell(value, schema.columns[name]?.type ?? 'text', { field, year });
        if (issue) issues.push(issue);
        if (text === undefined) continue;
        if ((row.values[name] ?? text) !== text) issues.push(twice(field, row.headers[name] ?? name));
        row.values[name] = text;
        row.headers[name] = header;
      }
      return { root: { node: row, at: '', up: null }, bundle: null, unknown, issues };
    },
  };
}

const PART: Reader = {
  type: 'text',
  many: false,
  read: (_, frame) => frame.node as string,
  at: (_, frame) => frame.at,
};

function compileColumn(text: string, { columns }: Csv): Reader {
  const column = columns[text];
  if (!column)
    throw new PathError(`no column "${text}" in this source${suggest(text, Object.keys(columns))}`);
  return {
    type: column.type,
    many: false,
    codes: wordsOf(column.type),
    read: (run) => (run.root.node as CsvRow).values[text],
    at: (run) => `${run.position}, ${(run.root.node as CsvRow).headers[text] ?? text}`,
  };
}

const twice = (field: string, header: string): Issue => ({
  severity: 'error',
  code: 'duplicate',
  field,
  text: `${field} and ${header} mean the same, and differ`,
});

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
          // A single value in place of a list is read as a list of one: senders often send it so.
          if (list !== undefined && !Array.isArray(list)) return [{ node: list, at, up: frame }];
          return (list ?? []).map((node, index) => ({ node, at: `${at}/${index}`, up: frame }));
        },
      };
    },
    open: (tree) => {
      const found: Misfits = { unknown: [], issues: [] };
      compareShape(schema.fields, tree, { at: '', ignored: new Set(Object.keys(schema.ignored)), found });
      return { root: { node: tree, at: '', up: null }, bundle: null, ...found };
    },
  };
}

type Misfits = { unknown: string[]; issues: Issue[] };
type Shape = { at: string; ignored: Set<string>; found: Misfits };

/** Notes fields that a form's schema does not have, and lists or objects where it has one value. */
function compareShape(schema: SourceTree, value: Json, { at, ignored, found }: Shape): void {
  if (value === null) return;
  if (Array.isArray(schema)) {
    const items = Array.isArray(value) ? value : [value];
    for (const [index, item] of items.entries())
      compareShape(schema[0] as SourceTree, item, {
        at: value === items ? `${at}/${index}` : at,
        ignored,
        found,
      });
  } else if (typeof schema === 'string' || !isObject(value)) {
    if (typeof value !== 'object' && typeof schema === 'string') return;
    const text = `${at} must be ${typeof schema === 'string' ? 'one value' : 'an object'}`;
    found.issues.push({ severity: 'warning', code: 'structure', field: at, text });
  } else
    for (const [name, inner] of Object.entries(value)) {
      const place = `${at}/${name}`;
      if (Object.hasOwn(schema, name))
        compareShape(schema[name] as SourceTree, inner, { at: place, ignored, found });
      else if (!ignored.has(nameOf(place))) found.unknown.push(place);
    }
}

/** As `source.yaml` names it: without the place in a list. */
const nameOf = (place: string): string =>
  place
    .split('/')
    .filter((step) => step !== '' && !/^\d+$/.test(step))
    .join('.');

function namesIn(tree: SourceTree): string[] {
  if (typeof tree === 'string') return [];
  if (Array.isArray(tree)) return tree.flatMap(namesIn);
  return Object.entries(tree).flatMap(([name, inner]) => [name, ...namesIn(inner)]);
}

/** Suggests where else in the form a field of that name belongs. */
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
  const steps = text === '.' ? [] : stepsOf(text.replace(/^\//, ''));
  let tree: SourceTree = absolute ? schema.fields : (scope as Scope & { tree: SourceTree }).tree;
  for (const { name: step, member } of steps) {
    const names = typeof tree === 'object' && !Array.isArray(tree) ? tree : {};
    if (!Object.hasOwn(names, step)) {
      const meant = suggest(step, Object.keys(names)) || elsewhere(step, schema.fields);
      throw new PathError(`no field "${text}" in this source${meant}`);
    }
    tree = names[step] as SourceTree;
    if (member !== undefined) tree = itemOf(tree, text, member);
  }
  const names = steps.map(({ name }) => name);
  const chooses = steps.some(({ member }) => member !== undefined);
  const suffix = steps.map(({ name }) => `/${name}`).join('');
  const start = (run: Run, frame: Frame) => (absolute ? run.root : frame);
  const type =
    typeof tree === 'string' ? tree : Array.isArray(tree) && typeof tree[0] === 'string' ? tree[0] : 'object';
  const reader: Reader = {
    type,
    codes: wordsOf(type),
    many: Array.isArray(tree),
    read: (run, frame) => {
      let node = start(run, frame).node as Json | undefined;
      if (chooses) node = follow(node, steps).node;
      else for (const name of names) node = isObject(node) ? node[name] : undefined;
      return (typeof node === 'string' && node.trim() === '') || node === null ? undefined : node;
    },
    at: (run, frame) => {
      const { at, node } = start(run, frame);
      return at + (chooses ? follow(node as Json | undefined, steps).place : suffix);
    },
  };
  return { reader, tree };
}
