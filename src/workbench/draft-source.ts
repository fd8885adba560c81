/** What samples hold, as a source.yaml says it: found in them, and from what the sources that ship say of the same fields. */

import { normaliseHeader } from '../map/format-tree.ts';
import type { SourceFile, SourceTree } from '../map/mapping-file.ts';
import { isObject } from '../map/run.ts';
import type { TablesFile } from '../map/tables-file.ts';
import type { Path } from '../map/yaml-file.ts';
import type { Json } from '../model.ts';
import { typeOfValues } from './describe-values.ts';
import { wordsOf } from './known-names.ts';
import { namesOf } from './source-fields.ts';

type Kind = SourceFile['format'];
export type Values = Map<string, Json[]>;

/** By its first characters, and of JSON by what it is one object of. */
export function kindOf(body: Buffer): Kind {
  const text = body.toString('utf8').trimStart();
  if (/^(MSH|FHS|BHS)\W/.test(text)) return 'hl7v2';
  if (text.startsWith('<')) return 'xml';
  if (!/^[{[]/.test(text)) return 'csv';
  const tree = parseOrNull(text);
  if (!isObject(tree)) return 'json';
  if (typeof tree.resourceType === 'string') return 'fhir';
  const isTable = (value: Json) => Array.isArray(value) && value.length > 0 && value.every(isObject);
  return Object.values(tree).every(isTable) ? 'tables' : 'json';
}

/** What is no JSON is told by the parser, with its place. */
function parseOrNull(text: string): Json {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Every column of the headers, called by its words; where the header is then not known by that name, it is an alias. */
export function csvSource(trees: Json[]): object {
  const columns = new Map<string, { header: string; values: Json[] }>();
  for (const [header, value] of trees.flatMap((tree) => Object.entries(tree ?? {}))) {
    const column = columns.get(normaliseHeader(header)) ?? { header, values: [] };
    columns.set(normaliseHeader(header), column);
    if (value !== '') column.values.push(value as Json);
  }
  const named: Record<string, object> = {};
  for (const [key, { header, values }] of columns) {
    const words = wordsOf(header).replaceAll(' ', '_') || 'column';
    const name = Object.hasOwn(named, words) ? `${words}_${Object.keys(named).length}` : words;
    named[name] = { type: typeOfValues(values), ...(normaliseHeader(name) !== key && { aliases: [header] }) };
  }
  return { format: 'csv', columns: named };
}

export function jsonSource(trees: Json[]): object {
  const fields = treeOf(trees);
  return { format: 'json', fields: typeof fields === 'object' && !Array.isArray(fields) ? fields : {} };
}

function treeOf(values: Json[]): SourceTree {
  const some = values.filter((value) => value !== null && value !== '');
  const objects = some.filter(isObject);
  if (objects.length > 0) {
    const names = new Set(objects.flatMap((object) => Object.keys(object)));
    return Object.fromEntries(
      [...names].map((name) => [name, treeOf(objects.map((object) => object[name] ?? null))] as const),
    );
  }
  return some.some(Array.isArray) ? [treeOf(some.flat())] : typeOfValues(some);
}

export type Hl7Source = Extract<SourceFile, { format: 'hl7v2' }>;

/** Fields that carry data and that the source neither has nor ignores: where they go in its file, and what is known of them. */
export function newFields(source: SourceFile, described: SourceFile[], trees: Json[]): Addition[] {
  if (source.format !== 'hl7v2') return [];
  const models = described.filter((one) => one.format === 'hl7v2');
  return [...carriedHl7(trees)].flatMap(([field, { values, parts, many }]): Addition[] => {
    const [segment = '', number = ''] = field.split('-');
    const ignored = namesOf(source, field).some((name) => Object.hasOwn(source.ignored, name));
    if (ignored || source.segments[segment]?.[number] !== undefined || !/^[A-Z][A-Z0-9]{2}$/.test(segment)) return [];
    const known = models.map((one) => one.segments[segment]?.[number]).find(Boolean);
    // A type of its own: that of another field may have parts that are ignored.
    const own = parts > 1 && !known ? `${segment}${number}` : undefined;
    const type = own ?? (typeOfValues(values) === 'time' ? 'TS' : 'ST');
    return [
      ...(own ? [{ place: ['types', own], value: Array.from({ length: parts }, () => 'ST') }] : []),
      { place: ['segments', segment, Number(number)], value: known ?? `${type}${many ? '*' : ''} ${field}` },
    ];
  });
}

/** Something to add to a source.yaml. */
export type Addition = { place: Path; value: string | string[] };
type Carried = { values: Json[]; parts: number; many: boolean };

function carriedHl7(trees: Json[]): Map<string, Carried> {
  const found = new Map<string, Carried>();
  for (const tree of trees)
    for (const { name, fields } of (tree as unknown as { segments: { name: string; fields: string[][][][] }[] })
      .segments)
      for (const [number, repetitions] of fields.entries()) {
        const values = repetitions.flat(2).filter((value) => value !== '');
        if (number < (name === 'MSH' ? 3 : 1) || values.length === 0) continue;
        const before = found.get(`${name}-${number}`);
        found.set(`${name}-${number}`, {
          values: [...(before?.values ?? []), ...values],
          parts: Math.max(before?.parts ?? 0, ...repetitions.map((components) => components.length)),
          many: before?.many || repetitions.length > 1,
        });
      }
  return found;
}

type Rows = Map<string, { [name: string]: Json }[]>;

/**
 * A table's key is the first column that differs in each row; another belongs to it that has a column of that name with its keys
 * alone. The unit is the table that most others lead to; a table that nothing joins is left out, or speaks of the file if it has one row.
 */
export function tablesSource(trees: Json[]): object | undefined {
  const rows: Rows = new Map();
  for (const tree of trees)
    for (const [name, list] of Object.entries(isObject(tree) ? tree : {}))
      rows.set(name, [...(rows.get(name) ?? []), ...(Array.isArray(list) ? list.filter(isObject) : [])]);
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
  const tables = [...rows].flatMap(([name, list]): [string, TablesFile['tables'][string]][] => {
    const joined = rootOf(name) === unit;
    if (!joined && list.length > trees.length) return [];
    const names = new Set(list.flatMap((row) => Object.keys(row)));
    const columns = [...names]
      .filter((column) => !rows.has(column))
      .map((column) => [column, typeOfValues(valuesOf(list, column))] as const);
    const key = joined ? keys.get(name) : undefined;
    const join = name === unit ? {} : joined ? parents.get(name) : { one: true as const };
    return [[name, { ...(key && { key }), ...join, columns: Object.fromEntries(columns) }]];
  });
  return { format: 'tables', unit, tables: Object.fromEntries(tables) };
}

const valuesOf = (rows: { [name: string]: Json }[], column: string): Json[] =>
  rows.map((row) => row[column] ?? '').filter((value) => value !== '');

function keyOf(rows: { [name: string]: Json }[], names: Rows): string | undefined {
  return Object.keys(rows[0] ?? {}).find(
    (column) => !names.has(column) && new Set(valuesOf(rows, column)).size === rows.length,
  );
}

/** The nearest: of several tables whose key it has, the one that has most columns of keys itself. */
function parentOf(
  name: string,
  rows: Rows,
  keys: Map<string, string | undefined>,
): { of: string; by: string } | undefined {
  const own = rows.get(name) ?? [];
  const all = [...keys].flatMap(([of, key]) => {
    const by = key && Object.keys(own[0] ?? {}).find((column) => column.toLowerCase() === key.toLowerCase());
    if (!by || of === name || by === keys.get(name)) return [];
    const known = new Set(valuesOf(rows.get(of) ?? [], key));
    const named = valuesOf(own, by);
    return named.length > 0 && named.every((value) => known.has(value)) ? [{ of, by }] : [];
  });
  const depth = (of: string) =>
    Object.keys(rows.get(of)?.[0] ?? {}).filter((column) => [...keys.values()].includes(column)).length;
  return all.sort((a, b) => depth(b.of) - depth(a.of))[0];
}
