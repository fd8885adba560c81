import type { Patient } from '@medplum/fhirtypes';
import { isVerified, nhsNumber } from '../../fhir/nhs-number.ts';
import { isFullName } from '../../match/names.ts';
import type { Issue } from '../../model.ts';
import type { Facts, IdentifiedRecord, StatementState } from '../../store/facts.ts';
import { leftIn } from '../care/moved.ts';
import { isImplicit } from '../fold.ts';
import { givenNames } from './charts.ts';
import { standingOf } from './merged.ts';

/**
 * The same for a number or an id that is known and for one that is not: who is not told by it, is not asked
 * by it.
 */
const UNSAID: Issue = {
  severity: 'warning',
  code: 'business-rule',
  expression: 'Patient',
  text: 'who the patient is has not been said: the message is stored; send verified NHS number, birth date and given name to say who is meant',
};

/**
 * Warns a sender of a reference that says too little to open care: neither here nor before has it said in
 * full who that is. Only what the sender itself said is looked at, so that the answer tells it nothing of
 * anybody else's.
 */
export function findUnsaid(facts: Facts, record: IdentifiedRecord, systemId: number): Issue[] {
  const left = leftIn(record);
  const referred = record.statements.filter(
    ({ key, implicit, content }) => implicit && !standingOf(content as Patient) && !left.includes(key),
  );
  const own = facts.statements.filter(
    (state) => state.type === 'Patient' && state.systemId === systemId && !isImplicit(state),
  );
  const isSaid = ({ key, content }: { key: string; content: unknown }) =>
    own.some((chart) => isMeant(chart, key, content as Patient) && saysWho(chart.content as Patient));
  return referred.every(isSaid) ? [] : [UNSAID];
}

function isMeant({ key, aliases, content }: StatementState, meant: string, said: Patient): boolean {
  const number = nhsNumber(said)?.value;
  return (
    key === meant ||
    aliases?.includes(meant) === true ||
    (number !== undefined && nhsNumber(content as Patient)?.value === number)
  );
}

function saysWho(patient: Patient): boolean {
  const number = nhsNumber(patient);
  return Boolean(number && isVerified(number) && patient.birthDate && isFullName(givenNames(patient)));
}
