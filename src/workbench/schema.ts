import { writeFileSync } from 'node:fs';
import { mappingJsonSchema, SCHEMA_FILE } from '../map/mapping-file.ts';
import type { Command } from './command.ts';
import { print, printJson } from './terminal.ts';

export const schema: Command = {
  summary: 'writes mappings/mapping.schema.json',
  help: `Usage: skein map schema [--json]

Writes the JSON Schema that editors complete and check mappings by; with --json it is written to stdout instead.

Examples:
  skein map schema

Exit codes: 0 written; 2 used wrongly.
`,
  run: async (_, { json }) => {
    if (json) printJson(JSON.parse(mappingJsonSchema()));
    else {
      writeFileSync(SCHEMA_FILE, mappingJsonSchema());
      print('mappings/mapping.schema.json written\n');
    }
    return 0;
  },
};
