import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Issue } from '../model.ts';
import { BARS_CODES } from './systems.ts';

/** How much of a list of issues is told: `most` causes, each with its first place and `places` more; `rest`
 * says where the others are. */
type Limits = { most: number; places: number; rest: string };

/** About one screen. */
const SCREEN: Limits = { most: 20, places: 10, rest: 'the stored message has them' };

/**
 * An OperationOutcome (https://hl7.org/fhir/R4/operationoutcome.html) with the sender's field first, so that
 * a person can act on it. One issue per cause, the worst first where a screen cannot hold all: the stored
 * message has all.
 */
export function toOutcome(issues: Issue[], bars?: string): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: toOutcomeIssues(issues, SCREEN, bars) };
}

/** The same as a list of issues, within the given limits. */
export function toOutcomeIssues(issues: Issue[], { most, places, rest }: Limits, bars?: string) {
  const causes = [...Map.groupBy(issues, causeOf).values()];
  const first = causes.length > most ? causes.sort((a, b) => rankOf(a) - rankOf(b)) : causes;
  const shown = first.slice(0, most).map((group) => toOutcomeIssue(group, places, bars));
  const more = causes.length - shown.length;
  return more > 0 ? [...shown, note(`and ${more} more causes: ${rest}`)] : shown;
}

const note = (text: string): OperationOutcomeIssue => ({
  severity: 'information',
  code: 'informational',
  details: { text },
  diagnostics: text,
});

const RANKS = ['fatal', 'error', 'warning', 'information'];
const rankOf = ([issue]: Issue[]) => RANKS.indexOf(issue?.severity ?? '');

/** Equal for the same fault of the same element, in whichever entry of a list or row of a file. */
function causeOf({ severity, code, field = '', expression = '', text }: Issue): string {
  const what = text.replaceAll(expression, '').replaceAll(field, '');
  return [severity, code, expression, what].join('|').replace(/\[\d+\]/g, '');
}

function toOutcomeIssue(group: Issue[], places: number, bars: string | undefined): OperationOutcomeIssue {
  const { severity, field, text, ...first } = group[0] as Issue;
  const diagnostics =
    (field && !text.startsWith(field) ? `${field}: ${text}` : text) + alsoAt(group.slice(1), places);
  const coding = bars ? { coding: [{ system: BARS_CODES, code: bars }] } : {};
  const code = first.code as OperationOutcomeIssue['code'];
  const expression = group.flatMap((issue) => issue.expression ?? []).slice(0, places + 1);
  return {
    severity,
    code,
    details: { ...coding, text },
    diagnostics,
    ...(expression.length > 0 ? { expression } : {}),
  };
}

function alsoAt(others: Issue[], places: number): string {
  if (others.length === 0) return '';
  const named = others.slice(0, places).map(({ field, expression }) => field ?? expression ?? 'elsewhere');
  const rest = others.length - named.length;
  return ` (also ${[...new Set(named)].join(', ')}${rest > 0 ? ` and ${rest} more` : ''})`;
}
