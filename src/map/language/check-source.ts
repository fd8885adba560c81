/** Checks the names in a source.yaml: FHIR types and elements, HL7 v2 segments and fields, CSV headers. Its
 * shape is checked by mapping-file.ts. */
import { findElement, typeDefinition, typeNames } from '../../fhir/definitions.ts';
import { suggest } from '../run.ts';
import { FIELD } from '../sources/hl7v2-schema.ts';
import { HL7_PRIMITIVES, HL7_TYPES } from '../sources/hl7v2-types.ts';
import { normaliseHeader } from '../sources/tree.ts';
import type { SourceFile } from './mapping-file.ts';
import type { Path, Problem, YamlFile } from './yaml-file.ts';

type Of<Format> = Extract<SourceFile, { format: Format }>;
type Note = (path: Path, message: string) => void;

export function checkSource(file: YamlFile, source: SourceFile, problems: Problem[]): void {
  const note: Note = (path, message) => problems.push({ ...file.where(path), message });
  if (source.format === 'hl7v2') checkHl7(source, note);
  if (source.format === 'fhir' || source.format === 'xml') checkFhir(source, note);
  if (source.format === 'csv') checkColumns(source, note);
}

const EXAMPLE = '"TS Date of birth"';
const SEGMENT = /^[A-Z][A-Z0-9]{2}$/;
/** A place in HL7 v2: `PID-18`, `PID-11.9`, `CX.6` (a component of a data type) or a whole segment. */
const PLACE = /^([A-Z][A-Z0-9]{2}|[A-Z]{2,3}(?=\.))(-\d{1,2})?(\.\d{1,2}){0,2}$/;

function checkHl7({ messages, segments, types, ignored }: Of<'hl7v2'>, note: Note): void {
  const known = new Set([...HL7_PRIMITIVES, ...Object.keys(HL7_TYPES), ...Object.keys(types)]);
  for (const [code, triggers] of Object.entries(messages)) {
    if (!SEGMENT.test(code)) note(['messages', code], `"${code}" is no message code like ADT`);
    for (const [index, trigger] of triggers.entries())
      if (!/^[A-Z]\d\d$/.test(trigger))
        note(['messages', code, index], `"${trigger}" is no trigger event like A01`);
  }
  for (const [type, parts] of Object.entries(types))
    for (const [index, part] of parts.entries())
      if (!known.has(part)) note(['types', type, index], `no data type "${part}"${suggest(part, known)}`);
  for (const [segment, fields] of Object.entries(segments)) {
    if (!SEGMENT.test(segment)) note(['segments', segment], `"${segment}" is no segment like PID`);
    for (const [number, text] of Object.entries(fields)) {
      const [, type] = FIELD.exec(text) ?? [];
      if (!/^\d{1,2}$/.test(number))
        note(['segments', segment, number], `"${number}" is no number of a field`);
      if (type === undefined)
        note(['segments', segment, Number(number)], `"${text}" is no type and name like ${EXAMPLE}`);
      else if (!known.has(type))
        note(['segments', segment, Number(number)], `no data type "${type}"${suggest(type, known)}`);
    }
  }
  for (const name of Object.keys(ignored))
    if (!PLACE.test(name))
      note(['ignored', name], `"${name}" is no place like PID-18, PID-11.9, CX.6 or PID`);
}

function checkFhir({ resources, ignored, ...more }: Of<'fhir'> | Of<'xml'>, note: Note): void {
  const elements = 'elements' in more ? more.elements : {};
  const added = new Set(Object.keys(elements).map((name) => name.split('.')[0] ?? ''));
  for (const [index, name] of resources.entries())
    if (typeDefinition(name)?.kind !== 'resource' && !added.has(name))
      note(['resources', index], `no resource type ${name}${suggest(name, typeNames())}`);
  for (const [name, type] of Object.entries(elements)) {
    const [owner = '', element = ''] = name.split('.');
    if (!resources.includes(owner))
      note(['elements', name], `${name} is of no resource of this source${suggest(name, resources)}`);
    if (findElement(owner, element)?.type === type) note(['elements', name], `R4 has ${name}: leave it out`);
    if (!typeDefinition(type)) note(['elements', name], `no FHIR type ${type}${suggest(type, typeNames())}`);
  }
  for (const name of Object.keys(ignored)) {
    const [owner = '', ...steps] = name.split('.');
    const owners = owner === '*' ? resources : [owner];
    const fault = owners.map((type) => faultOf([type, ...steps], elements)).find((one) => one !== undefined);
    if (fault) note(['ignored', name], fault);
  }
}

/** The first step of a path such as `Patient.identifier.use` that neither the standard nor the source's own
 * elements have. */
function faultOf([owner = '', ...steps]: string[], elements: Record<string, string>): string | undefined {
  let type = owner;
  const added = Object.keys(elements).some((name) => name.startsWith(`${type}.`));
  if (typeDefinition(type)?.kind !== 'resource' && !added)
    return `no resource type ${type}${suggest(type, typeNames())}`;
  for (const step of steps) {
    const known = elements[`${type}.${step}`] ?? findElement(type, step)?.type;
    if (!known)
      return `no element ${type}.${step}${suggest(step, Object.keys(typeDefinition(type)?.elements ?? {}))}`;
    type = known;
  }
  return undefined;
}

/** Notes a header or alias that two columns share. */
function checkColumns({ columns }: Of<'csv'>, note: Note): void {
  const taken = new Set<string>();
  for (const [name, { aliases }] of Object.entries(columns)) {
    for (const [index, alias] of [name, ...aliases].entries()) {
      const header = normaliseHeader(alias);
      const path = ['columns', name, ...(index > 0 ? ['aliases', index - 1] : [])];
      if (taken.has(header)) note(path, `"${alias}" already names a column`);
      taken.add(header);
    }
  }
}
