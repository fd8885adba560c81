/**
 * Stays that their sender moves from one of its patients to another (HL7 v2 A44: MRG-1 is the patient that it
 * was recorded of).
 */
import type { Encounter, EpisodeOfCare, Patient } from '@medplum/fhirtypes';
import { renameReferences } from '../../fhir/references.ts';
import type { Issue } from '../../model.ts';
import type { Facts, IdentifiedRecord, IdentifiedStatement, StatementState } from '../../store/facts.ts';
import { baseOf } from '../who/one-feed.ts';
import { isSameNumber } from './visits.ts';

/** Charts of which a record says no more than that they are there, and that nothing in it is about. */
export const leftIn = ({ statements }: IdentifiedRecord): string[] =>
  statements.flatMap(({ type, key, implicit, content }) => {
    const isLeft = type === 'Patient' && implicit && !(content as Patient).link;
    return isLeft && statements.every((one) => one.key === key || one.chart !== key) ? [key] : [];
  });

/** Keys of the charts that a record moves stays from, as they are stored. */
export function chartsLeft(facts: Facts, record: IdentifiedRecord): Set<string> {
  const left = leftIn(record);
  const known = facts.statements.filter(
    (one) =>
      one.type === 'Patient' &&
      left.some((key) => baseOf(one) === key || one.aliases?.includes(key) === true),
  );
  return new Set([...left, ...known.map(({ key }) => key)]);
}

/**
 * The record with each stay under the key that it was known by at the patient whom it leaves, though its
 * number came with its authority then and without now, or the other way. Tells of a stay not known there.
 */
export function moveStays(
  facts: Facts,
  record: IdentifiedRecord,
  systemId: number,
): { record: IdentifiedRecord; issues: Issue[] } {
  if (leftIn(record).length === 0) return { record, issues: [] };
  const left = chartsLeft(facts, record);
  const stored = facts.statements.filter((one) => one.systemId === systemId && left.has(one.chart));
  const keys = new Map<string, string>();
  const issues: Issue[] = [];
  for (const said of record.statements.filter(isStay)) {
    const isKnown = facts.statements.some(({ key }) => key === said.key);
    const [found, ...others] = isKnown ? [] : stored.filter((one) => isSameStay(said, one));
    if (found && others.length === 0) keys.set(said.key, found.key);
    else if (!isKnown) issues.push(unknown(record, said));
  }
  const rename = (reference: string) => {
    const [type, key = ''] = reference.split('/');
    return keys.has(key) ? `${type}/${keys.get(key)}` : undefined;
  };
  const statements = record.statements.map((one) => ({
    ...one,
    key: keys.get(one.key) ?? one.key,
    content: renameReferences(one.content, rename),
  }));
  return { record: keys.size === 0 ? record : { ...record, statements }, issues };
}

const isStay = ({ type }: IdentifiedStatement): boolean => type === 'EpisodeOfCare' || type === 'Encounter';

const isSameStay = (said: IdentifiedStatement, one: StatementState): boolean =>
  one.type === said.type &&
  isSameNumber(said.content as Encounter | EpisodeOfCare, one.content as Encounter | EpisodeOfCare);

function unknown({ lineage }: IdentifiedRecord, { local }: IdentifiedStatement): Issue {
  const field = lineage.find(({ element }) => element.startsWith(`${local}.identifier`))?.source;
  const text =
    'no one stay of this number is known of the patient whom it is moved from: it is taken for a new one';
  return { severity: 'warning', code: 'not-found', ...(field ? { field } : {}), text };
}
