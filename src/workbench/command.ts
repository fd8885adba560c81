import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WrongUse } from '../command/wrong-use.ts';
import { readConfig } from '../config.ts';
import { mappingFolders, placeSources } from '../map/language/folders.ts';
import { compileSource, loadMappings, type Mapping, type Mappings } from '../map/language/load-mappings.ts';
import { type MappingFiles, readMappings } from '../map/language/read-mappings.ts';
import { MappingError, type Problem } from '../map/language/yaml-file.ts';
import type { Understood } from '../pipeline/understand.ts';
import { runMapping } from './run-mapping.ts';

export { WrongUse };

const text = { type: 'string' } as const;
const yes = { type: 'boolean' } as const;

/** Every option of every command; a command names those it takes, beside `json`, `help` and `dir`. */
export const OPTIONS = {
  json: yes,
  help: { type: 'boolean', short: 'h' },
  dir: text,
  update: yes,
  mapping: text,
  dialect: text,
  'show-values': yes,
  extends: text,
  profile: text,
  all: yes,
  format: text,
  'without-identifier': yes,
} as const;
type Option = keyof typeof OPTIONS;
export type Flags = { [name in Option]?: (typeof OPTIONS)[name]['type'] extends 'string' ? string : boolean };

/** `run` gives the exit code: 0 for success, 1 for a fault in a mapping, an example or the input. */
export type Command = {
  summary: string;
  /** The command's help: usage, purpose, examples. */
  help: string;
  options?: readonly Option[];
  run: (files: string[], flags: Flags) => Promise<number>;
};

/** The folders of mappings: the one given, else those that ship and those of the setting MAPPINGS_DIR. */
export function foldersOf({ dir }: Flags): URL[] {
  if (dir !== undefined) return [pathToFileURL(`${dir}/`)];
  try {
    return mappingFolders(readConfig(process.env).MAPPINGS_DIR);
  } catch (cause) {
    throw new WrongUse((cause as Error).message, { cause });
  }
}

/** The files of each folder, in which every mapping loads. */
export async function readFiles(flags: Flags): Promise<MappingFiles[]> {
  const problems: Problem[] = [];
  const folders = foldersOf(flags);
  placeSources(folders);
  const all = await Promise.all(folders.map((folder) => readMappings(folder, problems)));
  for (const files of all) for (const name of files.sources.keys()) compileSource(files, name, problems);
  if (problems.length > 0) throw new MappingError(problems);
  return all;
}

/** The files of the folder that has the mapping that an option names. */
export function filesWith(all: MappingFiles[], name = '', option = '--mapping'): MappingFiles {
  const files = all.find(({ sources }) => sources.has(name));
  if (!files) throw wrongMapping({ names: all.flatMap(({ sources }) => [...sources.keys()]) }, option);
  return files;
}

export async function chooseMapping(flags: Flags): Promise<Mapping> {
  const mappings = await loadMappings(foldersOf(flags));
  const mapping = flags.mapping === undefined ? undefined : mappings.get(flags.mapping);
  if (!mapping) throw wrongMapping(mappings);
  return mapping;
}

export function wrongMapping({ names }: Pick<Mappings, 'names'>, option = '--mapping'): WrongUse {
  return new WrongUse(`${option} is one of ${names.join(', ')}`);
}

export function runMessage(mapping: Mapping, body: Buffer, { dialect }: Flags): Understood[] {
  if (dialect !== undefined && !mapping.dialects.has(dialect))
    throw new WrongUse(`${mapping.name} has no dialect "${dialect}"`);
  return runMapping(mapping, body, dialect ?? null);
}

/** The same of a mapping that is not compiled yet. */
export function refuseDialect({ sources }: MappingFiles, name: string, dialect: string | undefined): void {
  if (dialect !== undefined && !Object.hasOwn(sources.get(name)?.data.dialects ?? {}, dialect))
    throw new WrongUse(`${name} has no dialect "${dialect}"`);
}

/** A file, or standard input for `-`. */
export function readInput(file: string | undefined): Buffer {
  if (file === undefined) throw new WrongUse('FILE is missing');
  return readFileSync(file === '-' ? 0 : file);
}

/** Throws WrongUse for a file given to a command that reads none. */
export function refuseFiles([extra]: string[], instead: string): void {
  if (extra !== undefined) throw new WrongUse(`"${nameOf(extra)}" is not understood: ${instead}`);
}

/** A file's name without its folders, which may say more than an output should. */
export const nameOf = (file: string): string => basename(file);
