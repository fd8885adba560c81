/**
 * A feed of several teams: each has a chart of the patient under the one identifier of their system, so that
 * every word weighs what its team's weighs. They write into one record, and who the patient is any of them
 * says for all.
 */
import type { Identifier } from '@medplum/fhirtypes';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import type { Rules, StatementState } from '../../store/facts.ts';
import { combine, isImplicit } from '../fold.ts';
import { heldBy } from '../fold-teams.ts';
import type { Pair, PatientState } from './charts.ts';

/** The key that a patient has in the whole system, whichever team says so. */
export const baseOf = (chart: Pick<StatementState, 'key' | 'times'>): string =>
  heldBy(chart)[0]?.chart ?? chart.key;

const isChart = (state: StatementState): state is PatientState =>
  state.type === 'Patient' && !isImplicit(state);

/** Charts that are of one patient because their system has one. */
export function findOneFeeds(charts: PatientState[]): Pair[] {
  return [...Map.groupBy(charts, baseOf).values()].flatMap(([first, ...others]) =>
    others.map((other): Pair => [first?.key ?? other.key, other.key]),
  );
}

/**
 * Statements with one content for all charts of a patient in one system: of each element what was said last.
 * A chart claims a number by its own team's word alone, and no more once another team gave another number.
 * A team whose care is nobody else's affair hears of the others, and tells them nothing.
 */
export function shareCharts(
  states: StatementState[],
  { keeperOf }: Pick<Rules, 'keeperOf'>,
): StatementState[] {
  const groups = Map.groupBy(states.filter(isChart), baseOf);
  if ([...groups.values()].every((group) => group.length === 1)) return states;
  return states.map((state) => {
    const group = isChart(state) ? (groups.get(baseOf(state)) ?? []) : [];
    if (group.length < 2) return state;
    const shared = group.filter((one) => one === state || keeperOf(one.service, [one]) === null);
    const { content } = combine([...shared].sort((a, b) => (a.key < b.key ? -1 : 1)));
    const ref = numberOf(content) === numberOf(state.content) ? state.ref : null;
    return { ...state, content, ref };
  });
}

const numberOf = (content: object): string | undefined =>
  (content as { identifier?: Identifier[] }).identifier?.find(({ system }) => system === NHS_NUMBER)?.value;
