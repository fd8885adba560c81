import type { Resource } from '@medplum/fhirtypes';
import { atOnce, type Steps } from '../doors/turns.ts';
import { findElement } from '../fhir/definitions.ts';
import { isObject, type Node, textOf } from '../formats/tree.ts';
import type { Issue, Json, SourceRecord, Statement, Unit } from '../model.ts';
import { toInstant } from './compile/convert.ts';
import { CLOCK_DRIFT } from './compile/looks.ts';
import type { CompiledStatement } from './compile/statement.ts';
import { warnOfClock } from './compile/values.ts';
import { ownIdOf, unlessKnownOf } from './entry.ts';
import { assumeAuthority, sayOtherNumbers } from './identifiers.ts';
import type { Mapping } from './language/load-mappings.ts';
import { type Instance, type Run, report } from './run.ts';
import { sayStillToCome } from './still-to-come.ts';
import { sayTooLong, sayTooMany } from './too-much.ts';
import { assumeTraced } from './traced.ts';
import { sayUncarried } from './uncarried.ts';

/**
 * How a unit arrived: the sender's dialect, the time of receipt where there is one, and what its sender's NHS
 * numbers are where it does not say.
 */
type Heard = { dialect: string | null; receivedAt?: Date | undefined; numbers?: 'traced' | null };
export type Mapped = { record: SourceRecord | null; issues: Issue[] };

/**
 * Maps one unit to FHIR statements, with the source of every element (lineage). Pure; never throws for bad
 * input. `record` is null where an issue is an error. `saidAt` is '' where the message gives no time of its
 * own.
 */
export const mapUnit = (mapping: Mapping, unit: Unit, heard: Heard): Mapped =>
  atOnce(mapInSteps(mapping, unit, heard));

/** The same, to be interrupted between any two statements. */
export function* mapInSteps(mapping: Mapping, unit: Unit, heard: Heard): Steps<Mapped> {
  const { dialect, receivedAt, numbers } = heard;
  if (unit.error) return { record: null, issues: [unit.error] };
  const {
    root,
    bundle,
    unknown,
    issues,
    zone = mapping.zone,
  } = mapping.format.open(unit.tree, unit.position, receivedAt);
  const run: Run = {
    position: unit.position,
    dialect,
    zone,
    now: receivedAt ?? new Date(),
    root,
    bundle,
    issues: [...(unit.issues ?? []), ...(issues ?? [])],
    lineage: [],
    instances: [],
    nulls: new Set(),
    assumed: new Set(),
    source: '',
  };
  for (const name of unknown) noteUnknown(run, name);
  for (const check of mapping.checks) check(run);
  if (hasError(run)) return { record: null, issues: run.issues };
  const claimed = new Set<string>();
  for (const statement of mapping.statements) run.instances.push(yield* instancesOf(statement, run, claimed));
  if (sayTooMany(run, run.instances, mapping.kind)) return { record: null, issues: run.issues };
  const statements: Statement[] = [];
  for (const [index, statement] of mapping.statements.entries())
    for (const instance of run.instances[index] ?? []) {
      const filled = fill(statement, instance, run);
      if (filled) statements.push(filled);
      yield;
    }
  if (sayTooLong(run, statements)) return { record: null, issues: run.issues };
  dropDangling(statements, run);
  assumeAuthority(run, statements);
  sayOtherNumbers(run, statements);
  const mode = mapping.deltaWhen?.(run, run.root) ? ('delta' as const) : mapping.mode;
  sayStillToCome(run, statements, { receivedAt: run.now, whole: mode === 'snapshot' });
  if (mapping.carried) sayUncarried(run, mapping.carried);
  if (statements.length === 0 && !hasError(run)) {
    report(run, {
      severity: 'error',
      code: 'required',
      ...(unit.position && { field: unit.position }),
      text: `nothing in it that ${mapping.name} keeps`,
    });
  }
  if (hasError(run)) return { record: null, issues: run.issues };
  if (numbers === 'traced') run.lineage.push(...assumeTraced(statements));
  const { name, version } = mapping;
  const record = {
    position: unit.position,
    saidAt: saidAt(mapping, run, receivedAt),
    mapping: `${name}@${version}`,
    mode,
    statements,
    lineage: run.lineage,
  };
  return { record, issues: run.issues };
}

const hasError = (run: Run) => run.issues.some(({ severity }) => severity === 'error');

function noteUnknown(run: Run, name: string): void {
  report(run, {
    severity: 'information',
    code: 'informational',
    field: name,
    text: `${name}: read by no rule, kept in the message only`,
  });
}

