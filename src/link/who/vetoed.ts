import type { Patient } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import type { Issue } from '../../model.ts';
import type { Facts, IdentifiedRecord, IdentifiedStatement, Plan } from '../../store/facts.ts';
import { isImplicit } from '../fold.ts';
import type { PatientState } from './charts.ts';
import { chartsMeant, mergeIn, placeOf, standingOf } from './merged.ts';
import { isVetoed } from './persons.ts';

/**
 * Tells a sender of a merge that joins nobody, since by its own word the two charts are of two people. Where
 * its message says nothing else (A40 and its like) that is an error, for which the message is held: an answer
 * that it was taken would be believed. Of a chart that says more beside, all else is taken, with a warning: a
 * death must not wait for a link. Only what the sender said itself is looked at, so that the answer tells it
 * nothing of anybody else's.
 */
export function findVetoed(facts: Facts, plan: Plan, record: IdentifiedRecord, systemId: number): Issue[] {
  const isOwn = (state: Facts['statements'][number]): state is PatientState =>
    state.type === 'Patient' && state.systemId === systemId;
  const before = facts.statements.filter(isOwn);
  const now = new Map([...before, ...plan.statements.filter(isOwn)].map((state) => [state.key, state]));
  const areTwo = (one?: PatientState, other?: PatientState): boolean =>
    one !== undefined && other !== undefined && one.person !== other.person && isVetoed(one, other);
  const told = before.filter((state) => !isImplicit(state));
  return record.statements.flatMap((said): Issue[] => {
    const merged = mergeIn(said);
    const into = merged && now.get(standingOf(merged.content) ?? '');
    const held = merged && chartsMeant(merged, told).some(({ key }) => areTwo(now.get(key), into));
    const linked = !merged && linksOf(said).some((id) => areTwo(now.get(said.key), now.get(id)));
    if (!held && !linked) return [];
    const field = placeOf(record, said);
    const severity = held ? 'error' : 'warning';
    return [{ severity, code: 'business-rule', ...(field ? { field } : {}), text: TWO_PEOPLE }];
  });
}

const linksOf = ({ type, content }: IdentifiedStatement): string[] =>
  (type === 'Patient' ? ((content as Patient).link ?? []) : []).flatMap(({ type: how, other }) =>
    how === 'replaced-by' || how === 'replaces' ? (idOf(other.reference, 'Patient') ?? []) : [],
  );

const TWO_PEOPLE =
  'nothing was merged: by verified NHS number, birth date or order of birth the two charts are of two people';
