/** What one identifier of a message says of another: which no rule, that reads one at a time, can tell. */
import type { Identifier, Patient, PatientLink } from '@medplum/fhirtypes';
import { LOCAL, NHS_NUMBER } from '../fhir/systems.ts';
import type { Statement } from '../model.ts';
import { type Run, report } from './run.ts';

const isPatient = (statement: Statement): statement is Statement & { resource: Patient } =>
  statement.resource.resourceType === 'Patient';

const isLocal = ({ system, use }: Identifier): boolean => system !== NHS_NUMBER && use !== 'old';

/**
 * The number of a chart that was merged (MRG-1 of HL7 v2), where it names no authority, may be of the one
 * that gave the number of the chart that stands: `MRG|456` beside `PID-3` `123^^^RXA`. Then it is given with
 * that one, too, in place; which of the two is meant is told by what the sender said before
 * (src/link/who/merged.ts). Where the chart that stands has numbers of several authorities, or itself one
 * without, it stays without.
 */
export function assumeAuthority({ lineage }: Run, statements: Statement[]): void {
  const patients = statements.filter(isPatient);
  for (const { local, resource } of patients) {
    // It is not known yet whether it has the shape of FHIR.
    const links: (PatientLink | null)[] = Array.isArray(resource.link) ? resource.link : [];
    const into = links.find((link) => link?.type === 'replaced-by')?.other?.reference;
    const stands = patients.find((one) => `#${one.local}` === into)?.resource.identifier ?? [];
    const [authority = LOCAL, ...others] = new Set(stands.filter(isLocal).map(({ system }) => system));
    if (others.length > 0 || authority === LOCAL) continue;
    for (const [index, one] of (resource.identifier ?? []).entries()) {
      if (one.system !== LOCAL) continue;
      const at = resource.identifier?.push({ ...one, system: authority }) ?? 0;
      const source = lineage.find(({ element }) => element === `${local}.identifier[${index}].value`)?.source;
      const rule = 'the authority of the chart that stands';
      for (const name of Object.keys(one))
        lineage.push({ element: `${local}.identifier[${at - 1}].${name}`, source: source ?? '', rule });
    }
  }
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
