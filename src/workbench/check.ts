import { readFileSync } from 'node:fs';
import { loadMappings } from '../map/load-mappings.ts';
import { mappingJsonSchema, SCHEMA_FILE } from '../map/mapping-file.ts';
import { type Command, folderOf } from './command.ts';
import { complain, print, printJson } from './terminal.ts';

export const check: Command = {
  summary: 'static checks of every mapping',
  help: `Usage: skein map check [--dir FOLDER] [--json]

Loads every mapping: source paths, target elements, types, cardinality, ConceptMaps, conditions. Each mistake is one line on stderr,
file:line:column and what would be right.

Examples:
  skein map check
  skein map check --dir ../our-mappings --json

Exit codes: 0 all load; 1 some do not; 2 used wrongly.
`,
  run: async (_, flags) => {
    const { names } = await loadMappings(folderOf(flags));
    const current = flags.dir !== undefined || readFileSync(SCHEMA_FILE, 'utf8') === mappingJsonSchema();
    if (flags.json) printJson({ mappings: names, schema: current ? 'current' : 'outdated' });
    else print(`${names.length} mappings checked: ${names.join(', ')}\n`);
    if (!current) complain('mappings/mapping.schema.json is outdated: skein map schema');
    return current ? 0 : 1;
  },
};
