import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAPPINGS_DIR } from '../../map/language/folders.ts';
import { compileSource } from '../../map/language/load-mappings.ts';
import { type MappingFiles, readMappings } from '../../map/language/read-mappings.ts';
import { isSound } from '../../pipeline/understand.ts';
import { type Command, type Flags, filesWith, foldersOf, readFiles, WrongUse } from '../command.ts';
import { shapesOf, typeOfValues } from '../draft/describe-values.ts';
import { type Draft, draft } from '../draft/draft.ts';
import { draftDialect } from '../draft/draft-dialect.ts';
import { rowsOf } from '../draft/draft-tables.ts';
import { readSamples, type Samples } from '../draft/samples.ts';
import { carriedFields } from '../draft/source-fields.ts';
import { accountFields } from '../prove/account-fields.ts';
import { runMapping } from '../run-mapping.ts';
import { columns, complain, print, printJson } from '../terminal.ts';

export const create: Command = {
  summary: 'a starting mapping from sample messages',
  options: ['extends'],
  help: `Usage: skein map new NAME SAMPLES… [--extends MAPPING] [--dir FOLDER] [--json]

Writes NAME/source.yaml and NAME/mapping.yaml for a sender never seen. The samples' format is found by
what they are: HL7 v2, CSV, JSON, tables of an extract, FHIR in JSON or XML; fields and their types by
what they hold. Of a standard format the rules are those of the shipped mapping that takes the samples;
of a sender's own, a field whose whole name is known (dob, NHS number, surname, postcode, ref) is
mapped. Every other is a to-do: named with its type, how often it is filled, and the form of its values
(9 a digit, Aa letters). No value is shown or written, nor are the samples kept: they may be of real
people. With --extends it is a dialect: the mapping of that name with what differs from it, to begin with
the fields that it does not know. Without --dir it is put into the first folder of MAPPINGS_DIR, where
that is set. A folder that has no JSON Schemas gets copies of those that ship.

Examples:
  skein map new childrens-centre samples/*.json
  skein map new leeds-adt a01.hl7 a08.hl7 a03.hl7 --extends hl7v2-adt --dir ../our-mappings
  skein map new hub-csv referrals.csv --json | jq '.todo[].field'

Exit codes: 0 written; 1 a sample cannot be read, or NAME is already there (it is left as it is); 2 used
wrongly. `,
  run: async ([name, ...files], flags) => {
    if (name === undefined || !/^[a-z][a-z0-9-]*$/.test(name) || ['fragments', 'concept-maps'].includes(name))
      throw new WrongUse('NAME is missing, or not like childrens-centre');
    if (files.length === 0) throw new WrongUse('SAMPLES are missing');
    const dir = folderFor(flags);
    if (existsSync(new URL(name, dir))) return fail(`${name} is already there: nothing was written`);
    const samples = readSamples(files);
    if (typeof samples === 'string') return fail(samples);
    const drafted = await begin(name, samples, dir, flags.extends);
    if (!drafted) return fail('no table has a column that names its rows (another value in each)');
    try {
      write(dir, name, drafted);
      const made = account(filesWith(await readFiles(flags), name), name, samples);
      const lines = describe(samples.kind, drafted, made);
      appendFileSync(new URL(`${name}/mapping.yaml`, dir), lines.map((line) => `# ${line}\n`).join(''));
      const files = [...(drafted.source ? [`${name}/source.yaml`] : []), `${name}/mapping.yaml`];
      const { from, restricted, told } = drafted;
      if (flags.json) printJson({ name, format: samples.kind, from, files, ...made, restricted, told });
      else print([...files.map((file) => `${file} written`), ...lines, ''].join('\n'));
    } catch (error) {
      // Removes the draft: a mapping that does not load stops every other from loading.
      rmSync(new URL(name, dir), { recursive: true, force: true });
      throw error;
    }
    const folder = flags.dir === undefined ? '' : ` --dir ${flags.dir}`;
    complain(`Next: write synthetic samples to ${name}/examples/CASE.in.EXT, then`);
    complain(`  skein map test --update${folder}`);
    complain(`  skein map coverage --mapping ${name}${folder} SAMPLES…`);
    return 0;
  },
};

function fail(text: string): number {
  complain(`skein: ${text}`);
  return 1;
}

/** Where a new mapping is put: `--dir`, else the first of MAPPINGS_DIR, else beside those that ship. */
function folderFor(flags: Flags): URL {
  const [first = MAPPINGS_DIR, own = first] = foldersOf(flags);
  return own;
}

