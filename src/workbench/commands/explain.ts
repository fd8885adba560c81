import type { SourceFile } from '../../map/language/mapping-file.ts';
import type { Lineage } from '../../model.ts';
import type { Understood } from '../../pipeline/understand.ts';
import { type Command, filesWith, readFiles, readInput, refuseDialect } from '../command.ts';
import { fieldAt } from '../draft/source-fields.ts';
import { type Explained, explainMessage } from '../explain.ts';
import type { Field } from '../prove/account-fields.ts';
import { columns, complain, describeIssue, print, printJson } from '../terminal.ts';

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
    const { mapping: name = '', dialect } = flags;
    const files = filesWith(await readFiles(flags), name);
    refuseDialect(files, name, dialect);
    const { units, fields: all } = explainMessage(files, name, {
      body: readInput(file),
      dialect: dialect ?? null,
    });
    const source = files.sources.get(name)?.source;
    const elements = units.flatMap(({ result, elements }) =>
      elements.filter((line) => !path || matches(line, { path, source }, result)),
    );
    const fields = all.filter(
      ({ state, examples, field }) => state !== 'read' && examples > 0 && (!path || isPart(field, path)),
    );
    if (flags.json)
      printJson({
        elements,
        notKept: fields.map(({ field, reason }) => ({ field, ...(reason !== undefined && { reason }) })),
      });
    else print(columns(elements.map(describe)) + fields.map(describeField).join(''));
    const told = elements.length + fields.length > 0;
    for (const { result } of told ? [] : units)
      for (const issue of result.issues) complain(describeIssue(issue));
    if (!told && path && units.some(({ result }) => result.record))
      complain(`skein: nothing of it is called ${path}`);
    return told ? 0 : 1;
  },
};

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
