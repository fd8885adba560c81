/** What a message says of patients without a Patient of its own: by a reference, or by merging two. */
import type { Linkage, Patient } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { idOf, subjectOf } from '../../fhir/references.ts';
import type { Statement } from '../../model.ts';
import type { IdentifiedStatement } from '../../store/facts.ts';
import { type Meant, meantBy, type Scope } from './keys.ts';

/** Charts that say no more than a reference does: of the subject, and of a chart merged with another. */
export function referredTo(
  { resource, local }: Statement,
  patients: Set<string>,
  scope: Scope,
): IdentifiedStatement[] {
  const merged = resource.resourceType === 'Patient' ? (resource.link ?? []).filter(isMerge) : [];
  const subject = resource.resourceType === 'Patient' ? [] : [subjectOf(resource)];
  return [...subject, ...merged.map(({ other }) => other)].flatMap((reference) => {
    const meant = reference?.reference?.startsWith('#') ? undefined : meantBy(reference, scope);
    return meant && !patients.has(meant.key) ? [implicitChart(meant, local)] : [];
  });
}

/** Whom a Patient means of which nothing is said (its identifier is assumed): as a reference by that does. */
export function onlyNamed({ resource, assumed }: Statement, scope: Scope): Meant | undefined {
  const [identifier] = (resource as Patient).identifier ?? [];
  const isOnly = resource.resourceType === 'Patient' && assumed?.includes('identifier');
  return isOnly && identifier ? meantBy({ identifier }, scope) : undefined;
}

/** A chart that says no more than a reference to it does. */
export function implicitChart({ key, content, aliases }: Meant, local: string): IdentifiedStatement {
  const found = aliases.length > 0 ? { aliases } : {};
  return { key, type: 'Patient', chart: key, ref: null, ...found, local, nulls: [], implicit: true, content };
}

const isMerge = ({ type }: { type: string }) => type === 'replaced-by' || type === 'replaces';

/**
 * Charts that their own sender merged (HL7 v2 A40, Patient.link): the second key leads to the chart that
 * stands.
 */
export function linkagesOf(
  { type, key, local, content }: IdentifiedStatement,
  scope: Scope,
): IdentifiedStatement[] {
  if (type !== 'Patient') return [];
  return ((content as Patient).link ?? []).flatMap(({ type: how, other }) => {
    const id = idOf(other.reference, 'Patient');
    if (!id || !isMerge({ type: how })) return [];
    const [chart, ref] = how === 'replaced-by' ? [key, id] : [id, key];
    const item = [
      { type: 'historical' as const, resource: { reference: `Patient/${chart}` } },
      { type: 'source' as const, resource: { reference: `Patient/${ref}` } },
    ];
    const linkage: Linkage = { resourceType: 'Linkage', item };
    return [
      {
        key: keyedId(scope.key, 'Linkage', chart, ref),
        type: 'Linkage',
        chart,
        ref,
        local,
        nulls: [],
        content: linkage,
      },
    ];
  });
}