/** Each Bundle entry becomes at most one statement: the first of its type that asks for it. */
function* instancesOf(statement: CompiledStatement, run: Run, claimed: Set<string>): Steps<Instance[]> {
  const instances: Instance[] = [];
  for (const frame of statement.expand ? statement.expand(run, run.root) : [run.root]) {
    yield;
    const own = frame.entry?.type === statement.resource ? frame.entry : undefined;
    if (own && claimed.has(own.at)) continue;
    if (statement.when && !statement.when(run, frame)) continue;
    const index = instances.length;
    const local = index === 0 ? statement.local : `${statement.local}-${index + 1}`;
    if (own) {
      claimed.add(own.at);
      own.local = local;
    }
    instances.push({ index, local, frame });
  }
  return instances;
}

function fill(statement: CompiledStatement, { local, frame }: Instance, run: Run): Statement | undefined {
  run.nulls.clear();
  run.assumed.clear();
  const mark = run.lineage.length;
  const object: Node = { resourceType: statement.resource };
  const sourced = statement.fill(run, frame, { object, at: local });
  if (!sourced && !statement.always && run.nulls.size === 0) {
    run.lineage.length = mark;
    return undefined;
  }
  const identifier = statement.identify(object, run, frame);
  if (frame.entry?.method === 'PUT' && frame.entry.type === statement.resource && !identifier) {
    report(run, {
      severity: 'error',
      code: 'required',
      field: frame.at,
      text: `${frame.at}: an update needs an identifier, an id or a conditional url`,
    });
  }
  const names = statement.name(object, run, frame);
  const nulls = [...run.nulls].filter((name) => valueAt(object, name) === undefined);
  const resource = object as unknown as Resource;
  const ownId = ownIdOf(resource, identifier, frame);
  const unlessKnown = unlessKnownOf(statement.resource, identifier, { run, frame });
  return {
    local,
    resource,
    ...(identifier ? { identifier } : {}),
    ...(ownId ? { ownId } : {}),
    ...(unlessKnown === undefined ? {} : { unlessKnown }),
    ...(names.length > 0 ? { names } : {}),
    ...(nulls.length > 0 ? { nulls } : {}),
    ...(run.assumed.size > 0 ? { assumed: [...run.assumed] } : {}),
  };
}

/** The value that a statement gives to a part that it also lists as emptied: an element, one end of a period,
 * or the extension of one url. */
function valueAt(object: Node, name: string): Json | undefined {
  const [first = '', part, ...more] = name.split(/([|.])/);
  const value = object[first];
  const rest = more.join('');
  if (part === '.' && isObject(value)) return value[rest];
  return part === '|' && Array.isArray(value)
    ? value.find((item) => isObject(item) && item.url === rest)
    : value;
}

/** Removes references to statements that were dropped because they turned out empty. */
function dropDangling(statements: Statement[], run: Run): void {
  const kept = new Set(statements.map(({ local }) => `#${local}`));
  if (run.instances.flat().length === kept.size) return;
  const prune = (value: unknown, type: string): boolean => {
    if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index -= 1)
        if (prune(value[index], type)) value.splice(index, 1);
      return value.length === 0;
    }
    if (!isObject(value as Node)) return false;
    const object = value as Node;
    if (typeof object.reference === 'string' && object.reference.startsWith('#'))
      return !kept.has(object.reference);
    for (const name of Object.keys(object)) {
      const element = findElement(type, name);
      if (!prune(object[name], element?.type ?? '')) continue;
      delete object[name];
      // Without what it must have nothing is left of it, but of a resource: that is told as missing.
      if (element?.min && object.resourceType === undefined) return true;
    }
    return Object.keys(object).length === 0;
  };
  for (const { resource } of statements) prune(resource, resource.resourceType);
}

/** Of a message whose time cannot be read: it fills what is not known, and replaces nothing that was said at
 * a time that can. */
const UNREADABLE = '1970-01-01T00:00:00Z';

/** The time the sender says this was so, and never later than its receipt: a sender's clock that runs ahead
 * must not outrank every later correction. '' where it says none; of one that cannot be read the day alone,
 * where that can. */
function saidAt(mapping: Mapping, run: Run, receivedAt: Date | undefined): string {
  let unreadable = '';
  for (const reader of mapping.saidAt) {
    const raw = reader.read(run, run.root);
    if (raw === undefined || raw === '""' || textOf(raw).trim() === '') continue;
    const field = reader.at(run, run.root);
    const instant = typeof raw === 'string' ? toInstant(raw, run.zone) : undefined;
    if (!instant) {
      const text = `${field} is not a date and time: what was said at another time stands`;
      report(run, { severity: 'warning', code: 'value', field, text });
      unreadable ||= toInstant(textOf(raw).slice(0, 8), run.zone) ?? UNREADABLE;
      continue;
    }
    run.source = field;
    warnOfClock(run, textOf(raw));
    const ahead = receivedAt ? Date.parse(instant) - receivedAt.getTime() : 0;
    if (ahead <= 0) return instant;
    if (ahead > CLOCK_DRIFT) {
      const text = `${field} is a time still to come: taken as said when it was received`;
      report(run, { severity: 'warning', code: 'value', field, text });
    }
    return receivedAt?.toISOString() ?? instant;
  }
  return unreadable;
}
