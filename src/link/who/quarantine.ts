import type { Patient } from '@medplum/fhirtypes';
import { nhsNumber } from '../../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import type { Issue, Lineage, Statement } from '../../model.ts';
import { parentClaim } from '../family/relationships.ts';

/**
 * Patients of the record whose number the record also gives for their parent: the mother's number on a baby.
 */
export function quarantine(statements: Statement[]): Set<string> {
  const patients = statements.flatMap(({ resource, local }) =>
    resource.resourceType === 'Patient' ? [{ reference: `#${local}`, patient: resource }] : [],
  );
  const locals = new Set<string>();
  for (const { resource, local } of statements) {
    if (resource.resourceType !== 'RelatedPerson' || parentClaim(resource)?.parent !== 'related') continue;
    const self = patients.find(({ patient }) =>
      patient.link?.some((link) => link.other.reference === `#${local}`),
    );
    const number =
      (self && nhsNumber(self.patient)) ?? resource.identifier?.find(({ system }) => system === NHS_NUMBER);
    const child = patients.find(({ reference }) => reference === resource.patient.reference);
    if (child && number?.value && nhsNumber(child.patient)?.value === number.value)
      locals.add(child.reference.slice(1));
  }
  return locals;
}

export function sharedNumber({ local, resource }: Statement, lineage: Lineage[]): Issue {
  const { identifier = [] } = resource as Patient;
  const at = identifier.findIndex(({ system }) => system === NHS_NUMBER);
  const field = lineage.find(({ element }) => element === `${local}.identifier[${at}].value`)?.source;
  return {
    severity: 'warning',
    code: 'business-rule',
    ...(field ? { field } : {}),
    expression: 'Patient.identifier',
    text: `the NHS number of ${local} is also given for a relative of the patient: it is kept but identifies nobody`,
  };
}
