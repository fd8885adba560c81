/** Charts that their own sender says it merged into another (HL7 v2 A40, `Patient.link` `replaced-by`). */
import type { Patient } from '@medplum/fhirtypes';
import { nhsNumber } from '../../fhir/nhs-number.ts';
import { idOf } from '../../fhir/references.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import type { Issue, Statement } from '../../model.ts';
import type { Facts, IdentifiedRecord, IdentifiedStatement, StatementState } from '../../store/facts.ts';
import { isImplicit } from '../fold.ts';
import type { PatientState } from './charts.ts';
import { type Meant, meantBy, type Scope } from './keys.ts';

const replacedBy = ({ link = [] }: Patient) =>
  link.find(({ type }) => type === 'replaced-by')?.other.reference;

/** Key of the chart that a merged one is part of now. */
export const standingOf = (content: Patient): string | undefined => idOf(replacedBy(content), 'Patient');

/**
 * Which of a person's charts one is part of now. Merges that lead round in a circle were turned round since
 * (Y into X, later X into Y): the chart that the last of them names as the one that stands is part of none.
 */
export function partOf(chart: PatientState, charts: PatientState[]): PatientState | undefined {
  const next = ({ content }: PatientState) =>
    content.active === false ? charts.find(({ key }) => key === standingOf(content)) : undefined;
  const into = next(chart);
  const way = [chart];
  let at = into;
  while (at && !way.includes(at)) {
    way.push(at);
    at = next(at);
  }
  if (at !== chart) return into;
  const last = way.reduce((one, other) => (isMergedLater(other, one) ? other : one));
  return next(last) === chart ? undefined : into;
}

const mergedAt = ({ times, base }: PatientState): string => times?.link ?? base;
/** Of two of one message the same, whatever came first. */
const isMergedLater = (a: PatientState, b: PatientState): boolean =>
  mergedAt(a) === mergedAt(b) ? a.key > b.key : mergedAt(a) > mergedAt(b);

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

type Merged = Pick<PatientState, 'key' | 'content' | 'aliases'> & { implicit?: boolean };

/**
 * The chart that a merged one of which no more is said means: the one other chart of its sender that has that
 * identifier beside its own, or that has it with the authority which it came without. Of several none.
 */
export function meantByMerged(merged: Merged, own: StatementState[]): StatementState | undefined {
  if (!isNoMore(merged.content)) return undefined;
  const into = standingOf(merged.content);
  const has = ({ key, aliases }: StatementState) =>
    aliases?.includes(merged.key) || merged.aliases?.includes(key);
  const [found, ...others] = own.filter((one) => one.key !== into && one.key !== merged.key && has(one));
  return others.length === 0 ? found : undefined;
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
    const merged = mergeIn(said);
    if (!merged || chartsMeant(merged, own).length > 0) return [];
    const field = placeOf(record, said);
    const text = 'no one chart that you sent has this identifier yet: it is merged once one has';
    return [{ severity: 'warning', code: 'not-found', ...(field ? { field } : {}), text }];
  });
}

/** A statement that says of a chart that it was merged, and nothing else: the meaning of its message. */
export function mergeIn(said: IdentifiedStatement): Merged | undefined {
  const merged = { aliases: null, ...said } as IdentifiedStatement & Merged;
  const isMerge = said.type === 'Patient' && isNoMore(said.content) && standingOf(merged.content);
  return isMerge ? merged : undefined;
}

/** The field of the identifier by which a merge names a chart: `MRG-1`. */
export const placeOf = ({ lineage }: IdentifiedRecord, { local }: IdentifiedStatement): string | undefined =>
  lineage.find(({ element }) => element.startsWith(`${local}.identifier`))?.source.replace(/\.\d$/, '');

/**
 * Of the sender's own charts those that a merged one means, of one person: itself, where its sender said it
 * before, else those that have its identifier. None where several people have it.
 */
export function chartsMeant(merged: Merged, own: StatementState[]): StatementState[] {
  if (!merged.implicit) {
    const found = own.find(({ key }) => key === merged.key) ?? meantByMerged(merged, own);
    return found ? [found] : [];
  }
  const number = nhsNumber(merged.content)?.value;
  const into = standingOf(merged.content);
  const having = own.filter(
    (one) => one.key !== into && nhsNumber(one.content as Patient)?.value?.replace(/\s/g, '') === number,
  );
  return new Set(having.map(({ person }) => person)).size === 1 ? having : [];
}
