/** A system may be registered as one that traces every NHS number and never says so in its messages. */
import type { Identifier, Patient } from '@medplum/fhirtypes';
import { VERIFIED_NUMBER } from '../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../fhir/systems.ts';
import type { Lineage, Statement } from '../model.ts';

/**
 * Adds that status to each patient's NHS number that came without one, in place; a status that the message
 * gives stands. Gives the lineage of what it added.
 */
export function assumeTraced(statements: Statement[]): Lineage[] {
  return statements.flatMap(({ local, resource }) =>
    resource.resourceType === 'Patient' ? addStatus(local, resource) : [],
  );
}

function addStatus(local: string, { identifier = [] }: Patient): Lineage[] {
  return identifier.flatMap((one: Identifier, index) => {
    if (one.system !== NHS_NUMBER || one.extension?.some(({ url }) => url === VERIFIED_NUMBER.url)) return [];
    one.extension = [...(one.extension ?? []), structuredClone(VERIFIED_NUMBER)];
    const element = `${local}.identifier[${index}].extension[${one.extension.length - 1}]`;
    return [{ element, source: 'registration', rule: '--numbers traced' }];
  });
}
