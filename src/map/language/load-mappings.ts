import type { RecordMode } from '../../model.ts';
import type { Condition } from '../compile/condition.ts';
import { checkIgnored, noteReads, type Wrap } from '../compile/field-reads.ts';
import {
  type CompiledCheck,
  type CompiledStatement,
  compileCheck,
  compileStatement,
} from '../compile/statement.ts';
import type { Frame, Reader, Run, SourceFormat } from '../run.ts';
import { fhirFormat } from '../sources/fhir.ts';
import { hl7v2Format } from '../sources/hl7v2.ts';
import { tablesFormat } from '../sources/tables.ts';
import { csvFormat, jsonFormat } from '../sources/tree.ts';
import { xmlFormat } from '../sources/xml.ts';
import { type Carried, carriedElements } from '../uncarried.ts';
import { MAPPINGS_DIR, placeSources } from './folders.ts';
import { attempt, conditionOf, type Loader, readPath } from './loader.ts';
import type { MappingFile, SourceFile } from './mapping-file.ts';
import { type MappingFiles, readMappings, type SourceFiles } from './read-mappings.ts';
import { MappingError, type Problem, readText, type YamlFile } from './yaml-file.ts';

/** A source's mapping, compiled: closures only. Pure, shared by all messages. */
export type Mapping = {
  name: string;
  version: string;
  /** How its messages are read: chooses the parser. */
  kind: SourceFile['format'];
  /** HL7 v2: trigger events by message code; empty takes all. */
  takes: Record<string, string[]>;
  mode: RecordMode;
  deltaWhen: Condition | undefined;
  zone: string;
  format: SourceFormat;
  dialects: Set<string>;
  saidAt: Reader[];
  checks: CompiledCheck[];
  statements: CompiledStatement[];
  /** Of a FHIR source; null of others, which tell their unread fields themselves. */
  carried: Carried | null;
};
export type Mappings = {
  get: (source: string) => Mapping | undefined;
  /** The mappings of a system registered with several; one that is not loaded is not among them. */
  of: (sources: string) => Mapping[];
  /** Those that are loaded. */
  names: string[];
};
/** `left`: sources that cannot be read, by all that is wrong with them. */
export type Opened = Mappings & { left: string[]; problems: Problem[] };

/** Reads and compiles every `<source>/mapping.yaml` of a folder, or of several. Throws MappingError with all
 * that is wrong, as file:line:column. */
export async function loadMappings(dir: URL | URL[] = MAPPINGS_DIR, read = readText): Promise<Mappings> {
  const { problems, ...mappings } = await openMappings(dir, read);
  // Fragment problems are told first and alone: every mapping that uses the fragment would repeat them.
  const shared = problems.filter(({ file }) => !mappings.left.some((name) => file.startsWith(`${name}/`)));
  const first = shared.some(({ file }) => file.startsWith('fragments/')) ? shared : problems;
  if (first.length > 0) throw new MappingError(first);
  return mappings;
}

/** The same of all that can be read: a source with anything wrong is left out, and harms no other. */
export async function openMappings(dir: URL | URL[] = MAPPINGS_DIR, read = readText): Promise<Opened> {
  const folders = [dir].flat();
  const all = [...placeSources(folders).keys()];
  const problems: Problem[] = [];
  const mappings = new Map<string, Mapping>();
  for (const folder of folders) {
    const files = await readMappings(folder, problems, read, folders.length > 1 ? folders[0] : undefined);
    for (const name of files.sources.keys()) {
      const own: Problem[] = [];
      const mapping = compileSource(files, name, own);
      const sound = own.length === 0 && !problems.some(({ file }) => file.startsWith(`${name}/`));
      if (mapping && sound) mappings.set(name, mapping);
      problems.push(...own);
    }
  }
  const get = (source: string) => mappings.get(source);
  const of = (sources: string) => sourcesOf(sources).flatMap((source) => get(source) ?? []);
  const names = [...mappings.keys()];
  return { get, of, names, left: all.filter((name) => !mappings.has(name)), problems };
}

/** The names of a system's `source`, `hl7v2-adt,hl7v2-siu`. */
export const sourcesOf = (sources: string): string[] => sources.split(',').map((source) => source.trim());

/** Compiles one mapping; problems found are added to `problems`. */
export function compileSource(
  files: MappingFiles,
  name: string,
  problems: Problem[],
  wrap: Wrap = (format) => format,
): Mapping | undefined {
  const own = files.sources.get(name);
  if (!own) return undefined;
  const found: Problem[] = [];
  const mapping = compileFiles(files, own, found, wrap);
  problems.push(...found.map((problem) => placeIn(own, problem)));
  return mapping;
}

