import { outdatedSchemas } from '../../map/language/json-schemas.ts';
import { loadMappings } from '../../map/language/load-mappings.ts';
import { type Command, foldersOf, refuseFiles } from '../command.ts';
import { complain, print, printJson } from '../terminal.ts';

export const check: Command = {
  summary: 'static checks of every mapping',
  help: `Usage: skein map check [--dir FOLDER] [--json]

Loads every mapping: source paths, target elements, types, cardinality, ConceptMaps, conditions. Each
mistake is one line on stderr, file:line:column and what would be right; with --json they are on stdout,
too, as problems.

Examples:
  skein map check
  skein map check --dir ../our-mappings --json

Exit codes: 0 all load; 1 some do not, or there are none; 2 used wrongly.
`,
  run: async (files, flags) => {
    refuseFiles(files, 'all mappings of the folder are checked');
    const { names } = await loadMappings(foldersOf(flags));
    const outdated = flags.dir === undefined ? outdatedSchemas() : [];
    if (flags.json) printJson({ mappings: names, schema: outdated.length === 0 ? 'current' : 'outdated' });
    else print(`${names.length} mappings checked: ${names.join(', ')}\n`);
    for (const name of outdated) complain(`mappings/${name} is outdated: skein map schema`);
    if (names.length === 0) complain('skein: no folder in it has a mapping.yaml');
    return outdated.length === 0 && names.length > 0 ? 0 : 1;
  },
};
