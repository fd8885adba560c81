import type { Identifier, Resource } from '@medplum/fhirtypes';
import type { Issue } from '../../model.ts';
import type { Facts, IdentifiedRecord, IdentifiedStatement, StatementState } from '../../store/facts.ts';
import { isImplicit } from '../fold.ts';

type Asked = { record: IdentifiedRecord; left: Issue[]; refused: Issue[] };

/**
 * A record without what its sender wanted said only if it has not said it before, and what it is told of
 * that. Only what the sender itself said is looked at: the answer tells it nothing of anybody else's.
 */
export function leaveKnown(facts: Facts, record: IdentifiedRecord, systemId: number): Asked {
  const asked: Asked = { record, left: [], refused: [] };
  if (!record.statements.some(({ unlessKnown }) => unlessKnown !== undefined)) return asked;
  const own = facts.statements.filter((state) => state.systemId === systemId && !isImplicit(state));
  const said = new Set(own.map(({ key }) => key));
  const statements = record.statements.filter((one) => {
    if (one.unlessKnown === undefined) return true;
    const isSaid = said.has(one.key);
    said.add(one.key);
    if (isSaid) asked.left.push(leftAlone(one.unlessKnown));
    else if (own.some((state) => isAlsoOf(state, one))) asked.refused.push(another(one.unlessKnown));
    return !isSaid;
  });
  return { ...asked, record: { ...record, statements } };
}

const leftAlone = (field: string): Issue => ({
  severity: 'information',
  code: 'duplicate',
  field,
  text: `${field} has been sent before, and request.ifNoneExist leaves it as it was said then`,
});

const another = (field: string): Issue => ({
  severity: 'error',
  code: 'conflict',
  field,
  text: `${field}: request.ifNoneExist finds another of yours, which is told apart by another identifier: refer to that`,
});

/** One of the same type that shares an identifier. */
function isAlsoOf(state: StatementState, { type, content }: IdentifiedStatement): boolean {
  const names = namesOf(content);
  return state.type === type && namesOf(state.content).some((name) => names.includes(name));
}

function namesOf(resource: Resource): string[] {
  const { identifier = [] } = resource as { identifier?: Identifier | Identifier[] };
  return [identifier].flat().flatMap(({ system = '', value }) => (value ? [`${system}|${value}`] : []));
}
