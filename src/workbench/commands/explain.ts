import { translate } from '../../map/language/concept-map.ts';
import { compileSource } from '../../map/language/load-mappings.ts';
import type { Alternative, SourceFile } from '../../map/language/mapping-file.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import type { Json, Lineage } from '../../model.ts';
import type { Understood } from '../../pipeline/understand.ts';
import { type Command, filesWith, readFiles, readInput, runMessage } from '../command.ts';
import { fieldAt } from '../draft/source-fields.ts';
import { codeOf, readElement, readSource } from '../positions.ts';
import { accountFields, type Field } from '../prove/account-fields.ts';
import { type Place, watchRules } from '../prove/watch-rules.ts';
import { treesOf } from '../run-mapping.ts';
import { columns, complain, describeIssue, print, printJson } from '../terminal.ts';

/** One element explained: its source, its rule, and for a translated code the source code and ConceptMap. */
type Explained = Lineage & { translation?: { from: string; to: string; map: string; known: boolean } };

export const explain: Command = {
  summary: 'what each field became, by which rule, and what was not kept',
  options: ['mapping', 'dialect'],
  help: `Usage: skein map explain --mapping NAME [--dialect DIALECT] [--dir FOLDER] [--json] FILE [PATH]

Where each element of the resources comes from: its source position, the rule (file:line) and, for a
translated code, what it was and by which ConceptMap. Then the fields that carry data and became
nothing, with the reason where source.yaml gives one. PATH narrows both, by target element or, the other
way round, by source field. FILE may be - for standard input.

Examples:
  skein map explain --mapping hl7v2-adt message.hl7
  skein map explain --mapping hl7v2-adt message.hl7 Patient.birthDate
  skein map explain --mapping hl7v2-adt message.hl7 PID-5

Exit codes: 0 something was explained; 1 nothing matches, or nothing came of it; 2 used wrongly.
`,
  run: async ([file, path], flags) => {
    const { mapping: name = '' } = flags;
    const files = filesWith(await readFiles(flags), name);
    const watched = watchRules(files, name);
    const mapping = compileSource(watched.files, name, []);
    if (!mapping) throw new Error(`${name} was loaded, and is gone`);
    const body = readInput(file);
    const trees = treesOf(mapping, body);
    const results = runMessage(mapping, body, flags);
    const elements = results.flatMap((result, index) =>
      explainUnit({ files, name, placeOf: watched.placeOf }, result, trees[index] ?? trees[0] ?? null).filter(
        (line) => !path || matches(line, { path, source: files.sources.get(name)?.source }, result),
      ),
    );
    const fields = accountFields(files, name, { examples: trees, samples: [] }).filter(
      ({ state, examples, field }) => state !== 'read' && examples > 0 && (!path || isPart(field, path)),
    );
    if (flags.json)
      printJson({
        elements,
        notKept: fields.map(({ field, reason }) => ({ field, ...(reason !== undefined && { reason }) })),
      });
    else print(columns(elements.map(describe)) + fields.map(describeField).join(''));
    const told = elements.length + fields.length > 0;
    for (const { issues } of told ? [] : results) for (const issue of issues) complain(describeIssue(issue));
    if (!told && path && results.some(({ record }) => record))
      complain(`skein: nothing of it is called ${path}`);
    return told ? 0 : 1;
  },
};

type Known = { files: MappingFiles; name: string; placeOf: (rule: string) => Place | undefined };

function explainUnit({ files, name, placeOf }: Known, { record }: Understood, tree: Json): Explained[] {
  return (record?.lineage ?? []).map(({ element, source, rule }) => {
    const place = placeOf(rule);
    const found = place && ruleAt(files, place);
    if (!found) return { element, source, rule };
    const at = { element, source, rule: found.at };
    if (found.rule.map === undefined) return at;
    const statement = record?.statements.find(({ local }) => element.startsWith(`${local}.`));
    const to = codeOf(
      statement &&
        readElement(statement.resource as unknown as Json, element.slice(statement.local.length + 1)),
    );
    const from = codeOf(readSource(tree, source));
    if (from === undefined || to === undefined) return at;
    const { map } = found.rule;
    const table = files.sources.get(name)?.maps.get(map) ?? files.maps.get(map);
    return {
      ...at,
      translation: { from, to, map, known: table !== undefined && translate(table, from) !== undefined },
    };
  });
}

/** The rule or alternative at a place, and its file:line. */
function ruleAt(
  files: MappingFiles,
  { file, path }: Place,
): { rule: Partial<Alternative>; at: string } | undefined {
  const known = [...files.sources.values(), ...files.fragments.values()].find(
    (one) => one.file.name === file,
  );
  if (!known) return undefined;
  let rule: unknown = known.data;
  for (const step of path) rule = (rule as Record<PropertyKey, unknown> | undefined)?.[step];
  const { file: said, line } = known.file.where(path);
  return { rule: typeof rule === 'object' && rule ? rule : {}, at: `${said}:${line}` };
}

type Asked = { path: string; source: SourceFile | undefined };

/** True where an element is asked for by its path (`patient.name`, `Patient.name`, `name`) or by its source
 * field, as a place or as rules name it; any repetition matches. */
function matches({ element, source: at }: Lineage, { path, source }: Asked, { record }: Understood): boolean {
  const types = record?.statements.filter(({ local }) => element.startsWith(`${local}.`)) ?? [];
  const typed = types.map(({ local, resource }) => element.replace(local, resource.resourceType));
  const names = [element, ...typed, at, ...(source ? fieldAt(source, at) : [])];
  return names.some((name) => isPart(name.replace(/\[\d+\]/g, ''), path) || isPart(name, path));
}

/** True where `name` contains `path` as a whole: PID-5 is in PID-5.1, not in PID-50. */
function isPart(name: string, path: string): boolean {
  const at = name.indexOf(path);
  return at >= 0 && !/[\w-]/.test(name[at - 1] ?? '') && !/\w/.test(name[at + path.length] ?? '');
}

function describe({ element, source, rule, translation }: Explained): string[] {
  const { from, to, map, known } = translation ?? {};
  const told = known ? `${from} -> ${to} by ${map}` : `${to}: "${from}" is not in ${map}`;
  return [element, source, `(${rule})`, translation ? told : ''];
}

function describeField({ field, reason }: Field): string {
  return `${field}  not kept: ${reason ?? 'no rule reads it'}\n`;
}
