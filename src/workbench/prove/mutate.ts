import type { FragmentFile, MappingFile, Statement } from '../../map/language/mapping-file.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import type { Path } from '../../map/language/yaml-file.ts';
import { dropEach, type Edit, GONE } from './edit.ts';
import { type Around, pathsOf, rulesEdits } from './mutate-rule.ts';
import { conditionEdits } from './mutate-when.ts';
import { inside, type Sense, senseOf } from './same-sense.ts';

/** Faults of a mapping's own file that a person could make and that can change a result. */
export function mappingEdits(files: MappingFiles, name: string): Edit[] {
  const own = files.sources.get(name);
  if (!own) return [];
  const { data, source } = own;
  const locals = data.statements.map(({ local }) => local);
  const paths = data.statements.flatMap(({ rules = [] }) => pathsOf(rules));
  const sense = senseOf(files, name);
  const around = { kind: source.format, files, locals, paths, sense };
  return [
    ...dropEach(data.saidAt, ['saidAt']),
    ...zoneEdits(data, around.kind),
    ...Object.entries(data.dialects).flatMap(([dialect, repairs]) =>
      dropEach(repairs, ['dialects', dialect], 'repair'),
    ),
    ...data.checks.flatMap((check, index) => checkEdits(check, ['checks', index], sense)),
    ...data.statements.flatMap((statement, index) =>
      statementEdits(statement, ['statements', index], around),
    ),
  ];
}

export function fragmentEdits(files: MappingFiles, { type, rules }: FragmentFile): Edit[] {
  const around = { kind: 'any', files, locals: [], paths: pathsOf(rules), type, sense: senseOf(files) };
  return rulesEdits(rules, ['rules'], around);
}

/**
 * Changes the mapping's time zone; not for FHIR sources, whose times always name their own (R4, dateTime).
 */
function zoneEdits({ zone }: MappingFile, kind: string): Edit[] {
  if (kind === 'fhir' || kind === 'xml') return [];
  const other = zone === 'Asia/Tokyo' ? 'Europe/London' : 'Asia/Tokyo';
  return [{ path: ['zone'], what: `zone ${other} instead of ${zone}`, value: other }];
}

function checkEdits(
  { when, severity, text }: MappingFile['checks'][number],
  path: Path,
  sense: Sense,
): Edit[] {
  const other = severity === 'error' ? 'warning' : 'error';
  return [
    { path, what: `the check "${text}" dropped`, value: GONE },
    { path: [...path, 'severity'], what: `severity ${other} instead of ${severity}`, value: other },
    ...conditionEdits(when, [...path, 'when'], { sense }),
  ];
}

type Shared = Omit<Around, 'type' | 'siblings'>;

function statementEdits(statement: Statement, path: Path, shared: Shared): Edit[] {
  const { local, resource, when, use, identity = [], names = [], copy = [], rules = [] } = statement;
  const around = { ...shared, type: resource, sense: inside(shared.sense, { when }) };
  return [
    { path, what: `statement ${local} dropped`, value: GONE },
    ...(when === undefined ? [] : conditionEdits(when, [...path, 'when'], { sense: shared.sense })),
    ...dropEach(identity, [...path, 'identity']),
    ...dropEach(names, [...path, 'names']),
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
