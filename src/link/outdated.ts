import { canonicalText } from '../fhir/references.ts';
import type { Issue } from '../model.ts';
import type { Facts, IdentifiedRecord, IdentifiedStatement, Plan, StatementState } from '../store/facts.ts';
import { instantOf, latest } from './care/spells.ts';
import { CHART, expand } from './parts.ts';

type Stands = Pick<StatementState, 'content' | 'chart'>;

/**
 * Warns a sender of what it said too late: it said something else since, by its own time, and that stands.
 * Only what it said itself is looked at.
 */
export function findOutdated(
  facts: Facts,
  plan: Plan,
  { statements, saidAt }: IdentifiedRecord,
  systemId: number,
): Issue[] {
  const keys = new Set(statements.map(({ key }) => key));
  const own = facts.statements.filter((state) => keys.has(state.key) && state.systemId === systemId);
  const known = new Map(own.map((state) => [state.key, state]));
  const late = statements.flatMap((said) => {
    const before = said.implicit ? undefined : known.get(said.key);
    return before && isLater(latest(before), saidAt) ? [{ said, before }] : [];
  });
  if (late.length === 0) return [];
  const now = new Map(plan.statements.map((state) => [state.key, state]));
  const lost = late.filter(({ said, before }) => !stands(said, now.get(said.key) ?? before));
  return [...new Set(lost.map(({ said }) => said.type))].map((type) => outdated(type, saidAt));
}

/** What was assumed gives way to whatever is said. */
const isLater = (stamp: string, saidAt: string): boolean =>
  !stamp.startsWith('!') && instantOf(stamp) > saidAt;

/** True where every part of what was said is now as it was said; what is only assumed may be otherwise. */
function stands(said: IdentifiedStatement, now: Stands): boolean {
  const parts = expand(now, false);
  const { assumed = [] } = said;
  return Object.entries(expand(said, false)).every(
    ([part, value]) =>
      part === CHART || assumed.includes(part) || canonicalText(value) === canonicalText(parts[part]),
  );
}

const outdated = (type: string, saidAt: string): Issue => ({
  severity: 'warning',
  code: 'conflict',
  expression: type,
  text: `said at ${saidAt}, and otherwise since by you: it is stored, and what you said since stands`,
});
