/** The folders in which mappings are: the one that ships, and an installation's own (MAPPINGS_DIR). */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The mappings that ship. */
export const MAPPINGS_DIR = new URL('../../../mappings/', import.meta.url);

/** The shipped folder, then those of the setting. Throws where one of them is not a folder. */
export function mappingFolders(own: readonly string[], shipped: URL = MAPPINGS_DIR): URL[] {
  for (const folder of own)
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      throw new Error(`MAPPINGS_DIR: ${folder} is not a folder`);
  return [shipped, ...own.map((folder) => pathToFileURL(`${resolve(folder)}/`))];
}

export function listSources(dir: URL): string[] {
  return readdirSync(dir)
    .filter((name) => existsSync(new URL(`${name}/mapping.yaml`, dir)))
    .sort();
}

/** The folder of each source. Throws where two folders have one of the same name: which of them a system
 * means would be told by their order alone. */
export function placeSources(folders: readonly URL[]): Map<string, URL> {
  const places = new Map<string, URL>();
  for (const folder of folders)
    for (const name of listSources(folder)) {
      const other = places.get(name);
      if (other)
        throw new Error(
          `mapping ${name} is in two folders, ${pathOf(other)} and ${pathOf(folder)}: rename one of them`,
        );
      places.set(name, folder);
    }
  return places;
}

const pathOf = (folder: URL) => fileURLToPath(folder).replace(/\/$/, '');
