import { existsSync } from 'node:fs';
import { suggest } from '../run.ts';
import { checkSource } from './check-source.ts';
import type { CodeTable } from './concept-map.ts';
import { DialectFile, DialectSource } from './dialect-file.ts';
import { type Extended, extendMapping, extendSource } from './extend.ts';
import { listSources, MAPPINGS_DIR } from './folders.ts';
import type { Fragment, Hook } from './loader.ts';
import { MappingFile, SourceFile } from './mapping-file.ts';
import { type Reading, readFragments, readHooks, readMaps } from './read-parts.ts';
import { describeProblem, type Problem, parseAs, readText, readYaml, type YamlFile } from './yaml-file.ts';

export { listSources, MAPPINGS_DIR };

/** A folder of mappings, read once, not yet compiled. The workbench also compiles changed copies. */
export type MappingFiles = {
  dir: URL;
  /** Of this folder and, where it has none of that name, of the shipped one. */
  fragments: Map<string, Fragment>;
  /** ConceptMaps that all mappings share; found in the same way. */
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
  /** Of a dialect: the mapping that it extends, and what it says itself. */
  dialect?: { base: SourceFiles; own: YamlFile; differs: Extended['differs'] };
};

/** Reads every file of a folder and checks each by its schema. A source with a problem is left out, and the
 * problem added to `problems`. What the folder does not have itself is found in `shipped`: fragments,
 * ConceptMaps, and mappings that its dialects extend. */
export async function readMappings(
  dir: URL,
  problems: Problem[],
  read = readText,
  shipped = MAPPINGS_DIR,
): Promise<MappingFiles> {
  const shared = (from: URL, reading: Reading) => ({
    fragments: readFragments(from, reading.problems, read),
    maps: readMaps(new URL('concept-maps/', from), 'concept-maps', reading),
  });
  const own = shared(dir, { problems, read });
  // What is wrong in the shipped folder is told where that is read.
  const theirs = dir.href === shipped.href ? own : shared(shipped, { problems: [], read });
  const files: MappingFiles = {
    dir,
    fragments: new Map([...theirs.fragments, ...own.fragments]),
    maps: new Map([...theirs.maps, ...own.maps]),
    sources: new Map(),
  };
  const reading = { problems, read, fragments: files.fragments, folders: [dir, shipped] };
  for (const name of listSources(dir)) {
    const source = await readAny(new URL(`${name}/`, dir), name, reading);
    if (source) files.sources.set(name, source);
  }
  return files;
}

type Around = Reading & { fragments: MappingFiles['fragments']; folders: URL[] };

async function readAny(dir: URL, folder: string, around: Around): Promise<SourceFiles | undefined> {
  const file = readYaml(new URL('mapping.yaml', dir), `${folder}/mapping.yaml`, around.read);
  const isDialect = typeof file.data === 'object' && file.data !== null && 'extends' in file.data;
  return isDialect ? readDialect(dir, folder, { ...around, file }) : readSource(dir, folder, around);
}

async function readDialect(
  dir: URL,
  folder: string,
  { file, problems, read, fragments, folders }: Around & { file: YamlFile },
): Promise<SourceFiles | undefined> {
  const data = parseAs(file, DialectFile, problems);
  if (!data) return undefined;
  checkName(file, data.name, folder, problems);
  const refuse = (message: string) => {
    problems.push({ ...file.where(['extends']), message });
    return undefined;
  };
  const home = folders.find((one) => existsSync(new URL(`${data.extends}/mapping.yaml`, one)));
  const known = [...new Set(folders.flatMap(listSources))].filter((name) => name !== folder);
  if (!home || data.extends === folder)
    return refuse(`no mapping "${data.extends}"${suggest(data.extends, known)}`);
  const theirs = readYaml(new URL(`${data.extends}/mapping.yaml`, home), data.extends, read).data;
  if (typeof theirs === 'object' && theirs !== null && 'extends' in theirs)
    return refuse(`${data.extends} is a dialect itself: extend ${theirs.extends}`);
  const wrong: Problem[] = [];
  const base = await readSource(new URL(`${data.extends}/`, home), data.extends, { problems: wrong, read });
  const [first] = wrong;
  if (!base || first)
    return refuse(
      `${data.extends} cannot be extended: ${first ? describeProblem(first) : 'it cannot be read'}`,
    );
  const extended = extendMapping({
    ...{ base: { data: base.data, file: versioned(base) }, file, data, fragments, problems },
  });
  const place = new URL('source.yaml', dir);
  const ownSource = existsSync(place) ? readYaml(place, `${folder}/source.yaml`, read) : undefined;
  if (ownSource && !parseAs(ownSource, DialectSource, problems)) return undefined;
  const sourceFile = ownSource ? extendSource(base.sourceFile, ownSource) : base.sourceFile;
  const source = ownSource ? parseAs(sourceFile, SourceFile, problems) : base.source;
  if (!source) return undefined;
  if (ownSource) checkSource(sourceFile, source, problems);
  const hooks = await readHooks(new URL('hooks.ts', dir), `${folder}/hooks.ts`, problems);
  const maps = readMaps(new URL('maps/', dir), `${folder}/maps`, { problems, read });
  return {
    ...{ file: extended.file, data: extended.data, sourceFile, source },
    maps: new Map([...base.maps, ...maps]),
    hooks: { ...base.hooks, ...hooks },
    dialect: { base, own: file, differs: extended.differs },
  };
}

/** A record made by a dialect says of which version of its base a rule is. */
function versioned({ file, data }: SourceFiles): YamlFile {
  const name = `${data.name}@${data.version}/mapping.yaml`;
  const named = (problem: Problem): Problem => ({ ...problem, file: name });
  return {
    ...file,
    where: (path) => named(file.where(path)),
    whereKey: (path) => named(file.whereKey(path)),
  };
}

function checkName(file: YamlFile, name: string, folder: string, problems: Problem[]): void {
  if (name !== folder)
    problems.push({
      ...file.where(['name']),
      message: `name "${name}" is not the folder's, "${folder}"`,
    });
}

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
  checkName(file, data.name, folder, problems);
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
