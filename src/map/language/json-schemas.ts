/**
 * JSON Schemas of the mapping language, generated from its zod schemas: what editors complete and check by.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
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
    text: `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`,
  }));
}

/** Names of schema files whose text is out of date. */
export function outdatedSchemas(): string[] {
  return jsonSchemas()
    .filter(({ file, text }) => readFileSync(file, 'utf8') !== text)
    .map(({ name }) => name);
}
