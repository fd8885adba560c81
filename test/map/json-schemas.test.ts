import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { jsonSchemas, outdatedSchemas } from '../../src/map/language/json-schemas.ts';
import { listSources, MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { readYaml } from '../../src/map/language/yaml-file.ts';

/** The schema of a file of a mappings folder, by its path inside: `fragments/xpn.yaml`, `hl7v2-adt/source.yaml`. */
function schemaOf(file: string): string {
  if (file.startsWith('fragments/')) return 'fragment.schema.json';
  return file.endsWith('/source.yaml') ? 'source.schema.json' : 'mapping.schema.json';
}

const ajv = new Ajv2020({ allErrors: true });
for (const { name, text } of jsonSchemas()) ajv.addSchema(JSON.parse(text), name);

const fragments = readdirSync(new URL('fragments/', MAPPINGS_DIR)).map((name) => `fragments/${name}`);
const sources = listSources(MAPPINGS_DIR).flatMap((name) => [`${name}/mapping.yaml`, `${name}/source.yaml`]);

/** What an editor would underline. */
function faultsOf(file: string, data: unknown): string[] {
  const validate = ajv.getSchema(schemaOf(file));
  if (!validate) throw new Error(`no schema ${schemaOf(file)}`);
  validate(JSON.parse(JSON.stringify(data)));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('JSON Schemas of the mapping language', () => {
  test('are those that its zod schemas give', () => {
    expect(outdatedSchemas()).toEqual([]);
  });

  test.each([...fragments, ...sources])('%s names its schema first, and is valid against it', (file) => {
    const [first] = readFileSync(new URL(file, MAPPINGS_DIR), 'utf8').split('\n');
    expect(first).toBe(`# yaml-language-server: $schema=../${schemaOf(file)}`);
    expect(faultsOf(file, readYaml(new URL(file, MAPPINGS_DIR), file).data)).toEqual([]);
  });

  test('refuse a key, a value and a shape that the language does not have', () => {
    const rules = (rule: object) => ({ name: 'x', type: 'HumanName', rules: [rule] });
    expect(faultsOf('fragments/x.yaml', rules({ to: 'text', from: 'name' }))).toEqual([]);
    expect(faultsOf('fragments/x.yaml', rules({ to: 'text', form: 'name' }))).not.toEqual([]);
    expect(
      faultsOf('fragments/x.yaml', rules({ to: 'text', rules: [{ to: 'text', as: 'compct' }] })),
    ).not.toEqual([]);
    expect(faultsOf('x/source.yaml', { format: 'json', fields: { name: 'text', list: ['time'] } })).toEqual(
      [],
    );
    expect(faultsOf('x/source.yaml', { format: 'json', fields: { name: 'txt' } })).not.toEqual([]);
  });
});
