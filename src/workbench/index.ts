/** The workbench: mappings checked, proven by their examples, run and explained; no store, no network. Data on stdout, messages on stderr. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadMappings, type Mapping, type Mappings } from '../map/load-mappings.ts';
import { mappingJsonSchema, SCHEMA_FILE } from '../map/mapping-file.ts';
import { MappingError } from '../map/yaml-file.ts';
import type { Issue, Json } from '../model.ts';
import { isSound, type Understood } from '../understand.ts';
import { checkStructure } from '../validate/check-structure.ts';
import { listExamples, testExample, updateExample } from './examples.ts';
import { runMapping } from './run-mapping.ts';

const HELP = `Usage: skein map COMMAND | skein validate FILE   [--json]

  map check                            static checks of every mapping
  map test [--update]                  every example pair; --update writes what the mappings say now
  map run --mapping NAME FILE          resources on stdout, issues on stderr  [--dialect DIALECT]
  map explain --mapping NAME FILE [PATH]
                                       each target element with its source and rule; PATH names either
  map schema                           writes mappings/mapping.schema.json
  validate FILE                        base R4 validation of one resource: OperationOutcome on stdout

Examples:
  skein map test
  skein map run --mapping hl7v2-adt message.hl7
  skein map explain --mapping hl7v2-adt message.hl7 PID-5

FILE may be - for standard input.
Exit codes: 0 all is well; 1 something is wrong with a mapping, an example or the input; 2 used wrongly.
`;

const OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  update: { type: 'boolean' },
  mapping: { type: 'string' },
  dialect: { type: 'string' },
} as const;

type Flags = { json?: boolean; update?: boolean; mapping?: string; dialect?: string };
type Command = (rest: string[], flags: Flags) => Promise<number>;

class WrongUse extends Error {}

/** Runs `map …` or `validate …` and gives the exit code. */
export async function runWorkbench(args: string[]): Promise<number> {
  try {
    const { values, positionals } = readArgs(args);
    const [first = '', ...rest] = positionals;
    const name = first === 'map' ? `map ${rest.shift() ?? ''}` : first;
    if (values.help || name === 'map ') return print(HELP, 0);
    const command = COMMANDS[name];
    if (!command) throw new WrongUse(`there is no command "${name}"`);
    return await command(rest, values);
  } catch (error) {
    if (error instanceof MappingError) return complain(`${error.message}\n`, 1);
    if (error instanceof WrongUse) return complain(`skein: ${error.message}\nTry skein map --help.\n`, 2);
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return complain(`skein: ${error.message}\n`, 2);
    throw error;
  }
}

function readArgs(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw new WrongUse(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const COMMANDS: Record<string, Command> = {
  'map check': async (_, { json }) => {
    const mappings = await loadMappings();
    const current = readFileSync(SCHEMA_FILE, 'utf8') === mappingJsonSchema();
    if (json) printJson({ mappings: mappings.names, schema: current ? 'current' : 'outdated' });
    else print(`${mappings.names.length} mappings checked: ${mappings.names.join(', ')}\n`, 0);
    return current ? 0 : complain('mappings/mapping.schema.json is outdated: skein map schema\n', 1);
  },
  'map schema': async () => {
    writeFileSync(SCHEMA_FILE, mappingJsonSchema());
    return 0;
  },
  'map test': async (_, flags) => testAll(await loadMappings(), flags),
  'map run': async ([file], flags) => {
    const results = runOne(await chooseMapping(flags), file, flags);
    if (flags.json) printJson(results);
    else printJson(results.flatMap(({ record }) => record?.statements.map(({ resource }) => resource) ?? []));
    for (const { issues } of flags.json ? [] : results) for (const issue of issues) complain(`${describe(issue)}\n`, 1);
    return results.every(isSound) ? 0 : 1;
  },
  'map explain': async ([file, path], flags) => {
    const lines = runOne(await chooseMapping(flags), file, flags).flatMap(({ record }) => record?.lineage ?? []);
    const chosen =
      path === undefined
        ? lines
        : lines.filter(({ element, source }) => element.includes(path) || source.includes(path));
    if (flags.json) return printJson(chosen);
    const width = Math.max(0, ...chosen.map(({ element }) => element.length));
    return print(
      chosen.map(({ element, source, rule }) => `${element.padEnd(width)}  ${source}  (${rule})\n`).join(''),
      chosen.length > 0 ? 0 : 1,
    );
  },
  validate: async ([file]) => {
    const issues = validateText(read(file).toString('utf8'));
    const issue =
      issues.length > 0 ? issues : [{ severity: 'information', code: 'informational', diagnostics: 'All OK' }];
    printJson({ resourceType: 'OperationOutcome', issue });
    return issues.length > 0 ? 1 : 0;
  },
};

function testAll(mappings: Mappings, { update, json }: Flags): number {
  const examples = listExamples(mappings);
  if (update) for (const example of examples) updateExample(mappings, example);
  const verdicts = examples.map((example) => testExample(mappings, example));
  const failed = verdicts.filter(({ passed }) => !passed);
  if (json)
    printJson(
      verdicts.map(({ source, name, passed, difference }) => ({
        source,
        name,
        passed,
        ...(difference && { difference }),
      })),
    );
  else print(`${verdicts.length - failed.length} of ${verdicts.length} examples pass\n`, 0);
  for (const { source, name, difference } of json ? [] : failed) complain(`${source}/${name}: ${difference}\n`, 1);
  return failed.length > 0 ? 1 : 0;
}

async function chooseMapping({ mapping: name }: Flags): Promise<Mapping> {
  const mappings = await loadMappings();
  const mapping = name === undefined ? undefined : mappings.get(name);
  if (!mapping) throw new WrongUse(`--mapping is one of ${mappings.names.join(', ')}`);
  return mapping;
}

function runOne(mapping: Mapping, file: string | undefined, { dialect }: Flags): Understood[] {
  if (dialect !== undefined && !mapping.dialects.has(dialect))
    throw new WrongUse(`${mapping.name} has no dialect "${dialect}"`);
  return runMapping(mapping, read(file), dialect ?? null);
}

function read(file: string | undefined): Buffer {
  if (file === undefined) throw new WrongUse('FILE is missing');
  return readFileSync(file === '-' ? 0 : file);
}

function validateText(text: string) {
  try {
    const resource = JSON.parse(text) as { [name: string]: Json };
    return checkStructure(resource).map(({ code, expression, text: what }) => ({
      ...{ severity: 'error', code, diagnostics: `${expression} ${what}`, expression: [expression] },
    }));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [{ severity: 'error', code: 'structure', diagnostics: 'this is not JSON' }];
  }
}

function describe({ severity, code, field, text }: Issue): string {
  return `${severity} ${code}: ${field && !text.includes(field) ? `${field}: ` : ''}${text}`;
}

function print(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}

const printJson = (data: unknown) => print(`${JSON.stringify(data, null, 2)}\n`, 0);

function complain(text: string, code: number): number {
  process.stderr.write(text);
  return code;
}
