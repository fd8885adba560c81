import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { loadMappings, type Mapping } from '../../src/map/language/load-mappings.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { MappingError, type Problem } from '../../src/map/language/yaml-file.ts';

type Files = Record<string, string>;

/** A folder of mappings for one test: what is shared, plus the given files. */
export function mappingFolder(files: Files): URL {
  const root = mkdtempSync(join(tmpdir(), 'skein-map-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const shared of ['fragments', 'concept-maps'])
    cpSync(new URL(shared, MAPPINGS_DIR), join(root, shared), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return pathToFileURL(`${root}/`);
}

/** A shipped mapping, its text changed. */
export function changed(source: string, change: (text: string) => string): Files {
  const read = (file: string) => readFileSync(new URL(`${source}/${file}`, MAPPINGS_DIR), 'utf8');
  const files: Files = {
    [`${source}/mapping.yaml`]: change(read('mapping.yaml')),
    [`${source}/source.yaml`]: read('source.yaml'),
  };
  const maps = new URL(`${source}/maps/`, MAPPINGS_DIR);
  for (const map of existsSync(maps) ? readdirSync(maps) : [])
    files[`${source}/maps/${map}`] = readFileSync(new URL(map, maps), 'utf8');
  return files;
}

/** What a load complains of; empty when it loads. */
export async function problemsOf(files: Files): Promise<readonly Problem[]> {
  try {
    await loadMappings(mappingFolder(files));
    return [];
  } catch (error) {
    if (error instanceof MappingError) return error.problems;
    throw error;
  }
}

const FORM = `format: json
fields: { name: text, born: time, when: time, sure: boolean, count: integer, code: text, list: [text], items: [{ kind: text, size: integer }] }
`;

/** A form mapping of one Patient with the given rules (YAML), compiled. */
export async function formMapping(
  rules: string,
  more: { files?: Files; top?: string; statement?: string } = {},
): Promise<Mapping> {
  const mapping = (await loadMappings(mappingFolder(formFiles(rules, more)))).get('form');
  if (!mapping) throw new Error('no mapping');
  return mapping;
}

export function formFiles(
  rules: string,
  { files = {}, top = '', statement = '' }: Parameters<typeof formMapping>[1] = {},
): Files {
  const indented = rules.trim().replace(/^/gm, '      ');
  return {
    'form/source.yaml': FORM,
    'form/mapping.yaml': `name: form
version: 1.0.0
mode: snapshot
saidAt: [when]
${top}statements:
  - local: patient
    resource: Patient
${statement}    rules:
${indented}
`,
    ...files,
  };
}
