/** Reads a FHIR package's profiles and terminology.
 * https://confluence.hl7.org/display/FHIR/NPM+Package+Specification */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { CodeSystem, StructureDefinition, ValueSet } from '@medplum/fhirtypes';
import { extract } from 'tar-stream';
import { isObject } from '../formats/tree.ts';
import type { Json } from '../model.ts';
export type Conformance = CodeSystem | StructureDefinition | ValueSet;

const KINDS = new Set(['CodeSystem', 'StructureDefinition', 'ValueSet']);

/**
 * Reads a `.tgz` or a folder. Throws an Error that names the path, and the file in it, that cannot be read.
 */
export async function readPackage(path: string): Promise<Conformance[]> {
  try {
    const found = (await stat(path)).isDirectory() ? await readFolder(path) : await readArchive(path);
    const resources = found.flatMap(({ file, text }) => readResource(file, text));
    if (resources.length === 0) throw new Error('no CodeSystem, StructureDefinition or ValueSet is in it');
    return resources;
  } catch (error) {
    throw new Error(`FHIR package ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

type PackageFile = { file: string; text: string };

/** True for definitions; examples and other formats in a package are skipped. */
const isWanted = (file: string) =>
  file.endsWith('.json') && !/(^|\/)(examples?|other|openapi|xml)\//.test(file);

async function readFolder(path: string): Promise<PackageFile[]> {
  const files = (await readdir(path, { recursive: true })).filter(isWanted).sort();
  return Promise.all(files.map(async (file) => ({ file, text: await readFile(join(path, file), 'utf8') })));
}

async function readArchive(path: string): Promise<PackageFile[]> {
  const found: PackageFile[] = [];
  const archive = extract();
  const unpacked = pipeline(createReadStream(path), createGunzip(), archive);
  const read = async () => {
    for await (const entry of archive) {
      const bytes = await buffer(entry);
      if (isWanted(entry.header.name)) found.push({ file: entry.header.name, text: bytes.toString('utf8') });
    }
  };
  await Promise.all([unpacked, read()]);
  return found;
}

function readResource(file: string, text: string): Conformance[] {
  let resource: Json;
  try {
    resource = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new Error(`${file} is not JSON`, { cause: error });
  }
  const isKept =
    isObject(resource) && KINDS.has(String(resource.resourceType)) && typeof resource.url === 'string';
  return isKept ? [resource as unknown as Conformance] : [];
}
