import { existsSync, readdirSync, statSync } from 'node:fs';
import type { ConceptMap } from '@medplum/fhirtypes';
import { typeDefinition, typeNames } from '../../fhir/definitions.ts';
import { suggest } from '../run.ts';
import { checkSource } from './check-source.ts';
import { type CodeTable, MapError, readConceptMap } from './concept-map.ts';
import type { Fragment, Hook } from './loader.ts';
import { FragmentFile, MappingFile, SourceFile } from './mapping-file.ts';
import { type Problem, parseAs, type ReadText, readText, readYaml, type YamlFile } from './yaml-file.ts';

/** A folder of mappings, read once, not yet compiled. The workbench also compiles changed copies. */
export type MappingFiles = {
  fragments: Map<string, Fragment>;
  /** ConceptMaps that all mappings share. */
  maps: Map<string, CodeTable>;
  sources: Map<string, SourceFiles>;
};

export type SourceFiles = {
  file: YamlFile;
  sourceFile: YamlFile;
  data: MappingFile;
  source: SourceFile;
  maps: Map<string, CodeTable>;
  hooks: Record<string, Hook>;
};

export const MAPPINGS_DIR = new URL('../../../mappings/', import.meta.url);

export function listSources(dir: URL): string[] {
  return readdirSync(dir)
    .filter((name) => existsSync(new URL(`${name}/mapping.yaml`, dir)))
    .sort();
}

/** Reads every file of a folder and checks each by its schema. A source with a problem is left out, and the
 * problem added to `problems`. */
export async function readMappings(dir: URL, problems: Problem[], read = readText): Promise<MappingFiles> {
  const files: MappingFiles = {
    fragments: readFragments(dir, problems, read),
    maps: readMaps(new URL('concept-maps/', dir), 'concept-maps', { problems, read }),
    sources: new Map(),
  };
  for (const name of listSources(dir)) {
    const source = await readSource(new URL(`${name}/`, dir), name, { problems, read });
    if (source) files.sources.set(name, source);
  }
  return files;
}

type Reading = { problems: Problem[]; read: ReadText };

async function readSource(
  dir: URL,
  folder: string,
  { problems, read }: Reading,
): Promise<SourceFiles | undefined> {
  if (!existsSync(new URL('source.yaml', dir))) {
    problems.push({
      file: `${folder}/source.yaml`,
      line: 1,
      column: 1,
      message: 'is missing: what the source holds',
    });
    return undefined;
  }
  const file = readYaml(new URL('mapping.yaml', dir), `${folder}/mapping.yaml`, read);
  const data = parseAs(file, MappingFile, problems);
  const sourceFile = readYaml(new URL('source.yaml', dir), `${folder}/source.yaml`, read);
  const source = parseAs(sourceFile, SourceFile, problems);
  if (source) checkSource(sourceFile, source, problems);
  if (!data || !source) return undefined;
  if (data.name !== folder)
    problems.push({
      ...file.where(['name']),
      message: `name "${data.name}" is not the folder's, "${folder}"`,
    });
  const hooks = await readHooks(new URL('hooks.ts', dir), `${folder}/hooks.ts`, problems);
  return {
    file,
    sourceFile,
    data,
    source,
    maps: readMaps(new URL('maps/', dir), `${folder}/maps`, { problems, read }),
    hooks,
  };
}

function filesOf(dir: URL, suffix: string): string[] {
  return existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => name.endsWith(suffix))
        .sort()
    : [];
}

function readFragments(dir: URL, problems: Problem[], read: ReadText): MappingFiles['fragments'] {
  const fragments: MappingFiles['fragments'] = new Map();
  for (const name of filesOf(new URL('fragments/', dir), '.yaml')) {
    const file = readYaml(new URL(`fragments/${name}`, dir), `fragments/${name}`, read);
    const data = parseAs(file, FragmentFile, problems);
    if (!data) continue;
    if (`${data.name}.yaml` !== name)
      problems.push({
        ...file.where(['name']),
        message: `name "${data.name}" is not the file's, "${name.slice(0, -5)}"`,
      });
    if (!typeDefinition(data.type))
      problems.push({
        ...file.where(['type']),
        message: `no FHIR type ${data.type}${suggest(data.type, typeNames())}`,
      });
    fragments.set(data.name, { file, data });
  }
  return fragments;
}

function readMaps(dir: URL, folder: string, { problems, read }: Reading): Map<string, CodeTable> {
  const maps = new Map<string, CodeTable>();
  for (const name of filesOf(dir, '.json')) {
    const file = readYaml(new URL(name, dir), `${folder}/${name}`, read);
    problems.push(...file.errors);
    if (file.errors.length > 0) continue;
    try {
      maps.set(name.slice(0, -5), readConceptMap(name.slice(0, -5), file.data as ConceptMap));
    } catch (error) {
      if (!(error instanceof MapError)) throw error;
      problems.push({ ...file.where(error.path), message: error.message });
    }
  }
  return maps;
}

/** When each hooks.ts was last changed as this process first loaded it. */
const firstLoaded = new Map<string, number>();

/** Changed since it was loaded, it is another module. */
function versionOf(url: URL): string {
  const { mtimeMs } = statSync(url);
  const first = firstLoaded.get(url.href) ?? mtimeMs;
  firstLoaded.set(url.href, first);
  return first === mtimeMs ? url.href : `${url.href}?changed=${mtimeMs}`;
}

/** The functions of a hooks.ts, by name; none where there is no such file. */
async function readHooks(url: URL, file: string, problems: Problem[]): Promise<Record<string, Hook>> {
  if (!existsSync(url)) return {};
  try {
    const all = Object.entries((await import(versionOf(url))) as Record<string, unknown>);
    return Object.fromEntries(all.filter((one): one is [string, Hook] => typeof one[1] === 'function'));
  } catch (error) {
    problems.push({
      file,
      line: 1,
      column: 1,
      message: `cannot be loaded: ${error instanceof Error ? error.message : error}`,
    });
    return {};
  }
}
