/** Lists the fields of a source that carry data in a message. The names equal those of field-reads.ts:
 * `PID-5.2`, `person.givenName`, `Patient.name.family`. */
import { canonical } from '../../map/compile/field-reads.ts';
import type { SourceFile, SourceTree } from '../../map/language/mapping-file.ts';
import { HL7_TYPES } from '../../map/sources/hl7v2-types.ts';
import { normaliseHeader } from '../../map/sources/tree.ts';
import type { Json } from '../../model.ts';

/** A parsed HL7 v2 segment: fields, their repetitions, components and subcomponents. */
type Segment = { name: string; fields: string[][][][] };
export const segmentsOf = (tree: Json): Segment[] =>
  (tree as { segments?: Segment[] } | null)?.segments ?? [];

/** Called with each field, one of its values, and the objects that it is in, outermost first. */
type Note = (field: string, value: Json, items?: object[]) => void;

/** Fields that carry data in one unit of a message, with their values. `nameOf` names a field of a form by
 * the objects that it is in. */
export function carriedFields(
  source: SourceFile,
  tree: Json,
  nameOf: (field: string, items: object[]) => string = (field) => field,
): Map<string, Json[]> {
  const found = new Map<string, Json[]>();
  const note: Note = (field, value) => {
    const known = found.get(field);
    if (known) known.push(value);
    else found.set(field, [value]);
  };
  if (source.format === 'hl7v2') walkSegments(segmentsOf(tree), note);
  else if (source.format === 'csv') walkRow(source, tree, note);
  else if (source.format === 'tables') walkTables(source, tree, note);
  else if (source.format === 'fhir' || source.format === 'xml') walkBundle(tree, note);
  else walk(tree, '', (field, value, items) => note(nameOf(field, items ?? []), value));
  return found;
}

function walkSegments(segments: Segment[], note: Note): void {
  for (const { name, fields } of segments) {
    // MSH-1 and MSH-2 are the delimiters.
    for (const [number, repetitions] of fields.entries()) {
      if (number < (name === 'MSH' ? 3 : 1)) continue;
      for (const components of repetitions)
        for (const [component, parts] of components.entries())
          for (const [part, value] of parts.entries())
            if (value !== '') note(canonical(`${name}-${number}.${component + 1}.${part + 1}`), value);
    }
  }
}

function walkRow(source: Extract<SourceFile, { format: 'csv' }>, tree: Json, note: Note): void {
  const names = new Map(
    Object.entries(source.columns).flatMap(([name, { aliases }]) =>
      [name, ...aliases].map((alias) => [normaliseHeader(alias), name] as const),
    ),
  );
  for (const name of Object.keys(source.ignored)) names.set(normaliseHeader(name), name);
  for (const [header, value] of Object.entries(tree ?? {})) {
    const name = normaliseHeader(header);
    if (typeof value === 'string' && value.trim() !== '') note(names.get(name) ?? name, value);
  }
}

/** Walks rows; columns match their declared names in any case. */
function walkTables(source: Extract<SourceFile, { format: 'tables' }>, tree: Json, note: Note): void {
  const known = [...declaredFields(source), ...Object.keys(source.ignored)].map(
    (name) => [name.toLowerCase(), name] as const,
  );
  const names = new Map(known);
  walk(tree, '', (field, value) => note(names.get(field.toLowerCase()) ?? field, value));
}

/** Walks to the leaves of a tree; names leave out positions in lists. */
function walk(tree: Json, at: string, note: Note, items: object[] = []): void {
  if (tree === '' || tree === null) return;
  if (Array.isArray(tree)) for (const item of tree) walk(item, at, note, items);
  else if (typeof tree === 'object')
    for (const [name, item] of Object.entries(tree))
      walk(item, at ? `${at}.${name}` : name, note, [...items, tree]);
  else if (at) note(at, tree, items);
}

/** Walks the resources of a Bundle, contained ones included. The Bundle's own parts (type, ids, fullUrls,
 * requests) are not fields. */
function walkBundle(tree: Json, note: Note): void {
  const { entry, type: _, id: __, resourceType, ...rest } = { ...(tree as { [name: string]: Json }) };
  if (resourceType !== 'Bundle') {
    walkResource(tree, note);
    return;
  }
  walk(rest, 'Bundle', (field, value) => field.startsWith('Bundle.link') || note(field, value));
  for (const item of Array.isArray(entry) ? entry : [])
    walkResource((item as { resource?: Json } | null)?.resource ?? null, note);
}

function walkResource(resource: Json, note: Note): void {
  if (typeof resource !== 'object' || resource === null || Array.isArray(resource)) return;
  const { resourceType, id: _, contained, ...rest } = resource;
  walk(rest, String(resourceType), note);
  for (const inner of Array.isArray(contained) ? contained : []) walkResource(inner, note);
}

/** Fields that the source's own schema names. FHIR sources name types. */
export function declaredFields(source: SourceFile): string[] {
  if (source.format === 'csv') return Object.keys(source.columns);
  if (source.format === 'fhir' || source.format === 'xml') return source.resources;
  if (source.format === 'json') return leavesOf(source.fields);
  if (source.format === 'tables')
    return Object.entries(source.tables).flatMap(([table, { columns }]) =>
      Object.keys(columns).map((column) => `${table}.${column}`),
    );
  return Object.entries(source.segments).flatMap(([segment, fields]) =>
    Object.keys(fields).map((number) => `${segment}-${number}`),
  );
}

function leavesOf(tree: SourceTree, at = ''): string[] {
  if (typeof tree === 'string') return [at];
  if (Array.isArray(tree)) return leavesOf(tree[0] as SourceTree, at);
  return Object.entries(tree).flatMap(([name, inner]) => leavesOf(inner, at ? `${at}.${name}` : name));
}

/** The field names, as rules write them, for a place in a message: `/child/born` is child.born; `row 2,
 * D.O.B.` is the column of that header. */
export function fieldAt(source: SourceFile, at: string): string[] {
  if (source.format === 'json')
    return [
      at
        .slice(1)
        .replace(/\/\d+(?=\/|$)/g, '')
        .replaceAll('/', '.'),
    ];
  if (source.format === 'tables') return [at.replace(/ row \d+, /, '.')];
  if (source.format !== 'csv') return [];
  const header = normaliseHeader(at.replace(/^row \d+, /, ''));
  const isIt = (name: string) => normaliseHeader(name) === header;
  return Object.entries(source.columns).flatMap(([name, { aliases }]) =>
    [name, ...aliases].some(isIt) ? name : [],
  );
}

const PART = /^([A-Z][A-Z0-9]{2})-(\d+)((?:\.\d+)*)$/;

/** Every name under which `ignored` may list this field: its own, that of what contains it, and in HL7 v2 its
 * place in its data type. */
export function namesOf(source: SourceFile, field: string): string[] {
  const steps = field.split('.');
  const around = steps.map((_, index) => steps.slice(0, index + 1).join('.'));
  if (source.format === 'fhir' || source.format === 'xml')
    return [...around, ...around.map((name) => name.replace(/^\w+/, '*'))];
  const [, segment = '', number = '', rest = ''] = PART.exec(field) ?? [];
  if (source.format !== 'hl7v2' || !segment) return around;
  const [type = ''] = /^\w+/.exec(source.segments[segment]?.[number] ?? '') ?? [];
  const [component = '1', part = '1'] = rest.split('.').slice(1);
  const inner = { ...HL7_TYPES, ...source.types }[type]?.[Number(component) - 1] ?? '';
  return [...around, segment, `${type}.${component}`, `${type}.${component}.${part}`, `${inner}.${part}`];
}
