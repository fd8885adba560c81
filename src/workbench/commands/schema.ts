import { writeFileSync } from 'node:fs';
import { jsonSchemas } from '../../map/language/json-schemas.ts';
import { type Command, refuseFiles } from '../command.ts';
import { print, printJson } from '../terminal.ts';

export const schema: Command = {
  summary: 'writes mappings/*.schema.json',
  help: `Usage: skein map schema [--json]

Writes the JSON Schemas that editors complete and check mappings, fragments and sources by; with --json
they are written to stdout instead, by file name.

Examples:
  skein map schema
  skein map schema --json | jq '."source.schema.json"'

Exit codes: 0 written; 2 used wrongly.
`,
  run: async (files, { json }) => {
    refuseFiles(files, 'schemas are written of the whole language');
    const schemas = jsonSchemas();
    if (json) printJson(Object.fromEntries(schemas.map(({ name, text }) => [name, JSON.parse(text)])));
    for (const { name, file, text } of json ? [] : schemas) {
      writeFileSync(file, text);
      print(`mappings/${name} written\n`);
    }
    return 0;
  },
};
