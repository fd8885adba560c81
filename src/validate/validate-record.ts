import { atOnce, type Steps } from '../doors/turns.ts';
import type { Node } from '../formats/tree.ts';
import type { Issue, Lineage, SourceRecord } from '../model.ts';
import { checkExtensions } from './check-extensions.ts';
import { checkNhsNumbers } from './check-nhs-numbers.ts';
import { checkProfile } from './check-profile.ts';
import { checkStructure } from './check-structure.ts';
import { distinct, type Fault } from './faults.ts';
import type { Profiles } from './profiles.ts';
import { claims } from './validate-resource.ts';

/** A record reports at most this many issues. */
const MAX_ISSUES = 100;

/**
 * Validates a record. Issues name the sender's own field first (by lineage) and the FHIR element second, and
 * never repeat a value. A fault of base R4 or an unknown modifier extension is an error and holds the record;
 * a fault of a profile, Skein's or one the resource claims, is a warning, as is an NHS number that fails its
 * check digit. Pure.
 */
export const validateRecord = (record: SourceRecord, profiles: Profiles): Issue[] =>
  atOnce(validateInSteps(record, profiles));

/** The same, to be interrupted between any two statements. */
export function* validateInSteps(record: SourceRecord, profiles: Profiles): Steps<Issue[]> {
  const issues: Issue[] = [];
  for (const { local, resource } of record.statements) {
    if (issues.length >= MAX_ISSUES) break;
    const node = resource as unknown as Node;
    const type = String(node.resourceType);
    const base = checkStructure(node);
    for (const fault of base) issues.push(toIssue(fault, fault.severity ?? 'error', type, local, record));
    // Profiles build on base R4, so they are checked only where the base check found no error.
    const isR4 = base.every(({ severity }) => severity !== undefined);
    const faults = [...(isR4 ? againstProfiles(node, profiles) : []), ...checkNhsNumbers(node)];
    for (const fault of faults) {
      const severity = fault.severity ?? (fault.code === 'extension' ? 'error' : 'warning');
      issues.push(toIssue(fault, severity, type, local, record));
    }
    yield;
  }
  return issues;
}

/** Checks Skein's profile and those the resource claims. A profile's demands on the whole resource (mandatory
 * elements) are not checked: other messages may give the rest. */
function againstProfiles(node: Node, profiles: Profiles): Fault[] {
  const type = String(node.resourceType);
  const against = [profiles.ofType(type), ...claims(node).map((url) => profiles.get(url))].filter(
    (profile) => profile !== undefined,
  );
  const faults = [
    ...checkExtensions(node, profiles),
    ...against.flatMap((profile) => checkProfile(profile, node, profiles)),
  ];
  const isOfTheWhole = ({ code, expression }: Fault) =>
    expression === type || (code === 'required' && expression.split('.').length === 2);
  return distinct(faults).filter((fault) => !isOfTheWhole(fault));
}

function toIssue(
  { code, expression, text }: Fault,
  severity: Issue['severity'],
  type: string,
  local: string,
  { lineage, position }: SourceRecord,
): Issue {
  const field = fieldOf(lineage, local + expression.slice(type.length)) ?? (position || undefined);
  return {
    severity,
    code,
    ...(field ? { field } : {}),
    expression,
    text: `${field ? `${field}: ` : ''}${expression} ${text}`,
  };
}

/** The sender's field for an element: its own, else that of the element around it (a JSON pointer is
 * extended), else that of the first element inside it. */
function fieldOf(lineage: Lineage[], element: string): string | undefined {
  const mapped = lineage.filter(({ source }) => source !== 'constant');
  let around: Lineage | undefined;
  for (const item of mapped) {
    const next = element.startsWith(item.element) ? element[item.element.length] : '';
    if (next !== undefined && next !== '.' && next !== '[') continue;
    if (item.element.length > (around?.element.length ?? 0)) around = item;
  }
  if (around)
    return around.source.startsWith('/')
      ? around.source + pointer(element.slice(around.element.length))
      : around.source;
  const inside = mapped.find(
    (item) => item.element.startsWith(`${element}.`) || item.element.startsWith(`${element}[`),
  );
  if (inside) return inside.source;
  const [, local = '', rest = ''] = /^([^.]+)(.*)$/.exec(element) ?? [];
  const beside = mapped.find((item) => item.element.startsWith(`${local}.`))?.source;
  const [entry] = /^\/entry\/\d+\/resource/.exec(beside ?? '') ?? [];
  return entry && entry + pointer(rest);
}

const pointer = (rest: string) => rest.replace(/\[(\d+)\]/g, '/$1').replaceAll('.', '/');
