/** Lists the fields of a source that its mapping's rules read. Every kind of path gives the same form of
 * name: `PID-5.2`, `person.givenName`, `Patient.name.family`. */
import type { SourceFile } from '../language/mapping-file.ts';
import type { Problem, YamlFile } from '../language/yaml-file.ts';
import type { Scope, SourceFormat } from '../run.ts';

type Kind = SourceFile['format'];
/** Wraps a source format so that a caller sees which paths are asked for. */
export type Wrap = (format: SourceFormat) => SourceFormat;

/** Collects the fields that a compile asks for. */
export function noteReads(kind: Kind): { wrap: Wrap; reads: Set<string> } {
  const reads = new Set<string>();
  const bases = new WeakMap<Scope, string>();
  const wrap: Wrap = (format) => ({
    ...format,
    path: (text, scope) => {
      const reader = format.path(text, scope);
      for (const field of fieldsOf(kind, text, kind === 'tables' ? scope.type : (bases.get(scope) ?? '')))
        reads.add(field);
      return reader;
    },
    each: (text, scope) => {
      const expander = format.each(text, scope);
      const fields = fieldsOf(kind, text, bases.get(scope) ?? '');
      bases.set(expander.scope, fields.pop() ?? '');
      for (const field of fields) reads.add(field);
      return expander;
    },
  });
  return { wrap, reads };
}

/** The fields that a path reads: the one it ends at, and the references it follows on the way. */
function fieldsOf(kind: Kind, text: string, base: string): string[] {
  if (kind === 'hl7v2') return [hl7Field(text, base)];
  if (kind === 'fhir' || kind === 'xml') return fhirFields(text, base);
  if (kind === 'csv') return [text === '.' ? base : text];
  if (kind === 'tables') return [text.includes('.') ? text : `${base}.${text}`];
  const [, list, member] = /^\/?([^[]*)\[(\w+)=/.exec(text) ?? [];
  if (list)
    return [
      ...jsonFields(`${text.startsWith('/') ? '/' : ''}${list}.${member}`, base),
      ...jsonFields(text, base),
    ];
  return jsonFields(text, base);
}

function jsonFields(text: string, base: string): string[] {
  if (text.startsWith('/')) return [text.slice(1)];
  return [[base, text === '.' ? '' : text].filter(Boolean).join('.')];
}

/**
 * `XPN.2` inside `each: 'PID-5[*]'` is PID-5.2; of `DG1 > DG1-3` the last is read; `PRD[1=RT]-10` is PRD-10.
 */
function hl7Field(text: string, base: string): string {
  const last = text.split(' > ').at(-1) ?? '';
  return canonical(last.replace(/\[.*?\]/, '').replace(/^[A-Z]{2,3}(?=\.)/, base));
}

function fhirFields(text: string, base: string): string[] {
  const [, entry] = /^entry\[(\*|\w+)\]$/.exec(text) ?? [];
  if (entry) return [entry];
  // `identifier[system=URL].value` reads the system as well as the value.
  const [, before, part, after] = /^(.*?)\[(\w+)=[^\]]*\](.*)$/.exec(text) ?? [];
  if (part) return [...fhirFields(`${before}.${part}`, base), ...fhirFields(`${before}${after}`, base)];
  const [, inner, type = '', rest] = /^(.*)\.resolve\((\w+)\)(?:\.(.+))?$/.exec(text) ?? [];
  if (inner) return [...fhirFields(inner, base), rest ? `${type}.${rest}` : type];
  if (text.startsWith('%')) return [''];
  return [/^[A-Z]/.test(text) ? text : `${base}.${text}`];
}

/** `PID-7.1` and `PID-7` are one field: a field with one component is that component. */
export const canonical = (name: string): string => name.replace(/(\.1)+$/, '');

/** Notes a field that the source lists as ignored, itself or by what contains it, and that a rule reads all
 * the same: one of the two is a mistake. A dialect may read what its `base` ignores. */
export function checkIgnored(
  { ignored }: SourceFile,
  file: YamlFile,
  reads: ReadonlySet<string>,
  base?: SourceFile,
): Problem[] {
  const own = Object.keys(ignored).filter((name) => ignored[name] !== base?.ignored[name]);
  return own.flatMap((name) => {
    // `PID`, `PID-5` and `PID-5.1`, or `Patient` and `Patient.name`.
    const read = [...reads].find(
      (field) => field === name || /^[.-]/.test(field.startsWith(name) ? field.slice(name.length) : ''),
    );
    return read
      ? [{ ...file.where(['ignored', name]), message: `is ignored, and a rule reads ${read}` }]
      : [];
  });
}
