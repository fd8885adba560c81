import { noteReads } from '../../map/compile/field-reads.ts';
import { compileSource } from '../../map/language/load-mappings.ts';
import type { MappingFiles, SourceFiles } from '../../map/language/read-mappings.ts';
import type { TablesFile } from '../../map/language/tables-file.ts';
import type { Json } from '../../model.ts';
import { mayBeValue } from '../draft/describe-values.ts';
import { carriedFields, declaredFields, namesOf } from '../draft/source-fields.ts';
import { type Keyed, keyedLists, keyOf } from './keyed-lists.ts';

/** A source field, whether it is mapped, ignored or unread, and the number of units (messages or rows) of
 * examples and samples in which it carries data. */
export type Field = {
  field: string;
  state: 'read' | 'ignored' | 'unread';
  reason?: string;
  examples: number;
  samples: number;
};

/** FHIR types that the engine itself reads to name the service behind a reference. */
const SERVICE_READS = ['Organization', 'HealthcareService', 'PractitionerRole', 'Practitioner'].flatMap(
  (type) =>
    ['identifier', 'name', 'providedBy', 'partOf', 'healthcareService', 'organization', 'practitioner'].map(
      (name) => `${type}.${name}`,
    ),
);

/** HL7 v2 fields that Skein reads in every message to receive it, answer it and choose its mapping. */
export const HEADER_READS = ['MSH-3', 'MSH-4', 'MSH-9', 'MSH-9.2', 'MSH-10', 'MSH-15', 'MSH-16', 'MSH-18'];

/** Columns that are read to join the rows of an extract. */
const joinReads = ({ tables }: TablesFile): string[] =>
  Object.entries(tables).flatMap(([table, { key, by, for: users = {} }]) => [
    ...[key, by].flatMap((column) => (column ? `${table}.${column}` : [])),
    ...Object.entries(users).map(([user, column]) => `${user}.${column}`),
  ]);

type Units = { examples: Json[]; samples: Json[] };

/** Every field that the schema names or that carries data, in order of its name. */
export function accountFields(files: MappingFiles, name: string, units: Units): Field[] {
  const own = files.sources.get(name);
  if (!own) return [];
  const { source } = own;
  const { read, keyed } = readsOf(files, name, own);
  const nameOf = (field: string, items: object[]) => nameByKey(field, items, keyed, source.ignored);
  const count = (trees: Json[]) => {
    const counts = new Map<string, number>();
    for (const tree of trees)
      for (const field of carriedFields(source, tree, nameOf).keys())
        counts.set(field, (counts.get(field) ?? 0) + 1);
    return counts;
  };
  const [examples, samples] = [count(units.examples), count(units.samples)];
  const isCarried = (field: string) => !keyed.some((one) => isAnswer(field, one, source.ignored));
  const declared = declaredFields(source).filter(isCarried);
  const all = [...new Set([...declared, ...examples.keys(), ...samples.keys()])].sort(byName);
  return all.map((field) => {
    const names = [keyOf(field)?.item ?? field, ...namesOf(source, field)];
    const key = names.find((one) => Object.hasOwn(source.ignored, one));
    const counts = { examples: examples.get(field) ?? 0, samples: samples.get(field) ?? 0 };
    if (read(field)) return { field, state: 'read', ...counts };
    return key
      ? { field, state: 'ignored', reason: source.ignored[key] ?? '', ...counts }
      : { field, state: 'unread', ...counts };
  });
}

/** The same; of a dialect, without what its base says as well. */
export function differingFields(files: MappingFiles, name: string, units: Units): Field[] {
  const fields = accountFields(files, name, units);
  const base = files.sources.get(name)?.dialect?.base;
  if (!base) return fields;
  const alone = { ...files, sources: new Map([[name, base]]) };
  const said = new Map(accountFields(alone, name, units).map(({ field, state }) => [field, state] as const));
  return fields.filter(({ field, state }) => state === 'unread' || state !== said.get(field));
}

const byName = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

/** True for what an item of such a list holds beside its key, and that is not ignored in every item. */
const isAnswer = (field: string, { list, member }: Keyed, ignored: object): boolean =>
  field.startsWith(`${list}.`) && field !== `${list}.${member}` && !Object.hasOwn(ignored, field);

/** `data.fields.value` of the item with the key q_dob is `data.fields[key=q_dob].value`. */
function nameByKey(field: string, items: object[], keyed: Keyed[], ignored: object): string {
  const of = keyed.find((one) => isAnswer(field, one, ignored));
  if (!of) return field;
  const item = items[of.list.split('.').length] as Record<string, unknown> | undefined;
  const value = String(item?.[of.member] ?? '');
  // Keys are a sender's names; what looks like somebody's data is not shown.
  return `${of.list}[${of.member}=${mayBeValue(value) ? '…' : value}]${field.slice(of.list.length)}`;
}

type Reads = { read: (field: string) => boolean; keyed: Keyed[] };

/** Tests whether a field or a part of it is read; an object copied whole is read with all its parts. Of a
 * list that rules read by its keys, an item is read whose key a rule names. */
function readsOf(files: MappingFiles, name: string, own: SourceFiles): Reads {
  const { source, data } = own;
  const { wrap, reads } = noteReads(source.format);
  compileSource(files, name, [], wrap);
  if (source.format === 'hl7v2') for (const field of HEADER_READS) reads.add(field);
  for (const field of source.format === 'tables' ? joinReads(source) : []) reads.add(field);
  const text = JSON.stringify(data);
  if (text.includes('"as":"service"')) for (const field of SERVICE_READS) reads.add(field);
  for (const { resource, identity = [] } of data.statements)
    if (identity.includes('id')) reads.add(`${resource}.id`);
  const loose = [...text.matchAll(/"(?:expr":"|when":"fhirpath:)([^"]*)/g)].flatMap(
    ([, expression = '']) => expression.match(/[a-z]\w*(?:\.[a-z]\w*)*/gi) ?? [],
  );
  const declared = new Set(declaredFields(source));
  const whole = source.format !== 'hl7v2';
  const keyed = keyedLists(own, reads);
  const isRead = (field: string) =>
    reads.has(field) ||
    (declared.has(field) && [...reads].some((read) => read.startsWith(`${field}.`))) ||
    (whole && [...reads].some((read) => field.startsWith(`${read}.`))) ||
    loose.some((path) => field.endsWith(`.${path}`) || field.includes(`.${path}.`));
  const read = (field: string) => {
    const key = keyOf(field);
    return key
      ? keyed.some(({ list, values }) => key.item.startsWith(`${list}[`) && values.has(key.value))
      : isRead(field);
  };
  return { read, keyed };
}
