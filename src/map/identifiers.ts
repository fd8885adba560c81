/** What one identifier of a message says of another: which no rule, that reads one at a time, can tell. */
import type { Identifier, Patient } from '@medplum/fhirtypes';
import { LOCAL, NHS_NUMBER } from '../fhir/systems.ts';
import type { Lineage, Statement } from '../model.ts';
import { type Run, report } from './run.ts';

const isPatient = (statement: Statement): statement is Statement & { resource: Patient } =>
  statement.resource.resourceType === 'Patient';

const isLocal = ({ system, use }: Identifier): boolean => system !== NHS_NUMBER && use !== 'old';

/**
 * The number of a chart that was merged (MRG-1 of HL7 v2), where it names no authority, is of the one that
 * gave the number of the chart that stands: `MRG|456` beside `PID-3` `123^^^RXA`. Where that one has numbers
 * of several authorities, or itself one without, it stays without. In place; gives the lineage of what it
 * added.
 */
export function assumeAuthority(statements: Statement[]): Lineage[] {
  const patients = statements.filter(isPatient);
  return patients.flatMap((merged) => {
    const into = merged.resource.link?.find(({ type }) => type === 'replaced-by')?.other?.reference;
    const stands = patients.find(({ local }) => `#${local}` === into)?.resource.identifier ?? [];
    const [authority = LOCAL, ...others] = new Set(stands.filter(isLocal).map(({ system }) => system));
    if (others.length > 0 || authority === LOCAL) return [];
    return (merged.resource.identifier ?? []).flatMap((one, index) => {
      if (one.system !== LOCAL) return [];
      if (merged.identifier === `${LOCAL}|${one.value}`) merged.identifier = `${authority}|${one.value}`;
      one.system = authority;
      const element = `${merged.local}.identifier[${index}].system`;
      return [{ element, source: into ?? '', rule: 'the authority of the chart that stands' }];
    });
  });
}

/** Warns of a second NHS number of one patient: only the first can be theirs. */
export function sayOtherNumbers(run: Run, statements: Statement[]): void {
  for (const { local, resource } of statements.filter(isPatient)) {
    const numbers = (resource.identifier ?? []).flatMap(({ system, value }, index) =>
      system === NHS_NUMBER ? { value, element: `${local}.identifier[${index}].value` } : [],
    );
    for (const { value, element } of numbers.slice(1)) {
      const field = run.lineage.find((line) => line.element === element)?.source;
      if (value === numbers[0]?.value || field === undefined) continue;
      const text = `${field} is another NHS number of the same patient: the first that is given counts`;
      report(run, { severity: 'warning', code: 'business-rule', field, text });
    }
  }
}
