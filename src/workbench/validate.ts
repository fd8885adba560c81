import type { Json } from '../model.ts';
import { checkStructure } from '../validate/check-structure.ts';
import { type Command, readInput } from './command.ts';
import { printJson } from './terminal.ts';

export const validate: Command = {
  summary: 'base R4 validation of one resource: OperationOutcome on stdout',
  help: `Usage: skein validate FILE [--json]

Base R4 validation of one resource: an OperationOutcome on stdout. FILE may be - for standard input.

Examples:
  skein validate patient.json

Exit codes: 0 nothing is wrong; 1 something is; 2 used wrongly.
`,
  run: async ([file]) => {
    const issues = validateText(readInput(file).toString('utf8'));
    const issue =
      issues.length > 0 ? issues : [{ severity: 'information', code: 'informational', diagnostics: 'All OK' }];
    printJson({ resourceType: 'OperationOutcome', issue });
    return issues.length > 0 ? 1 : 0;
  },
};

function validateText(text: string) {
  try {
    const resource = JSON.parse(text) as { [name: string]: Json };
    return checkStructure(resource).map(({ code, expression, text: what }) => ({
      ...{ severity: 'error', code, diagnostics: `${expression} ${what}`, expression: [expression] },
    }));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [{ severity: 'error', code: 'structure', diagnostics: 'this is not JSON' }];
  }
}
