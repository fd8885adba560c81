/**
 * The life of an NHS number after it was given: replaced as a duplicate, invalid, or of a changed identity
 * (docs/linking.md). National signals say so, and of an identity change the operator.
 */
import type { Patient } from '@medplum/fhirtypes';
import { isValidNhsNumber } from '../../fhir/nhs-number.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import type { Rules, StatementState } from '../../store/facts.ts';
import { latest } from '../care/spells.ts';
import { formerNumbers } from '../fold-numbers.ts';
import { isCompatible, type PatientState } from './charts.ts';
import { joiningKey, numberKey } from './keys.ts';
import { codeOf, readSignal, type Signal, signalsIn } from './signals.ts';

export type LifeCycle = {
  signals: Signal[];
  /** Numbers that were replaced as duplicates, each with the one that came in its place in the end. */
  successors: Map<string, string>;
  /** Replaced, by what is not known: what was joined by it stays so. */
  waiting: Set<string>;
  /** Keys of numbers that join nobody: invalid, or changed in a way that was not said. */
  invalid: Set<string>;
  /** Keys of numbers of a changed identity, and of those that they replaced. */
  frozen: Set<string>;
  keysOf: (number: string) => string[];
};

const isPatient = (state: StatementState): state is PatientState => state.type === 'Patient';

/** `frozen`: keys of numbers that the operator froze. */
export function readLifeCycle(
  states: StatementState[],
  frozen: string[],
  { key, evidence }: Pick<Rules, 'key' | 'evidence'>,
): LifeCycle {
  const signals = signalsIn(states, evidence);
  const keysOf = (number: string) => [numberKey(number, key), joiningKey(number, key)];
  const changes = Map.groupBy(
    signals.filter(({ content }) => codeOf(content) === 'number-change'),
    (signal) => readSignal(signal).number,
  );
  const life: LifeCycle = {
    ...{ signals, successors: new Map(), waiting: new Set(), invalid: new Set() },
    ...{ frozen: new Set(frozen), keysOf },
  };
  const replaced: string[] = [];
  for (const [number, said] of changes) {
    const status = statusOf(said);
    if (status === 'superseded') replaced.push(number);
    else addAll(status === 'invalidated' ? life.invalid : life.frozen, keysOf(number));
  }
  // An identity change leads nowhere, whatever else is said of its number.
  const known = replaced.filter((number) => !isAny(life.frozen, keysOf(number)));
  findSuccessors(known, { changes, states, charts: states.filter(isPatient), life });
  for (const [number, last] of life.successors)
    if (isAny(life.frozen, keysOf(last))) addAll(life.frozen, keysOf(number));
  return life;
}

const isAny = (keys: Set<string>, some: string[]): boolean => some.some((one) => keys.has(one));
function addAll(keys: Set<string>, more: string[]): void {
  for (const one of more) keys.add(one);
}

type Known = { states: StatementState[]; charts: PatientState[]; life: LifeCycle };

function findSuccessors(numbers: string[], known: Known & { changes: Map<string, Signal[]> }): void {
  const { changes, charts, life } = known;
  const next = new Map<string, string>();
  for (const number of numbers) {
    const named = namedIn(changes.get(number) ?? []) ?? foundFor(number, known);
    if (named !== undefined && named !== number) next.set(number, named);
  }
  for (const number of numbers) {
    const last = endOf(number, next);
    if (last === undefined) life.waiting.add(number);
    else life.successors.set(number, last);
  }
  dropContradicted(charts, life);
}

type Status = 'superseded' | 'invalidated' | 'identity-change';

/** An identity change is one for good; else what was said last counts. */
function statusOf(said: Signal[]): Status {
  const read = said
    .map((one) => ({ ...readSignal(one), at: latest(one) }))
    .sort((a, b) => (a.at < b.at ? 1 : -1));
  if (read.some(({ cause }) => cause === 'identity-change')) return 'identity-change';
  const status = read.find((one) => one.status !== undefined)?.status;
  if (status === 'I') return 'invalidated';
  return status === 'R' || read.some(({ replacedBy }) => replacedBy !== undefined)
    ? 'superseded'
    : 'invalidated';
}

function namedIn(said: Signal[]): string | undefined {
  const newest = [...said].sort((a, b) => (latest(a) < latest(b) ? 1 : -1));
  return newest.map((one) => readSignal(one).replacedBy).find((one) => isValidNhsNumber(one ?? ''));
}

/**
 * What came in the place of a number, where the signal does not say: the one number that a sender gives now
 * for a chart which had this one, or for the chart with which it merged one that has it.
 */
function foundFor(number: string, { states, charts, life: { keysOf } }: Known): string | undefined {
  const keys = keysOf(number);
  const has = ({ ref }: PatientState) => keys.includes(ref ?? '');
  const moved = charts.filter((one) => !has(one) && formerNumbers(one).some((key) => keys.includes(key)));
  const byKey = new Map(charts.map((chart) => [chart.key, chart]));
  const into = states.flatMap(({ type, chart, ref }) => {
    const [old, one] = [byKey.get(chart), byKey.get(ref ?? '')];
    return type === 'Linkage' && old && one && has(old) && !has(one) ? one : [];
  });
  const numbers = new Set(
    [...moved, ...into].flatMap((one) => (one.ref === null ? [] : (numberOf(one.content) ?? []))),
  );
  return numbers.size === 1 ? [...numbers][0] : undefined;
}

/** The last of a chain; undefined where it leads nowhere, or in a circle. */
function endOf(number: string, next: Map<string, string>): string | undefined {
  const seen = new Set([number]);
  let last = next.get(number);
  while (last !== undefined && !seen.has(last)) {
    seen.add(last);
    const further = next.get(last);
    if (further === undefined) return last;
    last = further;
  }
  return undefined;
}

/**
 * Of a number whose charts contradict those of the one that is said to have come in its place, or of another
 * that went the same way, people look first: it joins its own charts as before.
 */
function dropContradicted(charts: PatientState[], { successors, waiting, keysOf }: LifeCycle): void {
  const of = (number: string) =>
    charts.filter(({ ref, aside }) => !aside && keysOf(number).includes(ref ?? ''));
  const differ = (one: string, other: string) =>
    of(one).some((a) => of(other).some((b) => !isCompatible(a.content, b.content)));
  const drop = (numbers: string[]) => {
    for (const number of numbers) {
      successors.delete(number);
      waiting.add(number);
    }
  };
  drop([...successors].filter(([number, last]) => differ(number, last)).map(([number]) => number));
  const rest = [...successors];
  drop(
    rest
      .filter(([one, last]) =>
        rest.some(([other, same]) => one !== other && same === last && differ(one, other)),
      )
      .map(([number]) => number),
  );
}

export const numberOf = ({ identifier }: Patient): string | undefined =>
  identifier?.find(({ system }) => system === NHS_NUMBER)?.value?.replace(/\s/g, '');
