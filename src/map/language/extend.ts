/** A dialect joined with the mapping that it extends: one mapping, of which each part knows its file. */
import { isObject } from '../../formats/tree.ts';
import { suggest } from '../run.ts';
import type { DialectFile, DialectStatement } from './dialect-file.ts';
import type { Fragment } from './loader.ts';
import type { MappingFile, Rule, Statement } from './mapping-file.ts';
import type { Path, Problem, YamlFile } from './yaml-file.ts';

type Origin = { file: YamlFile; path: Path };
/** `differs`: true for what the dialect says itself. */
export type Extended = { data: MappingFile; file: YamlFile; differs: (path: Path) => boolean };

type Given = {
  base: { file: YamlFile; data: MappingFile };
  file: YamlFile;
  data: DialectFile;
  fragments: ReadonlyMap<string, Fragment>;
  problems: Problem[];
};

/** Joins them; what the dialect names of the base that is not there is added to `problems`. */
export function extendMapping(given: Given): Extended {
  const { base, file, data, problems } = given;
  const origins = new Map<string, Origin>();
  const put = (path: Path, origin: Origin) => origins.set(keyOf(path), origin);
  const own = { ...present(file, data), extends: undefined, drop: undefined };
  for (const key of Object.keys(base.data)) if (!(key in own)) put([key], { file: base.file, path: [key] });
  for (const dialect of Object.keys(base.data.dialects))
    if (!data.dialects?.[dialect])
      put(['dialects', dialect], { file: base.file, path: ['dialects', dialect] });
  const dropped = new Set(data.drop);
  const checks = [
    ...kept(base.data.checks, ({ text }) => !dropped.has(text), { file: base.file, path: ['checks'] }),
    ...kept(data.checks ?? [], () => true, { file, path: ['checks'] }),
  ];
  for (const [index, { origin }] of checks.entries()) put(['checks', index], origin);
  const statements = joinStatements(given, put);
  for (const [index, name] of (data.drop ?? []).entries())
    if (!namesOf(base.data).includes(name))
      problems.push({
        ...file.where(['drop', index]),
        message: `${data.extends} has no statement or check "${name}"${suggest(name, namesOf(base.data))}`,
      });
  const { extends: _, drop: __, ...said } = own;
  const joined = {
    ...base.data,
    ...said,
    dialects: { ...base.data.dialects, ...data.dialects },
    checks: checks.map(({ value }) => value),
    statements,
  } as MappingFile;
  const originOf = (path: Path): Origin => {
    for (let length = path.length; length > 0; length -= 1) {
      const found = origins.get(keyOf(path.slice(0, length)));
      if (found) return { file: found.file, path: [...found.path, ...path.slice(length)] };
    }
    return { file, path };
  };
  return {
    data: joined,
    file: { ...file, ...placesBy(originOf) },
    differs: (path) => originOf(path).file === file,
  };
}

function placesBy(originOf: (path: Path) => Origin): Pick<YamlFile, 'where' | 'whereKey'> {
  const at = (name: 'where' | 'whereKey') => (path: Path) => {
    const origin = originOf(path);
    return origin.file[name](origin.path);
  };
  return { where: at('where'), whereKey: at('whereKey') };
}

const keyOf = (path: Path): string => JSON.stringify(path);
const namesOf = ({ statements, checks }: MappingFile): string[] => [
  ...statements.map(({ local }) => local),
  ...checks.map(({ text }) => text),
];

/** What the file itself says: the schema fills in defaults, which are no difference from the base. */
function present<T extends object>(file: YamlFile, data: T): Partial<T> {
  const written = Object.keys(file.data as object);
  return Object.fromEntries(Object.entries(data).filter(([key]) => written.includes(key))) as Partial<T>;
}

type From<T> = { value: T; origin: Origin };

function kept<T>(list: readonly T[], holds: (item: T) => boolean, { file, path }: Origin): From<T>[] {
  return list.flatMap((value, index) =>
    holds(value) ? [{ value, origin: { file, path: [...path, index] } }] : [],
  );
}

type Put = (path: Path, origin: Origin) => void;

