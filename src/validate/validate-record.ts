import { isValidNhsNumber, NHS_NUMBER } from '../fhir/nhs-number.ts';
import type { Issue, Json, Lineage, SourceRecord } from '../model.ts';
import { checkStructure, type Fault } from './check-structure.ts';

type Node = { [name: string]: Json };

/** A record with more faults than this is not described further. */
const MAX_ISSUES = 100;

/**
 * What is wrong with a record, in the sender's own field names first (by lineage) and the FHIR element second. Pure. Values are never
 * repeated. An NHS number that cannot be one is kept and warned of: linking ignores it.
 */
export function validateRecord(record: SourceRecord): Issue[] {
  const issues: Issue[] = [];
  for (const { local, resource } of record.statements) {
    if (issues.length >= MAX_ISSUES) break;
    const node = resource as unknown as Node;
    const type = String(node.resourceType);
    for (const fault of checkStructure(node)) issues.push(toIssue(fault, type, local, record));
    for (const [index, identifier] of (Array.isArray(node.identifier) ? node.identifier : []).entries()) {
      const { system, value } = (identifier ?? {}) as Node;
      if (system !== NHS_NUMBER || typeof value !== 'string' || isValidNhsNumber(value)) continue;
      const expression = `${type}.identifier[${index}].value`;
      const field = fieldOf(record.lineage, expression.replace(type, local)) ?? expression;
      issues.push({
        severity: 'warning',
        code: 'value',
        field,
        expression,
        text: `${field} is not a valid NHS number; it is kept and not used to link`,
      });
    }
  }
  return issues;
}

function toIssue(
  { code, expression, text }: Fault,
  type: string,
  local: string,
  { lineage, position }: SourceRecord,
): Issue {
  const field = fieldOf(lineage, local + expression.slice(type.length)) ?? (position || undefined);
  return {
    severity: 'error',
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
