import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchemas, outdatedSchemas } from '../../src/map/language/json-schemas.ts';
import { listSources, MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { readYaml } from '../../src/map/language/yaml-file.ts';
import { formFiles, problemsOf } from './mapping-folder.ts';

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

  const rule = (text: string) => `name: x\ntype: HumanName\nrules: [${text}]\n`;
  const statement = (text: string) =>
    `name: x\nversion: 1.0.0\nmode: delta\nsaidAt: []\nstatements: [{ local: patient, ${text} }]\n`;
  const hl7 = (text: string) => `format: hl7v2\n${text}\n`;
  test.each([
    ['no producer', 'fragments/x.yaml', rule('{ to: text }')],
    ['two producers', 'fragments/x.yaml', rule('{ to: text, from: name, value: x }')],
    ['an alternative with two', 'fragments/x.yaml', rule('{ to: text, first: [{ from: a, value: x }] }')],
    ['first beside a producer', 'fragments/x.yaml', rule('{ to: text, first: [{ from: a }], from: b }')],
    ['a map of a group', 'fragments/x.yaml', rule('{ to: period, map: y, rules: [{ to: start, from: a }] }')],
    ['a map without a policy', 'fragments/x.yaml', rule('{ to: use, from: a, map: name-use }')],
    ['a policy without a map', 'fragments/x.yaml', rule('{ to: text, from: a, unmapped: reject }')],
    ['match of no path', 'fragments/x.yaml', rule("{ to: text, value: x, match: '(a)' }")],
    ['match without a group', 'fragments/x.yaml', rule('{ to: text, from: a, match: abc }')],
    ['a template without a path', 'fragments/x.yaml', rule('{ to: text, template: abc }')],
    ['a misspelt resource', 'x/mapping.yaml', statement('resource: Patent, rules: [{ to: id, from: a }]')],
    ['a misspelt segment', 'x/source.yaml', hl7('segments: { pid: { 3: CX Number } }')],
    ['a field without a type', 'x/source.yaml', hl7('segments: { PID: { 3: number } }')],
    ['an event that is none', 'x/source.yaml', hl7('segments: {}\nmessages: { ADT: [admit] }')],
  ])('refuse as map check does: %s', async (_, file, text) => {
    expect(faultsOf(file, parse(text))).not.toEqual([]);
    const files = formFiles('- { to: name, use: x }');
    const broken: Record<string, Record<string, string>> = {
      'fragments/x.yaml': { ...files, 'fragments/x.yaml': text },
      'x/mapping.yaml': { 'x/mapping.yaml': text, 'x/source.yaml': files['form/source.yaml'] ?? '' },
      'x/source.yaml': { 'x/source.yaml': text, 'x/mapping.yaml': statement('resource: Patient') },
    };
    expect(await problemsOf(broken[file] ?? {})).not.toEqual([]);
  });

  test('are told nothing of what is right', async () => {
    const source = hl7('segments: { PID: { 3: CX Number } }\nmessages: { ADT: [A01] }');
    expect(
      await problemsOf({ 'x/source.yaml': source, 'x/mapping.yaml': statement('resource: Patient') }),
    ).toEqual([]);
    const files = formFiles('- { to: name, use: x }');
    expect(await problemsOf({ ...files, 'fragments/x.yaml': rule('{ to: text, from: name }') })).toEqual([]);
  });

  test('take a dialect, and hold it to the same', () => {
    const dialect = (more: object) => ({ name: 'x', version: '1.0.0', extends: 'hl7v2-adt', ...more });
    const rules = (rule: object) => dialect({ statements: [{ local: 'patient', rules: [rule] }] });
    expect(faultsOf('x/mapping.yaml', dialect({ drop: ['mother'] }))).toEqual([]);
    expect(faultsOf('x/mapping.yaml', rules({ to: 'gender', from: 'PID-8' }))).toEqual([]);
    expect(faultsOf('x/mapping.yaml', rules({ to: 'gender' }))).not.toEqual([]);
    expect(faultsOf('x/source.yaml', { segments: { ZPD: { 2: 'ST Interpreter' } } })).toEqual([]);
    expect(faultsOf('x/source.yaml', { segments: { zpd: { 2: 'ST Interpreter' } } })).not.toEqual([]);
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