/** What a dialect makes wrong in a rule of its base, or of a fragment, is a mistake of the dialect. */
function placeIn({ file, data, dialect }: SourceFiles, problem: Problem): Problem {
  if (!dialect || problem.file.startsWith(`${data.name}/`)) return problem;
  return {
    ...dialect.own.where(['extends']),
    file: file.name,
    message: `${problem.file}:${problem.line}: ${problem.message}`,
  };
}

function compileFiles(files: MappingFiles, own: SourceFiles, problems: Problem[], wrap: Wrap): Mapping {
  const { file, data, source, hooks } = own;
  const repaired = compileRepairs(data, file, problems);
  const reading = noteReads(source.format);
  const locals = data.statements.map(({ local }) => local);
  const loader: Loader = {
    file,
    hooks,
    locals,
    problems,
    fragments: files.fragments,
    resources: data.statements.map(({ resource }) => resource),
    maps: new Map([...files.maps, ...own.maps]),
    format: wrap(reading.wrap(formatOf(source))),
    repaired: repaired.wrap,
  };
  for (const [index, local] of locals.entries()) {
    if (locals.indexOf(local) < index)
      problems.push({
        ...file.where(['statements', index, 'local']),
        message: `duplicate statement "${local}"`,
      });
  }
  const compiled = compileMapping(loader, data, source);
  const carried = source.format === 'fhir' ? carriedElements(reading.reads, source.ignored) : null;
  repaired.check();
  problems.push(...checkIgnored(source, own.sourceFile, reading.reads, own.dialect?.base.source));
  return { ...compiled, carried };
}

function compileMapping(loader: Loader, data: MappingFile, source: SourceFile): Omit<Mapping, 'carried'> {
  const { name, version, mode, zone } = data;
  const read = (text: string, index: number) =>
    attempt(loader, ['saidAt', index], () => readPath(loader, text, loader.format.root));
  return {
    name,
    version,
    mode,
    deltaWhen: conditionOf(loader, {
      when: data.deltaWhen,
      path: [],
      scope: loader.format.root,
      name: 'deltaWhen',
    }),
    zone,
    kind: source.format,
    takes: source.format === 'hl7v2' ? source.messages : {},
    format: loader.format,
    dialects: new Set(Object.keys(data.dialects)),
    saidAt: data.saidAt.map(read).filter((reader) => reader !== undefined),
    checks: data.checks
      .map((check, index) => compileCheck(loader, check, ['checks', index]))
      .filter((check) => check !== undefined),
    statements: data.statements
      .map((statement, index) => compileStatement(loader, statement, ['statements', index]))
      .filter((statement) => statement !== undefined),
  };
}

function formatOf(source: SourceFile): SourceFormat {
  if (source.format === 'hl7v2') return hl7v2Format(source);
  if (source.format === 'fhir') return fhirFormat(source);
  if (source.format === 'xml') return xmlFormat(source);
  if (source.format === 'tables') return tablesFormat(source);
  return source.format === 'csv' ? csvFormat(source) : jsonFormat(source);
}

/** Applies a dialect's repairs: wraps the readers of repaired paths, so that matching text is replaced before
 * any rule sees it. Readers of other paths are not wrapped. */
function compileRepairs(data: MappingFile, file: YamlFile, problems: Problem[]) {
  const used = new Set<string>();
  const all = Object.entries(data.dialects).flatMap(([dialect, repairs]) =>
    repairs.map((repair, index) => ({
      dialect,
      ...repair,
      pattern: new RegExp(repair.match),
      path: ['dialects', dialect, index, 'at'],
    })),
  );
  const wrap = (path: string, reader: Reader): Reader => {
    const repairs = all.filter(({ at }) => at === path);
    if (repairs.length === 0) return reader;
    used.add(path);
    const read = (run: Run, frame: Frame) => {
      let raw = reader.read(run, frame);
      for (const repair of repairs) {
        if (typeof raw === 'string' && (repair.dialect === 'default' || repair.dialect === run.dialect))
          raw = raw.replace(repair.pattern, repair.with);
      }
      return raw === '' ? undefined : raw;
    };
    return { ...reader, read };
  };
  const check = () => {
    for (const { at, path } of all)
      if (!used.has(at))
        problems.push({ ...file.where(path), message: `no rule reads "${at}": the repair can never fire` });
  };
  return { wrap, check };
}
