/**
 * Who is under a safety hold. It was placed on charts, and holds whoever they are found to be: the persons
 * that any of these charts is of, and those that would be one person with them but for a dispute, a
 * decision or a merge that was taken back. So neither joining nor parting ends a hold, in whatever order
 * messages come; only a review does.
 */
import { compareGiven } from '../../match/names.ts';
import type { StatementState } from '../../store/facts.ts';
import {
  givenNames,
  type Pair,
  type PatientState,
  type Person,
  pairName,
  verifiedNumber,
} from '../who/charts.ts';
import { decisionOf, REVIEWERS } from '../who/decided.ts';
import { isVetoed } from '../who/persons.ts';
import { HOLD, safetyIn } from './statements.ts';

/**
 * `placed`: persons with a chart on which a hold was placed. `held`: these, and those that it reaches. Who is
 * only reached is held alike and never told so: else a chart made up with somebody's number would tell
 * its sender of the hold.
 */
export type Held = { placed: ReadonlySet<Person>; held: ReadonlySet<Person> };

export function findHeld(states: StatementState[], persons: Person[], key: Buffer): Held {
  const said = safetyIn(states, HOLD);
  const placed = said.filter(({ content }) => content.status === 'active');
  if (placed.length === 0) return { placed: new Set(), held: new Set() };
  const isOf = ({ charts }: Person, { chart }: { chart: string }) => charts.some((one) => one.key === chart);
  const reviewedAt = (person: Person): string =>
    said
      .filter((one) => one.content.status !== 'active' && isOf(person, one))
      .reduce((last, { base }) => (base > last ? base : last), '');
  const isAlike = alikeIn(states, key);
  const reached = placed.flatMap((hold) =>
    reachableFrom(
      persons.filter((person) => isOf(person, hold)),
      persons,
      isAlike,
    ).filter((person) => hold.base > reviewedAt(person)),
  );
  const own = persons.filter((person) => placed.some((hold) => isOf(person, hold)));
  return { placed: new Set(own), held: new Set([...own, ...reached]) };
}

type IsAlike = (one: Person, other: Person) => boolean;

function reachableFrom(start: Person[], persons: Person[], isAlike: IsAlike): Person[] {
  const found = [...start];
  for (const one of found)
    found.push(...persons.filter((other) => !found.includes(other) && isAlike(one, other)));
  return found;
}

/** One number, birth date and given name; or their sender, or people, once said that they are one. */
function alikeIn(states: StatementState[], key: Buffer): IsAlike {
  const linked = new Set(
    states.filter(({ type }) => type === 'Linkage').flatMap((state) => pairsOnce(state, key)),
  );
  const areAlike = (a: PatientState, b: PatientState): boolean =>
    isSameIdentity(a, b) ||
    ((linked.has(pairName(a.key, b.key)) || linked.has(pairName(b.key, a.key))) && !isVetoed(a, b));
  return (one, other) => one.charts.some((a) => other.charts.some((b) => areAlike(a, b)));
}

/** Whatever became of it since: a merge of one sender, or a decision that two charts are one person. */
function pairsOnce({ key: id, chart, ref, sector }: StatementState, key: Buffer): string[] {
  if (ref === null) return [];
  const pair: Pair = [chart, ref];
  const isDecided = sector === REVIEWERS;
  return !isDecided || ONCE_ONE.some((verdict) => decisionOf(key, pair, { verdict }).key === id)
    ? [pairName(...pair)]
    : [];
}
/** A chart that was set apart was one with the others before. */
const ONCE_ONE = ['same', 'different'] as const;

function isSameIdentity(a: PatientState, b: PatientState): boolean {
  const number = verifiedNumber(a);
  const born = a.content.birthDate ?? '';
  return (
    number !== undefined &&
    number === verifiedNumber(b) &&
    born.length === 10 &&
    born === b.content.birthDate &&
    compareGiven(givenNames(a.content), givenNames(b.content)) !== 'conflict'
  );
}
