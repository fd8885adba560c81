/**
 * Charts under the numbers that count now: the one that came in the place of theirs, or the one that is
 * frozen.
 */
import type { Identifier, Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER, SUPERSEDED_NUMBER } from '../../fhir/systems.ts';
import type { StatementState } from '../../store/facts.ts';
import { formerNumbers } from '../fold-numbers.ts';
import type { PatientState, Person } from './charts.ts';
import { type LifeCycle, numberOf } from './life-cycle.ts';

export type Renumbered = {
  said: StatementState[];
  /** A number's key as it counts now. */
  present: (key: string | null) => string | null;
  /** What the charts say whose number was replaced, by their key. */
  before: Map<string, Patient>;
};

/** The same statements where no number of theirs was replaced or frozen. */
export function renumber(states: StatementState[], life: LifeCycle): Renumbered {
  const { successors, frozen, keysOf } = life;
  const before = new Map<string, Patient>();
  const keys = new Map(
    [...successors].flatMap(([number, last]) => {
      const now = keysOf(last);
      return keysOf(number).map((key, place) => [key, now[place] as string] as const);
    }),
  );
  const present = (key: string | null) => (key === null ? null : (keys.get(key) ?? key));
  if (successors.size === 0 && frozen.size === 0) return { said: states, present, before };
  const said = states.map((state) => {
    if (state.type !== 'Patient') return state;
    const chart = state as PatientState;
    const held = heldUnder(chart, frozen);
    if (held !== null) return pin(chart, held, states);
    const last = successors.get(numberOf(chart.content) ?? '');
    if (last === undefined) return state;
    before.set(state.key, chart.content);
    return { ...chart, ref: present(state.ref), content: withNumber(chart.content, last) };
  });
  return { said, present, before };
}

/** The frozen number that a chart has, or ever had: its local identifier is of the identity that was. */
const heldUnder = (chart: PatientState, frozen: Set<string>): string | null =>
  [chart.ref, ...formerNumbers(chart)].find((key) => key !== null && frozen.has(key)) ?? null;

/** Its sender may give it another number since: it does not lead from the one identity to the other. */
function pin(chart: PatientState, key: string, states: StatementState[]): PatientState {
  if (chart.ref === key) return chart;
  const same = states.find((one) => one.type === 'Patient' && one.ref === key) as PatientState | undefined;
  const number = (same && numberOf(same.content)) ?? key;
  const identifier = (chart.content.identifier ?? []).filter(({ system }) => system !== NHS_NUMBER);
  const content = { ...chart.content, identifier: [{ system: NHS_NUMBER, value: number }, ...identifier] };
  return { ...chart, ref: key, content };
}

function withNumber(content: Patient, number: string): Patient {
  const identifier = (content.identifier ?? []).flatMap((one): Identifier[] =>
    one.system === NHS_NUMBER
      ? [
          { ...one, value: number },
          { use: 'old', system: SUPERSEDED_NUMBER, value: (one.value ?? '').replace(/\s/g, '') },
        ]
      : [one],
  );
  return { ...content, identifier };
}

/**
 * Whoever only said the number that was replaced, and is nobody whom the new one means, is shown what it
 * said: it could else learn a number that it never knew.
 */
export function restore(persons: Person[], before: Map<string, Patient>, standing: Set<string>): void {
  if (before.size === 0) return;
  for (const { charts } of persons) {
    if (charts.some(({ key }) => standing.has(key))) continue;
    for (const chart of charts) chart.content = before.get(chart.key) ?? chart.content;
  }
}
