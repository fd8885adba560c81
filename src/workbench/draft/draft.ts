/** Drafts a mapping for samples of an unknown sender: the shipped mapping that takes them, else rules for
 * fields recognised by name. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { MAPPINGS_DIR } from '../../map/language/folders.ts';
import { compileSource } from '../../map/language/load-mappings.ts';
import { SourceFile } from '../../map/language/mapping-file.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import type { Json } from '../../model.ts';
import { isSound } from '../../pipeline/understand.ts';
import { runMapping } from '../run-mapping.ts';
import { documentOf, textOf } from './document.ts';
import { draftStatements } from './draft-rules.ts';
import { inferSource, messagesOf, newFields } from './draft-source.ts';
import { speaksOfSharing } from './known-names.ts';
import type { Samples } from './samples.ts';
import { declaredFields } from './source-fields.ts';

/** A drafted mapping. `from` names the shipped mapping that it copies, or extends: then `told` is what that
 * says of the samples. Where `restricted` names fields about sharing, all is labelled restricted. */
export type Draft = {
  from?: string | undefined;
  source: string | undefined;
  mapping: string;
  restricted: string[];
  told?: string[];
};

/** Drafts mapping.yaml and source.yaml. Undefined where no column of the tables can be their key. */
export function draft(files: MappingFiles, name: string, samples: Samples): Draft | undefined {
  const from = baseOf(files, samples);
  const read = (file: string) => readFileSync(new URL(`${from}/${file}.yaml`, MAPPINGS_DIR), 'utf8');
  const parts = from ? undefined : ownParts(files, name, samples);
  if (!from && !parts) return undefined;
  const own: Record<string, string> = { name, version: '0.1.0' };
  const mapping = parts
    ? textOf(documentOf('mapping', { ...own, ...parts.mapping }))
    : read('mapping').replace(/^(name|version): .*$/gm, (_, key) => `${key}: ${own[key]}`);
  const source = parts ? documentOf('source', parts.source) : parseDocument(read('source'));
  const described = [...files.sources.values()].map((one) => one.source);
  for (const { place, value } of newFields(SourceFile.parse(source.toJS()), described, samples.trees))
    source.setIn(place, source.createNode(value));
  return { from, source: textOf(source), mapping, restricted: parts?.restricted ?? [] };
}

/** For a standard format, the shipped mapping that takes most of the samples. A sender's own format has none:
 * its fields are recognised by name. */
function baseOf(files: MappingFiles, { kind, bodies }: Samples): string | undefined {
  if (kind === 'csv' || kind === 'json') return undefined;
  const taken = [...files.sources].map(([name, { source }]) => {
    const mapping = source.format === kind ? compileSource(files, name, []) : undefined;
    const results = mapping ? bodies.flatMap((body) => runMapping(mapping, body)) : [];
    return { name, count: results.filter(isSound).length };
  });
  return taken.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count)[0]?.name;
}

type Parts = { source: object; mapping: object; restricted?: string[] };

/** The statements and checks to start with: for a standard format those about the message's subjects, else
 * those recognised by field names. */
function ownParts(files: MappingFiles, name: string, { kind, trees }: Samples): Parts | undefined {
  if (kind === 'hl7v2') return hl7Parts(files, trees);
  if (kind === 'fhir' || kind === 'xml') return fhirParts(files, kind);
  const written = inferSource(kind, trees);
  if (!written) return undefined;
  const source = SourceFile.parse(written);
  const restricted = declaredFields(source).filter(speaksOfSharing);
  const statements = draftStatements(name, source, restricted.length > 0);
  // An extract covers one month: what it leaves out is no news, hence mode delta.
  return {
    source: written,
    restricted,
    mapping: { mode: kind === 'tables' ? 'delta' : 'snapshot', ...statements },
  };
}

/** Only the first patient is mapped. With two, the order alone would say which mother belongs to which. */
function hl7Parts({ sources }: MappingFiles, trees: Json[]): Parts {
  const model = sources.get('hl7v2-adt');
  if (model?.source.format !== 'hl7v2') throw new Error('hl7v2-adt is the model of HL7 v2 sources');
  const messages = messagesOf(trees);
  const { MSH = {}, PID = {}, PD1 = {}, ARV = {}, NK1 = {}, PV1 = {} } = model.source.segments;
  const segments = { MSH, PID, PD1, ARV, NK1, PV1: { 15: PV1[15], 16: PV1[16] } };
  // Reasons for ignoring a whole segment were written for admissions, so they are not copied.
  const ignored = Object.entries(model.source.ignored).filter(([place]) => /[-.]/.test(place));
  // What is no live message, or of nobody, is so of every kind.
  const shared = model.data.checks.filter(({ field = '' }) => ['MSH-11', 'PID-3'].includes(field));
  const checks = [
    ...shared,
    { when: 'not PID', code: 'required', field: 'PID', text: 'PID is missing' },
    { when: 'PID[2]', code: 'structure', field: 'PID[2]', text: 'PID[2] is a second patient' },
  ];
  const statements = model.data.statements.filter(({ local }) =>
    ['patient', 'mother', 'next-of-kin'].includes(local),
  );
  return {
    source: { format: 'hl7v2', messages, segments, ignored: Object.fromEntries(ignored) },
    mapping: { mode: 'delta', saidAt: ['MSH-7'], checks, statements },
  };
}

function fhirParts({ sources }: MappingFiles, format: 'fhir' | 'xml'): Parts {
  const model = sources.get('fhir-r4');
  if (model?.source.format !== 'fhir') throw new Error('fhir-r4 is the model of FHIR sources');
  const { mode, saidAt, statements } = model.data;
  return { source: { format, resources: model.source.resources }, mapping: { mode, saidAt, statements } };
}
