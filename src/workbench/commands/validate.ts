import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { readConfig } from '../../config.ts';
import { Rejected } from '../../errors.ts';
import { toOutcomeIssues } from '../../fhir/outcome.ts';
import { parseJson } from '../../formats/json.ts';
import { isObject } from '../../formats/tree.ts';
import type { Issue, Json } from '../../model.ts';
import { loadProfiles, type Profiles } from '../../validate/profiles.ts';
import { validateResource } from '../../validate/validate-resource.ts';
import { type Command, readInput, WrongUse } from '../command.ts';
import { complain, print } from '../terminal.ts';

const ROWS = 24;
const COLUMNS = 80;
const SCREEN = { most: 16, places: 2, rest: '--all' };
const ALL = { most: Number.POSITIVE_INFINITY, places: Number.POSITIVE_INFINITY, rest: '' };

export const validate: Command = {
  summary: 'one resource against base R4 and profiles: OperationOutcome on stdout',
  options: ['profile', 'all'],
  help: `Usage: skein validate FILE [--profile URL] [--all]

Checks one resource against base R4, the profiles it claims in meta.profile, and the one asked for: an
OperationOutcome on stdout, one cause a line, errors first. --all shows every cause, and the
must-support elements that are not there. FILE may be - for standard input. Profiles are Skein's own and
those of the packages that FHIR_PACKAGES names (.tgz files or folders, by commas).

Examples:
  skein validate patient.json
  skein validate patient.json --profile https://skein.example/fhir/StructureDefinition/skein-patient --all
  FHIR_PACKAGES=uk-core.tgz skein validate patient.json

Exit codes: 0 nothing is wrong, but perhaps warnings; 1 there are errors; 2 used wrongly, or a package
cannot be read. `,
  run: async ([file], { profile, all }) => {
    const profiles = await loadProfiles(readConfig(process.env).FHIR_PACKAGES).catch((cause: Error) => {
      throw new WrongUse(cause.message, { cause });
    });
    if (profile !== undefined && !profiles.get(profile))
      throw new WrongUse(`--profile is one of\n  ${profiles.urls.join('\n  ')}`);
    const issues = validateText(readInput(file), profiles, profile === undefined ? [] : [profile]);
    for (const problem of profiles.problems) complain(problem);
    const shown = issues.filter(({ severity }) => all || severity !== 'information');
    const lines = linesOf(all ? toOutcomeIssues(shown, ALL) : fitToScreen(shown));
    print(`{"resourceType": "OperationOutcome", "issue": [\n${lines.join(',\n')}\n]}\n`);
    return issues.some(({ severity }) => severity === 'error') ? 1 : 0;
  },
};

const ALL_OK: OperationOutcomeIssue = {
  severity: 'information',
  code: 'informational',
  diagnostics: 'All OK',
};

/** JSON, one issue a line. */
const linesOf = (issues: OperationOutcomeIssue[]): string[] =>
  (issues.length > 0 ? issues : [ALL_OK]).map(({ details, ...issue }) => `  ${JSON.stringify(issue)}`);

/** The worst causes first, as many as fit one screen of the terminal whatever the length of their lines. */
function fitToScreen(issues: Issue[]): OperationOutcomeIssue[] {
  for (let { most } = SCREEN; ; most -= 1) {
    const found = toOutcomeIssues(issues, { ...SCREEN, most });
    const rows = linesOf(found).reduce((sum, line) => sum + Math.ceil((line.length + 1) / COLUMNS), 2);
    if (rows < ROWS || most === 1) return found;
  }
}

function validateText(text: Buffer, profiles: Profiles, asked: string[]): Issue[] {
  let resource: Json;
  try {
    resource = parseJson(text);
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return error.issues;
  }
  if (!isObject(resource)) return [{ severity: 'error', code: 'structure', text: 'this is not a resource' }];
  const { faults, absent, unknown } = validateResource(resource, profiles, asked);
  return [
    ...faults.map(({ severity = 'error' as const, code, expression, text: what }) => ({
      severity,
      code,
      expression,
      text: `${expression} ${what}`,
    })),
    ...unknown.map((url) => ({
      severity: 'warning' as const,
      code: 'not-supported',
      text: `${url} is not loaded and was not checked (FHIR_PACKAGES names where profiles are)`,
    })),
    ...absent.map((expression) => ({
      severity: 'information' as const,
      code: 'informational',
      expression,
      text: `${expression} is must-support, and is not there`,
    })),
  ];
}