/** Drafts a mapping of its own, or a dialect of `base`. */
async function begin(name: string, samples: Samples, dir: URL, base?: string): Promise<Draft | undefined> {
  const shipped = await readMappings(MAPPINGS_DIR, []);
  if (base === undefined) return draft(shipped, name, samples);
  const all = existsSync(dir) ? [shipped, await readMappings(dir, [])] : [shipped];
  const files = filesWith(all, base, '--extends');
  const format = files.sources.get(base)?.source.format;
  if (format !== samples.kind) throw new WrongUse(`${base} reads ${format}, the samples are ${samples.kind}`);
  return draftDialect(files, base, name, samples);
}

const SCHEMAS = ['mapping.schema.json', 'fragment.schema.json', 'source.schema.json'];

function write(dir: URL, name: string, { from, source, mapping, told }: Draft): void {
  const own = new URL(`${name}/`, dir);
  mkdirSync(own, { recursive: true });
  const copy = (place: string, to: URL) =>
    existsSync(new URL(place, MAPPINGS_DIR)) &&
    cpSync(new URL(place, MAPPINGS_DIR), to, { recursive: true, force: false });
  for (const schema of dir.href === MAPPINGS_DIR.href ? [] : SCHEMAS) copy(schema, new URL(schema, dir));
  if (source !== undefined) writeFileSync(new URL('source.yaml', own), source);
  writeFileSync(new URL('mapping.yaml', own), mapping);
  // A dialect has the maps and hooks of its base.
  if (told) return;
  if (from) copy(`${from}/maps`, new URL('maps', own));
  const hooks = new URL(`${from}/hooks.ts`, MAPPINGS_DIR);
  if (!existsSync(hooks)) return;
  const src = relative(fileURLToPath(own), fileURLToPath(new URL('../src', MAPPINGS_DIR)));
  writeFileSync(new URL('hooks.ts', own), readFileSync(hooks, 'utf8').replaceAll("'../../src/", `'${src}/`));
}

/** A field still to be mapped: `filled` of `of` messages or rows carry data in it. */
type Todo = { field: string; type: string; filled: number; of: number; shapes: string[] };
type Made = { mapped: string[]; todo: Todo[]; units: { accepted: number; total: number } };

/** Counts which fields of the samples the draft reads, and how many samples it accepts. */
function account(files: MappingFiles, name: string, { bodies, trees }: Samples): Made {
  const mapping = compileSource(files, name, []);
  const source = files.sources.get(name)?.source;
  if (!mapping || !source) throw new Error(`${name} was loaded, and is gone`);
  const results = bodies.flatMap((body) => runMapping(mapping, body));
  const fields = accountFields(files, name, { examples: [], samples: trees });
  const carried = trees.flatMap((tree) => [...carriedFields(source, tree)]);
  const values = Map.groupBy(carried, ([field]) => field);
  const todo = fields
    .filter(({ state }) => state === 'unread')
    .map(({ field, samples }) => {
      const all = values.get(field)?.flatMap(([, some]) => some) ?? [];
      const rows = source.format === 'tables' && rowsOf(field.split('.')[0] ?? '', trees);
      const [filled, of] = rows ? [all.length, rows.length] : [samples, trees.length];
      return { field, type: typeOfValues(all), filled, of, shapes: shapesOf(all) };
    });
  return {
    mapped: fields.flatMap(({ field, state, samples }) => (state === 'read' && samples > 0 ? field : [])),
    todo,
    units: { accepted: results.filter(isSound).length, total: results.length },
  };
}

/** A sender's name for a field on one line. */
const quoted = (field: string) => (/^[\w.-]+$/.test(field) ? field : JSON.stringify(field));
const listed = (fields: string[]) => fields.map(quoted).join(', ');

/** The summary that is printed and added as comments at the end of mapping.yaml. */
function describe(kind: string, { from, restricted, told }: Draft, { mapped, todo, units }: Made): string[] {
  const rows = todo.map(({ field, type, filled, of, shapes }) => [
    quoted(field),
    type,
    `${filled} of ${of}`,
    shapes.join(' | '),
  ]);
  const advice = told ? 'what is not said here is as there' : 'read each rule before it is used';
  const basis = told ? `--extends ${from}` : from ? `with the rules of ${from}` : 'by the names of fields';
  const accepted = `${units.accepted} of ${units.total} units of the samples would be accepted`;
  return [
    `Begun by skein map new ${basis}: ${advice}.`,
    `${kind}: ${accepted}; ${mapped.length} fields are mapped${from ? '' : `: ${listed(mapped)}`}`,
    ...(told?.map((cause) => `${from} says of them: ${cause}`) ?? []),
    ...(restricted.length > 0
      ? [`All is labelled restricted until rules say what these mean: ${listed(restricted)}`]
      : []),
    `To do, a rule for each or a line under ignored in source.yaml with the reason: ${todo.length} fields`,
    ...columns(rows).split('\n').filter(Boolean),
  ];
}
