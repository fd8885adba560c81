import { compareGiven } from '../../match/names.ts';
import type { Evidence, Weight } from '../../model.ts';
import { type Births, findBirths } from './births.ts';
import {
  givenNames,
  isCompatible,
  isLinkable,
  type Pair,
  type PatientState,
  verifiedNumber,
} from './charts.ts';

/** A chart whose claim to a number is set aside for those who outrank it: for people to look at. */
export type Contest = { ref: string; chart: PatientState; against: PatientState[] };

/** Keys of numbers that identify nobody: of several people (`tainted`), or none of anybody's (`invalid`). */
type Given = { tainted: Set<string>; invalid: Set<string>; evidence: Evidence; caredFor: Set<string> };
export type Settled = {
  /** Charts whose claim to a number stands, by number; none where it is tainted or in dispute. */
  claimants: Map<string, PatientState[]>;
  /** Charts of one service that agree on a number, by service and number (`ownNumber`). */
  own: Map<string, PatientState[]>;
  /** Charts that one number makes one person: each list as a whole, or none of it. */
  joined: Pair[][];
  disputed: { ref: string; charts: PatientState[] }[];
  contests: Contest[];
};

/**
 * Whose claims to a number stand, weighed by who makes them (policy/evidence.yaml), in whatever order they
 * came. A number is in dispute, and joins nobody, where those who may suspend it contradict one another.
 * Whoever may not is left out by a contradiction and changes nothing for the rest. What a service's own
 * charts say of one another is the same whatever others say: they could else tell that others have the
 * number.
 */
export function settleNumbers(claims: PatientState[], given: Given): Settled {
  const births = findBirths(claims, given);
  const settled: Settled = { claimants: new Map(), own: new Map(), joined: [], disputed: [], contests: [] };
  const weightOf = ({ sector }: PatientState) => given.evidence.weights.get(sector ?? '');
  const claiming = claims.filter((chart) => isItsClaim(chart, weightOf(chart), given.caredFor));
  for (const [ref, charts] of Map.groupBy(claiming, (chart) => chart.ref as string)) {
    if (given.tainted.has(ref)) continue;
    for (const [service, own] of Map.groupBy(charts, (chart) => chart.service)) {
      if (!areAlike(own, isAlike)) continue;
      settled.own.set(ownNumber(service, ref), own);
      // Within the records of one sender an invalid number still says whom they mean, and no more.
      if (!given.invalid.has(ref)) settled.joined.push(joinAll(own.filter(isLinkable)));
    }
    if (given.invalid.has(ref)) continue;
    const standing = settle(charts, { weightOf, births, caredFor: given.caredFor });
    if (standing.disputed) settled.disputed.push({ ref, charts });
    else {
      settled.claimants.set(ref, standing.kept);
      settled.joined.push(joinAll(standing.kept.filter(births.isJoinable)));
    }
    for (const chart of standing.left) settled.contests.push({ ref, chart, against: standing.kept });
  }
  const joining = claims.filter((chart) => weightOf(chart)?.number === 'joins');
  const standing = [...settled.claimants.values()].flat();
  for (const chart of joining) {
    if (given.tainted.has(chart.ref ?? '')) continue;
    const known = standing.filter((one) => verifiedNumber(one) === verifiedNumber(chart));
    const joined = joinOne(chart, known);
    settled.joined.push(joined);
    const [first] = known;
    if (first && known.some((one) => !isCompatible(one.content, chart.content)))
      settled.contests.push({ ref: first.ref as string, chart, against: known });
  }
  return settled;
}

export const ownNumber = (service: string, ref: string): string => `${service} ${ref}`;

function joinAll([first, ...rest]: PatientState[]): Pair[] {
  return rest.map((other) => [first?.key ?? '', other.key]);
}

type Agree = Births['agree'];
const isAlike: Agree = (a, b) => isCompatible(a.content, b.content);
const agrees = (a: PatientState, others: PatientState[], agree: Agree): boolean =>
  others.every((b) => a === b || agree(a, b));
const areAlike = (charts: PatientState[], agree: Agree): boolean =>
  charts.every((one) => agrees(one, charts, agree));

/** Some establish the number of their own patients only. */
const isItsClaim = ({ key }: PatientState, weight: Weight | undefined, caredFor: Set<string>): boolean =>
  weight?.number === 'establishes' || (weight?.number === 'own-patient' && caredFor.has(key));

type Weighing = {
  weightOf: (chart: PatientState) => Weight | undefined;
  births: Births;
  caredFor: Set<string>;
};
type Standing = { kept: PatientState[]; left: PatientState[]; disputed: boolean };

/**
 * In ranks, each of whom gives way to those above: a national record, who may contest (some for their own
 * patients only), own patients of anybody else, and the rest.
 */
function settle(charts: PatientState[], { weightOf, births: { agree }, caredFor }: Weighing): Standing {
  const rankOf = (chart: PatientState): number => {
    const word = weightOf(chart)?.contest;
    const isOwn = caredFor.has(chart.key);
    if (word === 'everything') return 0;
    return word === 'below-A' || (word === 'own-patient' && isOwn) ? 1 : isOwn ? 2 : 3;
  };
  const ranks = Map.groupBy(charts, rankOf);
  const kept: PatientState[] = [];
  for (const [, rank] of [...ranks].sort(([a], [b]) => a - b)) {
    const near = rank.filter((chart) => agrees(chart, kept, agree));
    // Those of the first who contradict one another put the number in dispute; later ones are out of it.
    if (kept.length === 0 && !areAlike(near, agree)) return { kept: [], left: [], disputed: true };
    kept.push(...near.filter((chart) => agrees(chart, near, agree)));
  }
  return { kept, left: charts.filter((chart) => !kept.includes(chart)), disputed: false };
}

/** A chart that joins whom others established: number, birth date and given name all agree. */
function joinOne(chart: PatientState, known: PatientState[]): Pair[] {
  const [first] = known.filter(
    (one) =>
      isLinkable(one) &&
      one.content.birthDate === chart.content.birthDate &&
      compareGiven(givenNames(one.content), givenNames(chart.content)) === 'agree',
  );
  return first && isLinkable(chart) ? [[first.key, chart.key]] : [];
}
