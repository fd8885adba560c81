import type { Filter, Kind } from '../../access/decide/may-tell.ts';
import { EVENT_CODES, type Issue } from '../../model.ts';

const KINDS: Kind[] = ['journey', 'patient', 'service', 'stage', 'event'];
const STAGES = [
  'preconception',
  'pregnancy',
  'outcome-unknown',
  'birth-12m',
  '12-24m',
  'after-24m',
  'contact-stop',
];
const TYPES: Record<string, string> = { journey: 'Group', patient: 'Patient', service: 'Organization' };
/** An event has one of these, so two clauses of a kind could never both hold: the client meant a comma. */
const SINGLE = ['journey', 'stage', 'event'];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads backport filter criteria, each `name=value[,value]` joined by `&`. A `Type?` before it, which the
 * guide allows, would keep events of other types away: the topic has no such filter, so it is refused. Gives
 * the index rows, or what is wrong, naming the element.
 */
export function readFilters(criteria: { text: string; expression: string }[]): {
  filters: Filter[];
  issues: Issue[];
} {
  const filters: Filter[] = [];
  const issues: Issue[] = [];
  let clause = 0;
  for (const { text, expression } of criteria) {
    for (const part of text.split('&')) {
      const read = readClause(part, clause);
      if (typeof read === 'string')
        issues.push({ severity: 'error', code: 'not-supported', expression, text: read });
      else filters.push(...read);
      clause += 1;
    }
  }
  for (const kind of SINGLE) {
    if (new Set(filters.filter((filter) => filter.kind === kind).map((filter) => filter.clause)).size < 2)
      continue;
    const text = `filter "${kind}" is given twice and both must hold; join alternatives with a comma`;
    issues.push({
      severity: 'error',
      code: 'business-rule',
      expression: 'Subscription.criteria.extension',
      text,
    });
  }
  return { filters, issues };
}

function readClause(part: string, clause: number): Filter[] | string {
  const [name = '', ...rest] = part.split('=');
  const kind = KINDS.find((candidate) => candidate === name);
  if (!kind && name.includes('?'))
    return 'a filter of one type of resource is not supported: leave out "Type?"';
  if (!kind) return `filter "${name}" is not one of ${KINDS.join(', ')}; modifiers are not supported`;
  const values = decode(rest.join('=')).map((value) => readValue(kind, value));
  if (values.length === 0 || values.includes(null)) return `filter "${kind}" needs ${wanted(kind)}`;
  return [...new Set(values)].map((value) => ({ clause, kind, value: value as string }));
}

/**
 * `%2C` and the like as in a URL; text that is no valid encoding stays as it is, and is then refused as a
 * value.
 */
function decode(text: string): string[] {
  return text.split(',').map((value) => new URLSearchParams(`v=${value.trim()}`).get('v') ?? '');
}

function readValue(kind: Kind, value: string): string | null {
  if (kind === 'event') return EVENT_CODES.find((code) => code === value) ?? null;
  if (kind === 'stage') return STAGES.find((code) => code === value) ?? null;
  const id = value.replace(new RegExp(`^${TYPES[kind]}/`), '').toLowerCase();
  return UUID.test(id) ? id : null;
}

function wanted(kind: Kind): string {
  if (kind === 'event') return `event codes: ${EVENT_CODES.join(', ')}`;
  if (kind === 'stage') return `stages: ${STAGES.join(', ')}`;
  return `a reference: ${TYPES[kind]}/[id]`;
}
