import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Issue } from '../model.ts';

/** BaRS's own codes: https://simplifier.net/guide/nhs-booking-and-referral-standard */
const BARS_CODES = 'https://fhir.nhs.uk/Codesystem/http-error-codes';

/** https://hl7.org/fhir/R4/operationoutcome.html with the sender's field first, so that a person can act on it. */
export function toOutcome(issues: Issue[], bars?: string): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: issues.map((issue) => toOutcomeIssue(issue, bars)) };
}

function toOutcomeIssue(issue: Issue, bars: string | undefined): OperationOutcomeIssue {
  const { severity, field, expression, text } = issue;
  const diagnostics = field && !text.startsWith(field) ? `${field}: ${text}` : text;
  const coding = bars ? { coding: [{ system: BARS_CODES, code: bars }] } : {};
  const code = issue.code as OperationOutcomeIssue['code'];
  return { severity, code, details: { ...coding, text }, diagnostics, ...(expression && { expression: [expression] }) };
}
