/** A starting mapping for samples of a sender never seen: the shipped one that takes them, else rules for what is known by name. */
import { readFileSync } from 'node:fs';
import { Document, isScalar, parseDocument, visit } from 'yaml';
import { compileSource } from '../map/load-mappings.ts';
import { MappingFile, SourceFile } from '../map/mapping-file.ts';
import { MAPPINGS_DIR, type MappingFiles } from '../map/read-mappings.ts';
import { isObject } from '../map/run.ts';
import { MappingError, type Problem, parseAs, readYaml } from '../map/yaml-file.ts';
import type { Json } from '../model.ts';
import { isSound } from '../understand.ts';
import { accountFields, type Field } from './account-fields.ts';
import { shapesOf, typeOfValues } from './describe-values.ts';
import { baseOf, draftParts, type Parts, type Samples, valuesOf } from './draft-parts.ts';
import { type Addition, newFields } from './draft-source.ts';
import { runMapping } from './run-mapping.ts';

/** `filled` of `of` messages or rows carry data in it. */
export type Todo = { field: string; type: string; filled: number; of: number; shapes: string[] };
export type Drafted = {
  /** The mapping that ships whose rules these are. */
  from?: string;
  /** Text of source.yaml and mapping.yaml. */
  source: string;
  mapping: string;
  mapped: string[];
  todo: Todo[];
  /** Fields for whose sake all is labelled restricted. */
  restricted: string[];
  units: { accepted: number; total: number };
};

/** Undefined where tables have no column that names their rows. */
export function draft(files: MappingFiles, name: string, samples: Samples): Drafted | undefined {
  const { bodies, trees } = samples;
  const from = baseOf(files, samples);
  const texts = from ? copyTexts(from, name) : writeTexts(name, draftParts(files, name, samples));
  if (!texts) return undefined;
  const described = [...files.sources.values()].map(({ source }) => source);
  const { source: known } = withDraft(files, { ...texts, name, from });
  const source = addAll(texts.source, newFields(known, described, trees));
  const drafted = withDraft(files, { ...texts, source, name, from });
  const fields = accountFields(drafted.files, name, { examples: [], samples: trees });
  const results = bodies.flatMap((body) => runMapping(drafted.mapping, body));
  const unread = fields.filter(({ state }) => state === 'unread');
  return {
    ...(from && { from }),
    ...{ source, mapping: texts.mapping, restricted: texts.restricted },
    mapped: fields.flatMap(({ field, state, samples: count }) => (state === 'read' && count > 0 ? field : [])),
    todo: describeTodo(unread, drafted.source, trees),
    units: { accepted: results.filter(isSound).length, total: results.length },
  };
}

type Texts = { source: string; mapping: string; restricted: string[] };

const HEAD = (file: string) => `# yaml-language-server: $schema=../${file}.schema.json\n`;

function writeTexts(name: string, parts: Parts | undefined): Texts | undefined {
  if (!parts) return undefined;
  const mapping = writeYaml(
    new Document({ name, version: '0.1.0', ...parts.mapping }, { aliasDuplicateObjects: false }),
  );
  const source = writeYaml(new Document(parts.source));
  return { source: HEAD('source') + source, mapping: HEAD('mapping') + mapping, restricted: parts.restricted ?? [] };
}

/** The files of a shipped mapping under another name. */
function copyTexts(from: string, name: string): Texts {
  const read = (file: string) => readFileSync(new URL(`${from}/${file}.yaml`, MAPPINGS_DIR), 'utf8');
  const mapping = read('mapping')
    .replace(/^name: .*$/m, `name: ${name}`)
    .replace(/^version: .*$/m, 'version: 0.1.0');
  return { source: read('source'), mapping, restricted: [] };
}

function addAll(text: string, additions: Addition[]): string {
  if (additions.length === 0) return text;
  const document = parseDocument(text);
  for (const { place, value } of additions) {
    const holder = place.slice(0, -1);
    if (!document.hasIn(holder)) document.setIn(holder, document.createNode({}));
    document.setIn(place, document.createNode(value));
  }
  return document.toString({ lineWidth: 0 });
}

function describeTodo(fields: Field[], source: SourceFile, trees: Json[]): Todo[] {
  const carried = valuesOf(source, trees);
  return fields.map(({ field, samples }) => {
    const values = carried.get(field) ?? [];
    const rows = source.format === 'tables' ? countRows(trees, field) : trees.length;
    const filled = source.format === 'tables' ? values.length : samples;
    return { field, type: typeOfValues(values), filled, of: rows, shapes: shapesOf(values) };
  });
}

function countRows(trees: Json[], field: string): number {
  const [table = ''] = field.split('.');
  return trees.reduce<number>((sum, tree) => {
    const rows = isObject(tree) ? tree[table] : undefined;
    return sum + (Array.isArray(rows) ? rows.length : 0);
  }, 0);
}

type Maker = Pick<Texts, 'source' | 'mapping'> & { name: string; from: string | undefined };

/** The files with the draft among them, as if it had been read. Throws MappingError where it does not load. */
function withDraft(files: MappingFiles, { name, from, ...texts }: Maker) {
  const problems: Problem[] = [];
  const read = (file: keyof typeof texts) =>
    readYaml(new URL(`file:///${file}`), `${name}/${file}.yaml`, () => texts[file]);
  const [file, sourceFile] = [read('mapping'), read('source')];
  const [data, source] = [parseAs(file, MappingFile, problems), parseAs(sourceFile, SourceFile, problems)];
  if (!data || !source) throw new MappingError(problems);
  const { maps, hooks } = files.sources.get(from ?? '') ?? { maps: new Map(), hooks: {} };
  const all = { ...files, sources: new Map(files.sources).set(name, { file, sourceFile, data, source, maps, hooks }) };
  const mapping = compileSource(all, name, problems);
  if (!mapping || problems.length > 0) throw new MappingError(problems);
  return { files: all, source, mapping };
}

/** Short maps and lists on one line, as a person writes them. */
function writeYaml(document: Document): string {
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && /^\d+$/.test(String(key.value))) key.value = Number(key.value);
    },
    Collection: (_, node, path) => {
      if (path.length > 2 && JSON.stringify(node).length < 110) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}