function joinStatements(given: Given, put: Put): Statement[] {
  const { base, file, data, problems } = given;
  const own = data.statements ?? [];
  const dropped = new Set(data.drop);
  const joined: Statement[] = [];
  for (const [at, statement] of base.data.statements.entries()) {
    if (dropped.has(statement.local)) continue;
    const path = ['statements', joined.length];
    put(path, { file: base.file, path: ['statements', at] });
    const index = own.findIndex(({ local }) => local === statement.local);
    const change = own[index];
    joined.push(change ? joinStatement(given, { statement, at, change, index, path, put }) : statement);
  }
  const locals = base.data.statements.map(({ local }) => local);
  for (const [index, { add = [], drop = [], ...change }] of own.entries()) {
    if (locals.includes(change.local) && !dropped.has(change.local)) continue;
    const path = ['statements', index];
    if (change.resource === undefined || drop.length > 0) {
      const message = `${data.extends} has no statement "${change.local}"${suggest(change.local, locals)}`;
      problems.push({ ...file.where([...path, 'local']), message: `${message}; a new one has a resource` });
      continue;
    }
    put(['statements', joined.length], { file, path });
    joined.push({ ...change, resource: change.resource, rules: [...(change.rules ?? []), ...add] });
  }
  return joined;
}

type Join = {
  statement: Statement;
  at: number;
  change: DialectStatement;
  index: number;
  path: Path;
  put: Put;
};

/** A statement of the base with what the dialect says of it. Where that names a rule of the fragment that the
 * statement uses, the fragment's rules become those of the statement, so that one of them can be another. */
function joinStatement(
  { base, file, data, fragments, problems }: Given,
  { statement, at, change, index, path, put }: Join,
): Statement {
  const { rules = [], add = [], drop = [], ...keys } = change;
  for (const key of Object.keys(keys))
    if (key !== 'local') put([...path, key], { file, path: ['statements', index, key] });
  const changed = new Set([...drop, ...rules.map(({ to }) => to)]);
  const used = change.use === undefined ? fragments.get(statement.use ?? '') : undefined;
  const inlined = used?.data.rules.some(({ to }) => changed.has(to)) ? used : undefined;
  const all = [
    ...kept(inlined?.data.rules ?? [], () => true, { file: inlined?.file ?? file, path: ['rules'] }),
    ...kept(statement.rules ?? [], () => true, { file: base.file, path: ['statements', at, 'rules'] }),
  ];
  const targets = all.map(({ value }) => value.to);
  const known = [...targets, ...(used?.data.rules ?? []).map(({ to }) => to)];
  for (const [of, to] of drop.entries())
    if (!targets.includes(to))
      problems.push({
        ...file.where(['statements', index, 'drop', of]),
        message: `${statement.local} of ${data.extends} has no rule to "${to}"${suggest(to, known)}`,
      });
  const own = kept(rules, () => true, { file, path: ['statements', index, 'rules'] });
  const replacing = (to: string) => own.filter(({ value }) => value.to === to);
  const joined: From<Rule>[] = [
    ...all.flatMap((one, of) => {
      const { to } = one.value;
      if (!changed.has(to)) return [one];
      return targets.indexOf(to) === of ? replacing(to) : [];
    }),
    ...own.filter(({ value }) => !targets.includes(value.to)),
    ...kept(add, () => true, { file, path: ['statements', index, 'add'] }),
  ];
  for (const [of, { origin }] of joined.entries()) put([...path, 'rules', of], origin);
  const { use, ...rest } = statement;
  return {
    ...rest,
    ...(use !== undefined && !inlined && { use }),
    ...keys,
    resource: keys.resource ?? statement.resource,
    ...(joined.length > 0 && { rules: joined.map(({ value }) => value) }),
  };
}

/** The source.yaml of a dialect added to that of its base: its data as one file, and each place of it. */
export function extendSource(base: YamlFile, own: YamlFile): YamlFile {
  const hasOwn = (path: Path) => valueAt(own.data, path) !== undefined;
  return {
    ...own,
    data: merge(base.data, own.data, []),
    where: (path) => (hasOwn(path) ? own : base).where(path),
    whereKey: (path) => (hasOwn(path) ? own : base).whereKey(path),
  };
}

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, step) => (value as Record<PropertyKey, unknown> | null | undefined)?.[step],
    data,
  );

/** Lists of names are joined; of a list in a form (`[item]`) the one item is. A data type is replaced: its
 * components go by their order. */
function merge(base: unknown, own: unknown, path: Path): unknown {
  if (Array.isArray(base) && Array.isArray(own)) {
    if (path[0] === 'types') return own;
    return path[0] === 'fields' ? [merge(base[0], own[0], path)] : [...new Set([...base, ...own])];
  }
  if (!isObject(base as never) || !isObject(own as never)) return own === undefined ? base : own;
  const [left, right] = [base as Record<string, unknown>, own as Record<string, unknown>];
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return Object.fromEntries(keys.map((key) => [key, merge(left[key], right[key], [...path, key])]));
}
