/** Charts that their own sender says it merged into another (HL7 v2 A40, `Patient.link` `replaced-by`). */
import type { Patient } from '@medplum/fhirtypes';
import { nhsNumber } from '../../fhir/nhs-number.ts';
import { idOf } from '../../fhir/references.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import type { Issue, Statement } from '../../model.ts';
import type { Facts, IdentifiedRecord, IdentifiedStatement, StatementState } from '../../store/facts.ts';
import { isImplicit } from '../fold.ts';
import { type Meant, meantBy, type Scope } from './keys.ts';

const replacedBy = ({ link = [] }: Patient) =>
  link.find(({ type }) => type === 'replaced-by')?.other.reference;

/** Key of the chart that a merged one is part of now. */
export const standingOf = (content: Patient): string | undefined => idOf(replacedBy(content), 'Patient');

/** The elements of a chart of which no more is said than that it was merged. */
const NO_MORE = new Set(['resourceType', 'id', 'meta', 'active', 'link', 'identifier']);
const isNoMore = (content: object): boolean => Object.keys(content).every((name) => NO_MORE.has(name));

/**
 * A chart that is said to be merged by an NHS number and nothing else: no chart of its own, but whichever has
 * that number, as any reference by it means. Undefined where it is none.
 */
export function mergedByNumber({ resource }: Statement, scope: Scope): Meant | undefined {
  if (resource.resourceType !== 'Patient' || !replacedBy(resource) || !isNoMore(resource)) return undefined;
  const { identifier = [], link } = resource;
  const [number] = identifier;
  if (!number || identifier.some(({ system }) => system !== NHS_NUMBER)) return undefined;
  const meant = meantBy({ identifier: number }, scope);
  return meant && { ...meant, content: { ...meant.content, ...(link ? { link } : {}) } };
}

/**
 * Warns a sender of a merge that names no chart it has said anything of: so far nothing is merged. Only its
 * own charts are looked at, so that the answer tells it nothing of anybody else's.
 */
export function findUnmerged(facts: Facts, record: IdentifiedRecord, systemId: number): Issue[] {
  const own = facts.statements.filter(
    (state) => state.type === 'Patient' && state.systemId === systemId && !isImplicit(state),
  );
  return record.statements.flatMap((said): Issue[] => {
    if (said.type !== 'Patient' || !isNoMore(said.content)) return [];
    const into = standingOf(said.content as Patient);
    if (into === undefined || own.some((chart) => isMeant(chart, said, into))) return [];
    const element = `${said.local}.identifier`;
    const field = record.lineage
      .find((line) => line.element.startsWith(element))
      ?.source.replace(/\.\d$/, '');
    const text = 'no chart that you sent has this identifier: nothing was merged';
    return [{ severity: 'warning', code: 'not-found', ...(field ? { field } : {}), text }];
  });
}

function isMeant(
  chart: StatementState,
  { key, implicit, content }: IdentifiedStatement,
  into: string,
): boolean {
  if (!implicit) return chart.key === key || chart.aliases?.includes(key) === true;
  const number = nhsNumber(content as Patient)?.value;
  return chart.key !== into && nhsNumber(chart.content as Patient)?.value?.replace(/\s/g, '') === number;
}
