import type { Node } from '../formats/tree.ts';
import type { Issue, Lineage, SourceRecord } from '../model.ts';
import { checkExtensions } from './check-extensions.ts';
import { checkNhsNumbers } from './check-nhs-numbers.ts';
import { checkProfile } from './check-profile.ts';
import { checkStructure } from './check-structure.ts';
import { distinct, type Fault } from './faults.ts';
import type { Profiles } from './profiles.ts';
import { claims } from './validate-resource.ts';

/** A record with more faults than this is not described further. */
const MAX_ISSUES = 100;

/**
 * What is wrong with a record, in the sender's own field names first (by lineage) and the FHIR element second. Base R4 is an error and
 * holds the record, and so does a modifier extension that is not known; a profile, ours or one that the resource claims, is a warning.
 * Pure. Values are never repeated. An NHS number that cannot be one is kept and warned of: linking ignores it.
 */
export function validateRecord(record: SourceRecord, profiles: Profiles): Issue[] {
  const issues: Issue[] = [];
  for (const { local, resource } of record.statements) {
    if (issues.length >= MAX_ISSUES) break;
    const node = resource as unknown as Node;
    const type = String(node.resourceType);
    const base = checkStructure(node);
    for (const fault of base) issues.push(toIssue(fault, fault.severity ?? 'error', type, local, record));
    // A resource that is no R4 is not measured by what is built on R4.
    const isR4 = base.every(({ severity }) => severity !== undefined);
    const faults = [...(isR4 ? againstProfiles(node, profiles) : []), ...checkNhsNumbers(node)];
    for (const fault of faults) {
      const severity = fault.severity ?? (fault.code === 'extension' ? 'error' : 'warning');
      issues.push(toIssue(fault, severity, type, local, record));
    }
  }
  return issues;
}

/**
 * Ours and those it claims. A statement is a part of what is known: what a profile wants of the resource as a whole may come from
 * another message, or from who sent it.
 */
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

/** The sender's name of an element: of itself, of what is around it (a JSON pointer goes on inside), or of the first thing in it. */
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
