import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type CodeTable, readConceptMap } from './concept-map.ts';
import { fhirFormat } from './format-fhir.ts';
import { hl7v2Format } from './format-hl7v2.ts';
import { csvFormat, jsonFormat } from './format-tree.ts';
import { attempt, type Hook, type Loader, readPath } from './loader.ts';
import { FragmentFile, MappingFile, SourceFile } from './mapping-file.ts';
import type { Frame, Reader, Run, SourceFormat } from './run.ts';
import { type CompiledCheck, type CompiledStatement, compileCheck, compileStatement } from './statement.ts';
import { MappingError, type Problem, parseAs, readYaml, type YamlFile } from './yaml-file.ts';

/** A source's mapping, compiled: closures only. Pure, shared by all messages. */
export type Mapping = {
  name: string;
  version: string;
  /** How its messages are read: chooses the parser. */
  kind: SourceFile['format'];
  mode: 'delta' | 'snapshot';
  zone: string;
  format: SourceFormat;
  dialects: Set<string>;
  saidAt: Reader[];
  checks: CompiledCheck[];
  statements: CompiledStatement[];
};
export type Mappings = { get: (source: string) => Mapping | undefined; names: string[] };

export const MAPPINGS_DIR = new URL('../../mappings/', import.meta.url);

type Shared = { fragments: Loader['fragments']; maps: Map<string, CodeTable>; problems: Problem[] };

/** Reads and compiles every `<source>/mapping.yaml` of a folder. Throws MappingError with all that is wrong, as file:line:column. */
export async function loadMappings(dir: URL = MAPPINGS_DIR): Promise<Mappings> {
  const problems: Problem[] = [];
  const shared: Shared = {
    fragments: readFragments(dir, problems),
    maps: readMaps(new URL('concept-maps/', dir), problems),
    problems,
  };
  const names = readdirSync(dir)
    .filter((name) => existsSync(new URL(`${name}/mapping.yaml`, dir)))
    .sort();
  const mappings = new Map<string, Mapping>();
  for (const name of names) {
    const mapping = await loadMapping(new URL(`${name}/`, dir), name, shared);
    if (mapping) mappings.set(name, mapping);
  }
  if (problems.length > 0) throw new MappingError(problems);
  return { get: (source) => mappings.get(source), names };
}

function filesOf(dir: URL, suffix: string): string[] {
  return existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => name.endsWith(suffix))
        .sort()
    : [];
}

function readFragments(dir: URL, problems: Problem[]): Shared['fragments'] {
  const fragments: Shared['fragments'] = new Map();
  for (const name of filesOf(new URL('fragments/', dir), '.yaml')) {
    const file = readYaml(new URL(`fragments/${name}`, dir), `fragments/${name}`);
    const data = parseAs(file, FragmentFile, problems);
    if (data) fragments.set(data.name, { file, data });
  }
  return fragments;
}

function readMaps(dir: URL, problems: Problem[]): Map<string, CodeTable> {
  const maps = new Map<string, CodeTable>();
  for (const file of filesOf(dir, '.json')) {
    const name = file.slice(0, -5);
    try {
      maps.set(name, readConceptMap(name, JSON.parse(readFileSync(new URL(file, dir), 'utf8'))));
    } catch (error) {
      problems.push({ file, line: 1, column: 1, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return maps;
}

async function loadMapping(dir: URL, folder: string, shared: Shared): Promise<Mapping | undefined> {
  const { problems } = shared;
  const file = readYaml(new URL('mapping.yaml', dir), `${folder}/mapping.yaml`);
  const data = parseAs(file, MappingFile, problems);
  const source = parseAs(readYaml(new URL('source.yaml', dir), `${folder}/source.yaml`), SourceFile, problems);
  if (!data || !source) return undefined;
  if (data.name !== folder)
    problems.push({ ...file.where(['name']), message: `name "${data.name}" is not the folder's, "${folder}"` });
  const maps = new Map([...shared.maps, ...readMaps(new URL('maps/', dir), problems)]);
  const hooks = existsSync(new URL('hooks.ts', dir))
    ? ((await import(new URL('hooks.ts', dir).href)) as Record<string, Hook>)
    : {};
  const repaired = compileRepairs(data, file, problems);
  const locals = data.statements.map(({ local }) => local);
  const loader: Loader = {
    ...shared,
    file,
    maps,
    hooks,
    locals,
    zone: data.zone,
    format: formatOf(source),
    repaired: repaired.wrap,
  };
  for (const [index, local] of locals.entries()) {
    if (locals.indexOf(local) < index)
      problems.push({ ...file.where(['statements', index, 'local']), message: `duplicate statement "${local}"` });
  }
  const mapping = compileMapping(loader, data, source);
  repaired.check();
  return mapping;
}

function compileMapping(loader: Loader, data: MappingFile, source: SourceFile): Mapping {
  const { name, version, mode, zone } = data;
  const read = (text: string, index: number) =>
    attempt(loader, ['saidAt', index], () => readPath(loader, text, loader.format.root));
  return {
    ...{
      name,
      version,
      mode,
      zone,
      kind: source.format,
      format: loader.format,
      dialects: new Set(Object.keys(data.dialects)),
    },
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
  return source.format === 'csv' ? csvFormat(source) : jsonFormat(source);
}

/** Wraps the readers of repaired paths: text that matches is replaced before any rule sees it. Other paths pay nothing. */
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
