import type { FragmentFile, MappingFile, Rule, Statement } from '../../map/language/mapping-file.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import type { Path } from '../../map/language/yaml-file.ts';
import { type Around, ruleEdits } from './mutate-rule.ts';
import { conditionEdits } from './mutate-when.ts';

/** One small fault put into a file: what stands at `path` becomes `value`, or goes. */
export type Edit = {
  path: Path;
  what: string;
  value: unknown /** Tried in turn where that does not load. */;
  orElse?: Edit[];
};
/** In place of a value: it goes. */
export const GONE = Symbol('gone');

/** A copy of `data` with one place changed; what is not on the way is shared. */
export function applyEdit<T>(data: T, { path: [key, ...rest], value }: Pick<Edit, 'path' | 'value'>): T {
  if (key === undefined) return value as T;
  const copy = (Array.isArray(data) ? [...data] : { ...data }) as Record<PropertyKey, unknown>;
  if (rest.length > 0 || value !== GONE) copy[key] = applyEdit(copy[key], { path: rest, value });
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy as T;
}

/** Faults of a mapping's own file, each a mistake that a person could make. Those that could make no difference are left out. */
export function mappingEdits(files: MappingFiles, name: string): Edit[] {
  const own = files.sources.get(name);
  if (!own) return [];
  const { data, source } = own;
  const locals = data.statements.map(({ local }) => local);
  const paths = data.statements.flatMap(({ rules = [] }) => pathsOf(rules));
  const around = { kind: source.format, files, locals, paths };
  return [
    ...dropEach(data.saidAt, ['saidAt']),
    ...zoneEdits(data, around.kind),
    ...Object.entries(data.dialects).flatMap(([dialect, repairs]) =>
      dropEach(repairs, ['dialects', dialect], 'repair'),
    ),
    ...data.checks.flatMap((check, index) => checkEdits(check, ['checks', index])),
    ...data.statements.flatMap((statement, index) =>
      statementEdits(statement, ['statements', index], around),
    ),
  ];
}

export function fragmentEdits(files: MappingFiles, { type, rules }: FragmentFile): Edit[] {
  const around = { kind: 'any', files, locals: [], paths: pathsOf(rules), type };
  return rulesEdits(rules, ['rules'], around);
}

/** A FHIR time always names its zone (R4, dateTime): for those the mapping's makes no difference. */
function zoneEdits({ zone }: MappingFile, kind: string): Edit[] {
  if (kind === 'fhir' || kind === 'xml') return [];
  const other = zone === 'Asia/Tokyo' ? 'Europe/London' : 'Asia/Tokyo';
  return [{ path: ['zone'], what: `zone ${other} instead of ${zone}`, value: other }];
}

/** Each item of a list left out, called by what it is part of. */
export function dropEach(list: readonly unknown[], path: Path, part = String(path.at(-1))): Edit[] {
  return list.map((item, index) => ({
    path: [...path, index],
    what: `${part} ${nameOf(item)} dropped`,
    value: GONE,
  }));
}

const nameOf = (item: unknown) => (typeof item === 'string' ? item : JSON.stringify(item));

function checkEdits({ when, severity, text }: MappingFile['checks'][number], path: Path): Edit[] {
  const other = severity === 'error' ? 'warning' : 'error';
  return [
    { path, what: `the check "${text}" dropped`, value: GONE },
    { path: [...path, 'severity'], what: `severity ${other} instead of ${severity}`, value: other },
    ...conditionEdits(when, [...path, 'when']),
  ];
}

type Shared = Omit<Around, 'type' | 'siblings'>;

function statementEdits(statement: Statement, path: Path, shared: Shared): Edit[] {
  const { local, resource, when, use, identity = [], copy = [], rules = [] } = statement;
  const around = { ...shared, type: resource };
  return [
    { path, what: `statement ${local} dropped`, value: GONE },
    ...(when === undefined ? [] : conditionEdits(when, [...path, 'when'])),
    ...dropEach(identity, [...path, 'identity']),
    ...identity.flatMap((way, index) =>
      typeof way === 'string' ? [] : dropEach(way.join, [...path, 'identity', index, 'join']),
    ),
    ...dropEach(copy, [...path, 'copy']),
    ...(use && rules.length > 0
      ? [{ path: [...path, 'use'], what: `${local}: use ${use} dropped`, value: GONE }]
      : []),
    ...rulesEdits(rules, [...path, 'rules'], around),
  ];
}

const ownPaths = ({ from = [], first = [] }: Rule): string[] =>
  [from, ...first.map((one) => one.from ?? [])].flat();
const pathsOf = (rules: Rule[]): string[] =>
  rules.flatMap((rule) => [...ownPaths(rule), ...pathsOf(rule.rules ?? [])]);

export function rulesEdits(rules: Rule[], path: Path, around: Omit<Around, 'siblings'>): Edit[] {
  const siblings = [...rules.flatMap(ownPaths), ...around.paths];
  return rules.flatMap((rule, index) => {
    const at = [...path, index];
    // The only rule of a group goes with the group.
    const dropped =
      rules.length > 1 ? [{ path: at, what: `the rule of ${rule.to} dropped`, value: GONE }] : [];
    return [...dropped, ...ruleEdits(rule, at, { ...around, siblings })];
  });
}
