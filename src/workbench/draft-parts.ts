/** What a starting mapping is made of: the shipped mapping that takes the samples, else what they hold and rules for what is known by name. */
import { compileSource } from '../map/load-mappings.ts';
import { SourceFile } from '../map/mapping-file.ts';
import type { MappingFiles } from '../map/read-mappings.ts';
import type { Json } from '../model.ts';
import { isSound } from '../understand.ts';
import { typeOfValues } from './describe-values.ts';
import { type Candidate, draftStatements } from './draft-rules.ts';
import { csvSource, jsonSource, tablesSource, type Values } from './draft-source.ts';
import { isAboutService, knownName, speaksOfSharing } from './known-names.ts';
import { runMapping } from './run-mapping.ts';
import { carriedFields } from './source-fields.ts';

export type Samples = { kind: SourceFile['format']; bodies: Buffer[]; trees: Json[] };
/** `restricted` are the fields for whose sake all is labelled so. */
export type Parts = { source: object; mapping: object; restricted?: string[] };

/** Of a standard format, the mapping that takes most of the samples. Fields of a sender's own are read by their names instead. */
export function baseOf(files: MappingFiles, { kind, bodies }: Samples): string | undefined {
  if (kind === 'csv' || kind === 'json') return undefined;
  const taken = [...files.sources].map(([name, { source }]) => {
    const mapping = source.format === kind ? compileSource(files, name, []) : undefined;
    const results = mapping ? bodies.flatMap((body) => runMapping(mapping, body)) : [];
    return { name, count: results.filter(isSound).length };
  });
  return taken.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count)[0]?.name;
}

/** Undefined where tables have no column that names their rows. */
export function draftParts(files: MappingFiles, name: string, { kind, trees }: Samples): Parts | undefined {
  if (kind === 'hl7v2') return hl7Parts(files, trees);
  if (kind === 'fhir' || kind === 'xml') return fhirParts(files, kind, trees);
  const written = kind === 'csv' ? csvSource(trees) : kind === 'json' ? jsonSource(trees) : tablesSource(trees);
  if (!written) return undefined;
  const source = SourceFile.parse(written);
  const carried = valuesOf(source, trees);
  const restricted = [...carried.keys()].filter(speaksOfSharing);
  const { candidates, table } = candidatesOf(source, carried);
  const drafted = draftStatements(name, candidates, { restricted: restricted.length > 0, table });
  // What an extract of a month leaves out is no news.
  return { source: written, restricted, mapping: { mode: kind === 'tables' ? 'delta' : 'snapshot', ...drafted } };
}

/** Patient and relatives, of a message that no mapping takes. */
function hl7Parts({ sources }: MappingFiles, trees: Json[]): Parts {
  const messages: Record<string, string[]> = {};
  for (const tree of trees) {
    const { segments } = tree as unknown as { segments: { fields: string[][][][] }[] };
    const [[code = ''] = [], [trigger = ''] = []] = segments[0]?.fields[9]?.[0] ?? [];
    if (code && trigger) messages[code] = [...new Set([...(messages[code] ?? []), trigger])];
  }
  const model = sources.get('hl7v2-adt')?.source;
  if (model?.format !== 'hl7v2') throw new Error('hl7v2-adt is the model of HL7 v2 sources');
  const { MSH = {}, PID = {}, PD1 = {}, ARV = {}, NK1 = {}, PV1 = {} } = model.segments;
  const segments = { MSH, PID, PD1, ARV, NK1, PV1: { 15: PV1[15], 16: PV1[16] } };
  // Why a whole segment is ignored holds for admissions alone.
  const ignored = Object.fromEntries(Object.entries(model.ignored).filter(([place]) => /[-.]/.test(place)));
  return {
    source: { format: 'hl7v2', messages, segments, ignored },
    mapping: {
      ...{ mode: 'delta', saidAt: ['MSH-7'] },
      checks: [{ when: 'not PID', code: 'required', field: 'PID', text: 'PID is missing' }],
      statements: [
        { local: 'patient', resource: 'Patient', identity: ['identifier'], use: 'pid' },
        { local: 'mother', resource: 'RelatedPerson', use: 'pid-mother' },
        { local: 'next-of-kin', resource: 'RelatedPerson', each: 'NK1', use: 'nk1' },
      ],
    },
  };
}

/** The statements of fhir-r4 for the types that the samples have. */
function fhirParts({ sources }: MappingFiles, format: 'fhir' | 'xml', trees: Json[]): Parts {
  const model = sources.get('fhir-r4');
  if (model?.source.format !== 'fhir') throw new Error('fhir-r4 is the model of FHIR sources');
  const text = JSON.stringify(trees);
  const isSent = (type: string) => text.includes(`"resourceType":"${type}"`);
  const { mode, saidAt, statements } = model.data;
  const some = statements.filter(({ resource }) => isSent(resource));
  return some.length === 0
    ? { source: { format, resources: model.source.resources }, mapping: { mode, saidAt, statements } }
    : {
        source: { format, resources: model.source.resources.filter(isSent) },
        mapping: { mode, saidAt, statements: some },
      };
}

/** Columns and fields that a path can name and that are of the one whom a message is about, not of one of a list. */
function candidatesOf(source: SourceFile, carried: Values): { candidates: Candidate[]; table?: string | undefined } {
  if (source.format === 'csv')
    return {
      candidates: Object.entries(source.columns).map(([from, { type, aliases }]) => ({
        ...{ field: aliases[0] ?? from, from, type, list: false },
      })),
    };
  if (source.format === 'tables') return tableCandidates(source);
  if (source.format !== 'json') return { candidates: [] };
  const candidates = [...carried].flatMap(([field, values]): Candidate[] => {
    let tree: unknown = source.fields;
    for (const step of field.split('.')) tree = (tree as Record<string, unknown> | undefined)?.[step];
    const list = Array.isArray(tree) && typeof tree[0] === 'string';
    return list || typeof tree === 'string' ? [{ field, from: field, type: typeOfValues(values), list }] : [];
  });
  return { candidates };
}

/** The unit is whom it is about, known by its key; a referral is a row of the first table below it that has a reference. */
function tableCandidates({ unit, tables }: Extract<SourceFile, { format: 'tables' }>) {
  const columnsOf = (name: string) =>
    Object.entries(tables[name]?.columns ?? {})
      .filter(([column]) => /^\w+$/.test(column))
      .map(([from, type]) => ({ field: from, from, type, list: false }));
  const isReference = ({ field }: Candidate) => knownName(field)?.meaning === 'reference';
  const table = Object.keys(tables).find((name) => tables[name]?.of !== undefined && columnsOf(name).some(isReference));
  const person = columnsOf(unit)
    .filter(({ field }) => !isAboutService(field))
    .map((candidate) => (candidate.from === tables[unit]?.key ? { ...candidate, field: 'patient id' } : candidate));
  const referral = columnsOf(table ?? '').filter(({ field }) => isAboutService(field));
  return { candidates: [...person, ...referral], table };
}

export function valuesOf(source: SourceFile, trees: Json[]): Values {
  const all: Values = new Map();
  for (const tree of trees)
    for (const [field, values] of carriedFields(source, tree)) all.set(field, [...(all.get(field) ?? []), ...values]);
  return all;
}
