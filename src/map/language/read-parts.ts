/** The parts of a mappings folder that are read alike wherever they are: fragments, ConceptMaps, hooks. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import type { ConceptMap } from '@medplum/fhirtypes';
import { typeDefinition, typeNames } from '../../fhir/definitions.ts';
import { suggest } from '../run.ts';
import { type CodeTable, MapError, readConceptMap } from './concept-map.ts';
import type { Fragment, Hook } from './loader.ts';
import { FragmentFile } from './mapping-file.ts';
import { type Problem, parseAs, type ReadText, readYaml } from './yaml-file.ts';

export type Reading = { problems: Problem[]; read: ReadText };

function filesOf(dir: URL, suffix: string): string[] {
  return existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => name.endsWith(suffix))
        .sort()
    : [];
}

export function readFragments(dir: URL, problems: Problem[], read: ReadText): Map<string, Fragment> {
  const fragments = new Map<string, Fragment>();
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

export function readMaps(dir: URL, folder: string, { problems, read }: Reading): Map<string, CodeTable> {
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
export async function readHooks(url: URL, file: string, problems: Problem[]): Promise<Record<string, Hook>> {
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
