/**
 * JSON Schemas of the mapping language, generated from its zod schemas: what editors complete and check by.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { typeDefinition, typeNames } from '../../fhir/definitions.ts';
import { FIELD } from '../sources/hl7v2-schema.ts';
import { DialectFile, DialectSource } from './dialect-file.ts';
import { MAPPINGS_DIR } from './folders.ts';
import { FragmentFile, MappingFile, SourceFile } from './mapping-file.ts';

const SCHEMAS = {
  'mapping.schema.json': z.union([MappingFile, DialectFile]),
  'fragment.schema.json': FragmentFile,
  'source.schema.json': z.union([SourceFile, DialectSource]),
};

type JsonSchema = { name: string; file: URL; text: string };

/** Each schema with its file and the text that file should have. */
export function jsonSchemas(): JsonSchema[] {
  return Object.entries(SCHEMAS).map(([name, schema]) => ({
    name,
    file: new URL(name, MAPPINGS_DIR),
    text: `${JSON.stringify(tighten(z.toJSONSchema(schema, { io: 'input' }) as Tree), null, 2)}\n`,
  }));
}

/** Names of schema files whose text is out of date. */
export function outdatedSchemas(): string[] {
  return jsonSchemas()
    .filter(({ file, text }) => readFileSync(file, 'utf8') !== text)
    .map(({ name }) => name);
}

type Tree = { [name: string]: unknown };
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

const PRODUCERS = ['from', 'value', 'template', 'ref', 'expr', 'hook'];
const GROUP = ['rules', 'use', 'each'];
const GROUP_KEYS = ['to', 'when', 'needs', ...GROUP];
const FIRST_KEYS = ['to', 'first', 'when', 'required', 'severity'];

const RESOURCES = [...typeNames()].filter((name) => typeDefinition(name)?.kind === 'resource').sort();
const SEGMENT = { propertyNames: { pattern: '^[A-Z][A-Z0-9]{2}$' } };
const HL7_NAMES = {
  messages: { ...SEGMENT, additionalProperties: { items: { pattern: '^[A-Z]\\d\\d$' } } },
  segments: {
    ...SEGMENT,
    additionalProperties: {
      propertyNames: { pattern: '^\\d{1,2}$' },
      additionalProperties: { pattern: FIELD.source },
    },
  },
};

const also = (schema: Tree, properties: Tree): Tree => ({ ...schema, allOf: [{ properties }] });
const has = (name: string) => ({ required: [name] });
const none = (names: string[]) => ({ not: { anyOf: names.map(has) } });
const oneProducer = { oneOf: PRODUCERS.map(has) };

/** Adds what the compiler asks beside zod's schema: which keys of a rule go together, the types of FHIR, and
 * how HL7 v2 names its parts. */
function tighten(schema: Tree): Tree {
  const { properties: own } = schema;
  const inner = Object.entries(schema).map(([key, value]) => {
    if (Array.isArray(value)) return [key, value.map((one) => (isTree(one) ? tighten(one) : one))];
    return [key, isTree(value) ? tighten(value) : value];
  });
  const known = Object.fromEntries(inner) as Tree;
  if (!isTree(own)) return known;
  if ('local' in own) return also(known, { resource: { enum: RESOURCES } });
  if ('segments' in own) return also(known, HL7_NAMES);
  if (!('from' in own && 'template' in own)) return known;
  const texts = { template: { pattern: '\\{[^}]+\\}' }, match: { pattern: '\\(' } };
  const all = Object.keys(own);
  const beside = (keys: string[]) => all.filter((key) => !keys.includes(key));
  const forms = [
    { ...oneProducer, ...none(beside(all.filter((key) => key !== 'first' && !GROUP.includes(key)))) },
    { ...has('first'), ...none(beside(FIRST_KEYS)) },
    { anyOf: GROUP.map(has), ...none(beside(GROUP_KEYS)) },
  ];
  return {
    ...known,
    dependentRequired: { map: ['unmapped'], unmapped: ['map'], match: ['from'] },
    allOf: [{ properties: texts }, 'to' in own ? { anyOf: forms } : oneProducer],
  };
}
