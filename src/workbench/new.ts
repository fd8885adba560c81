import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Rejected } from '../errors.ts';
import { loadMappings } from '../map/load-mappings.ts';
import { MAPPINGS_DIR, readMappings } from '../map/read-mappings.ts';
import { type Command, folderOf, nameOf, readInput, WrongUse } from './command.ts';
import { type Drafted, draft, type Todo } from './draft.ts';
import type { Samples } from './draft-parts.ts';
import { kindOf } from './draft-source.ts';
import { readUnits } from './run-mapping.ts';
import { columns, complain, paint, print, printJson } from './terminal.ts';

export const create: Command = {
  summary: 'a starting mapping from sample messages',
  help: `Usage: skein map new NAME SAMPLES… [--dir FOLDER] [--json]

Writes NAME/source.yaml and NAME/mapping.yaml for a sender never seen. The samples' format is found by what they are: HL7 v2, CSV, JSON,
tables of an extract, FHIR in JSON or XML; fields and their types by what they hold. Of a standard format the rules are those of the
shipped mapping that takes the samples; of a sender's own, a field whose whole name is known (dob, NHS number, surname, postcode, ref)
is mapped. Every other is a to-do: named with its type, how often it is filled, and the form of its values (9 a digit, Aa letters). No
value is shown or written, nor are the samples kept: they may be of real people.
A --dir that has no fragments, ConceptMaps or JSON Schemas gets copies of those that ship.

Examples:
  skein map new childrens-centre samples/*.json
  skein map new leeds-adt a01.hl7 a08.hl7 a03.hl7 --dir ../our-mappings
  skein map new hub-csv referrals.csv --json | jq '.todo[].field'

Exit codes: 0 written; 1 a sample cannot be read, or NAME is already there (it is left as it is); 2 used wrongly.
`,
  run: async ([name, ...files], flags) => {
    if (name === undefined || !/^[a-z][a-z0-9-]*$/.test(name) || ['fragments', 'concept-maps'].includes(name))
      throw new WrongUse('NAME is missing, or not like childrens-centre');
    if (files.length === 0) throw new WrongUse('SAMPLES are missing');
    const dir = folderOf(flags);
    if (existsSync(new URL(name, dir))) return refuse(`${name} is already there: nothing was written`);
    const samples = readSamples(files);
    if (typeof samples === 'string') return refuse(samples);
    const drafted = draft(await readMappings(MAPPINGS_DIR, []), name, samples);
    if (!drafted) return refuse('no table has a column that names its rows (another value in each)');
    const written = write(dir, name, drafted);
    await loadMappings(dir);
    report(name, samples, { drafted, written, json: flags.json === true, dir: flags.dir });
    return 0;
  },
};

function refuse(text: string): number {
  complain(`skein: ${text}`);
  return 1;
}

/** What is wrong with a sample is a text. */
function readSamples(files: string[]): Samples | string {
  const bodies = files.map(readInput);
  const [kind, other] = [...new Set(bodies.map(kindOf))];
  if (!kind || other) return `the samples are of several formats: ${kind} and ${other}`;
  const trees: Samples['trees'] = [];
  for (const [index, body] of bodies.entries()) {
    const file = nameOf(files[index] ?? '');
    try {
      for (const { position, tree, error } of readUnits({ kind, name: '' }, body)) {
        if (error) complain(`${file}, ${position}: ${error.text}; it is left out`);
        else trees.push(tree);
      }
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      return `${file}: ${error.issues.map(({ text }) => text).join('; ')}`;
    }
  }
  return trees.length > 0 ? { kind, bodies, trees } : 'nothing in the samples can be read';
}

/** The paths written, of NAME alone. */
function write(dir: URL, name: string, { from, source, mapping, todo, restricted }: Drafted): string[] {
  mkdirSync(new URL(`${name}/`, dir), { recursive: true });
  for (const shared of dir.href === MAPPINGS_DIR.href ? [] : SHARED)
    cpSync(new URL(shared, MAPPINGS_DIR), new URL(shared, dir), { recursive: true, force: false });
  const files: Record<string, string> = {
    'source.yaml': source,
    'mapping.yaml': [
      mapping,
      `# Begun by skein map new${from ? ` with the rules of ${from}` : ' by the names of fields'}: read each rule before it is used.\n`,
      ...(restricted.length > 0
        ? [`# All is labelled restricted until rules say what these mean: ${restricted.map(quoted).join(', ')}.\n`]
        : []),
      ...(todo.length > 0
        ? ['# To do, a rule for each or a line under ignored in source.yaml with the reason:\n']
        : []),
      ...todoLines(todo).map((line) => `# ${line}\n`),
    ].join(''),
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(new URL(`${name}/${file}`, dir), text);
  const base = from === undefined ? undefined : new URL(`${from}/`, MAPPINGS_DIR);
  if (base && existsSync(new URL('maps', base)))
    cpSync(new URL('maps', base), new URL(`${name}/maps`, dir), { recursive: true });
  if (base && existsSync(new URL('hooks.ts', base))) {
    const src = relative(fileURLToPath(new URL(`${name}/`, dir)), fileURLToPath(new URL('../src', MAPPINGS_DIR)));
    const text = readFileSync(new URL('hooks.ts', base), 'utf8').replaceAll("'../../src/", `'${src}/`);
    writeFileSync(new URL(`${name}/hooks.ts`, dir), text);
  }
  return Object.keys(files).map((file) => `${name}/${file}`);
}

const SHARED = ['fragments', 'concept-maps', 'mapping.schema.json', 'fragment.schema.json', 'source.schema.json'];
/** A sender's name for a field on one line. */
const quoted = (field: string) => (/^[\w.-]+$/.test(field) ? field : JSON.stringify(field));
const describeTodo = ({ field, type, filled, of, shapes }: Todo): string[] => [
  ...[quoted(field), type, `${filled} of ${of}`, shapes.join(' | ')],
];

const todoLines = (todo: Todo[]) => columns(todo.map(describeTodo)).split('\n').filter(Boolean);

type Told = { drafted: Drafted; written: string[]; json: boolean; dir: string | undefined };

function report(name: string, { kind }: Samples, { drafted, written, json, dir }: Told): void {
  const { from, mapped, todo, restricted, units } = drafted;
  if (json) printJson({ name, format: kind, ...(from && { from }), files: written, mapped, todo, restricted, units });
  else
    print(
      [
        ...written.map((file) => `${file} written\n`),
        `${kind}${from ? `, the rules of ${from}` : ''}; ${units.accepted} of ${units.total} units of the samples would be accepted\n`,
        `mapped   ${mapped.length} fields${from ? '' : `: ${mapped.map(quoted).join(', ')}`}\n`,
        ...(restricted.length > 0
          ? [`labelled restricted: ${restricted.map(quoted).join(', ')} may ask for it\n`]
          : []),
        `to do    ${todo.length} fields\n`,
        ...todoLines(todo).map((line) => `  ${paint('stdout', 'dim', line)}\n`),
      ].join(''),
    );
  const folder = dir === undefined ? '' : ` --dir ${dir}`;
  complain(
    `Next: write synthetic samples to ${name}/examples/CASE.in.EXT, then\n  skein map test --update${folder}\n  skein map coverage --mapping ${name}${folder} SAMPLES…`,
  );
}
