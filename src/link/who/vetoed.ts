import type { Patient } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import type { Issue } from '../../model.ts';
import type { Facts, IdentifiedRecord, Plan } from '../../store/facts.ts';
import type { PatientState } from './charts.ts';
import { isVetoed } from './persons.ts';

/**
 * Warns a sender whose merge joins nobody, since by its own word the two charts are of two people. Only what
 * it said itself is looked at, so that the answer tells it nothing of anybody else's.
 */
export function findVetoed(
  facts: Facts,
  plan: Plan,
  { statements, lineage }: IdentifiedRecord,
  systemId: number,
): Issue[] {
  const said = new Map(
    [...facts.statements, ...plan.statements]
      .filter((state) => state.type === 'Patient' && state.systemId === systemId)
      .map((state) => [state.key, state as PatientState]),
  );
  return statements.flatMap(({ type, local, key, content }): Issue[] => {
    if (type !== 'Patient') return [];
    const others = ((content as Patient).link ?? []).flatMap(({ type: how, other }) =>
      how === 'replaced-by' || how === 'replaces' ? (idOf(other.reference, 'Patient') ?? []) : [],
    );
    const chart = said.get(key);
    const vetoed = others.some((id) => {
      const one = said.get(id);
      return chart !== undefined && one !== undefined && isVetoed(chart, one);
    });
    if (!vetoed) return [];
    const field = lineage.find(({ element }) => element.startsWith(`${local}.identifier`))?.source;
    return [{ severity: 'warning', code: 'business-rule', ...(field ? { field } : {}), text: TWO_PEOPLE }];
  });
}

const TWO_PEOPLE =
  'nothing was merged: by verified NHS number, birth date or order of birth the two charts are of two people';
