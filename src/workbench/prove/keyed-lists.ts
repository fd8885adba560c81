/** Forms that list their answers (`fields: [{ key, value }]`): which of them the rules read, by key. */
import { askedCodes } from '../../map/compile/condition.ts';
import type { Rule, SourceTree } from '../../map/language/mapping-file.ts';
import type { SourceFiles } from '../../map/language/read-mappings.ts';

/** A list of which rules read the items with some `values` of `member`, and no others. */
export type Keyed = { list: string; member: string; values: Set<string> };

/** Those of a JSON source; `reads` are the paths that its rules ask for. A list that any rule reads whatever
 * its keys are is not among them. */
export function keyedLists({ source, data }: SourceFiles, reads: ReadonlySet<string>): Keyed[] {
  if (source.format !== 'json') return [];
  const lists = listsIn(source.fields);
  const found = new Map<string, Keyed>();
  const whole = new Set<string>();
  const add = (list: string, member: string, values: string[]) => {
    const known = found.get(list) ?? { list, member, values: new Set<string>() };
    if (known.member !== member) whole.add(list);
    for (const value of values) known.values.add(value);
    found.set(list, known);
  };
  for (const path of reads) {
    const [, list = '', member = '', value = ''] = /^([^[]*)\[(\w+)=([^\]]*)\]/.exec(path) ?? [];
    if (lists.has(list)) add(list, member, [value]);
  }
  for (const text of expressionsIn(data)) {
    for (const [, path = '', rest = ''] of text.matchAll(/([a-z]\w*(?:\.[a-z]\w*)*?)\.(where\([^)]*\))/gi)) {
      const list = [...lists.keys()].find((one) => one === path || one.endsWith(`.${path}`));
      const [, member = '', value = ''] = /^where\(\s*(\w+)\s*=\s*'([^']*)'\s*\)$/.exec(rest) ?? [];
      if (list && member) add(list, member, [value]);
      else if (list) whole.add(list);
    }
  }
  const walk = (rule: Rules, at: string): void => {
    const path = rule.each === undefined ? at : absolute(rule.each, at);
    const members = rule.each === undefined ? undefined : lists.get(path);
    if (members) {
      const asked = members.map((member) => ({ member, values: valuesOf(rule, member) }));
      const key = asked.find(({ values }) => values && values.length > 0);
      if (key?.values) add(path, key.member, key.values);
      else whole.add(path);
    }
    for (const inner of rule.rules ?? []) walk(inner, path);
  };
  for (const statement of data.statements) walk(statement, '');
  return [...found.values()].filter(({ list }) => !whole.has(list));
}

type Rules = { each?: string | undefined; when?: string | undefined; rules?: Rule[] | undefined };

const absolute = (path: string, at: string): string =>
  path.startsWith('/') ? path.slice(1) : [at, path === '.' ? '' : path].filter(Boolean).join('.');

/** The values of the member under which a rule, or else each rule inside it, reads; undefined where one of
 * them reads whatever the value is. */
function valuesOf({ when, rules = [] }: Rules, member: string): string[] | undefined {
  const own = when === undefined ? [] : askedCodes(when, member);
  if (own.length > 0) return own;
  const inner = rules
    .filter((rule) => rule.value === undefined)
    .map((rule) => valuesOf({ when: rule.when, rules: rule.rules ?? [] }, member));
  return inner.length === 0 || inner.some((values) => values === undefined)
    ? undefined
    : inner.flatMap((v) => v ?? []);
}

/** Lists of objects, with the names of their text members. */
function listsIn(tree: SourceTree, at = ''): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (typeof tree === 'string') return found;
  const inner = Array.isArray(tree) ? (tree[0] as SourceTree) : tree;
  if (typeof inner === 'string' || Array.isArray(inner)) return found;
  if (Array.isArray(tree))
    found.set(
      at,
      Object.keys(inner).filter((name) => inner[name] === 'text'),
    );
  for (const [name, part] of Object.entries(inner))
    for (const [list, members] of listsIn(part, at ? `${at}.${name}` : name)) found.set(list, members);
  return found;
}

const expressionsIn = (data: object): string[] =>
  [...JSON.stringify(data).matchAll(/"(?:expr":"|when":"fhirpath:)((?:[^"\\]|\\.)*)"/g)].map(
    ([, text = '']) => JSON.parse(`"${text}"`) as string,
  );

/** `data.fields[key=q_dob].value` by its list, key and rest. */
export function keyOf(field: string): { plain: string; item: string; value: string } | undefined {
  const [, list = '', member, value, rest = ''] = /^([^[]*)\[(\w+)=([^\]]*)\](.*)$/.exec(field) ?? [];
  return member === undefined || value === undefined
    ? undefined
    : { plain: list + rest, item: `${list}[${member}=${value}]`, value };
}
