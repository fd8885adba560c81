/** How good it was, given the truth. */
import type { Link } from '../../match/cluster.ts';
import type { Scored } from '../../match/score-records.ts';

export type Figures = {
  records: number;
  persons: number;
  /** Of pairs of records that ended up in one cluster. */
  precision: number;
  recall: number;
  f1: number;
  /** Pairs of records of two persons in one cluster. */
  falseLinks: number;
  badClusters: number;
  /** Joins made of joins needed: n records of one person need n - 1. */
  clusterRecall: number;
  /** Of persons with several records, how many have all of them in one cluster. */
  wholePersons: number;
  reviewsPerRecord: number;
  reviewsPer1000Births: number;
  /** Of pairs, once a reviewer who is always right has answered every item. */
  recallAfterReview: number;
  /** Of the items that are asked, how many are one person. */
  reviewsThatJoin: number;
};

export type Known = { personOf: Map<string, string>; births: number };

/** `isPair`: of two files only pairs across count. */
export function figuresOf(scored: Scored, { personOf, births }: Known, countPairs = allPairs): Figures {
  const truth = [...Map.groupBy(personOf.keys(), (id) => personOf.get(id)!).values()];
  const clusterOf = new Map(
    scored.clusters.flatMap((members) => members.map((id) => [id, members] as const)),
  );
  const wanted = sum(truth.map(countPairs));
  const joined = sum(scored.clusters.map(countPairs));
  const right = sum(scored.clusters.map((members) => within(members, personOf, countPairs)));
  const several = truth.filter((records) => records.length > 1);
  const parts = several.map((records) => new Set(records.map((id) => clusterOf.get(id))).size);
  const needed = sum(several.map((records) => records.length - 1));
  const reviewed = review(scored, personOf);
  const after = sum(reviewed.clusters.map((members) => within(members, personOf, countPairs)));
  const [precision, recall] = [ratio(right, joined), ratio(right, wanted)];
  return {
    records: personOf.size,
    persons: truth.length,
    precision,
    recall,
    f1: ratio(2 * precision * recall, precision + recall),
    falseLinks: joined - right,
    badClusters: scored.clusters.filter((members) => new Set(members.map((id) => personOf.get(id))).size > 1)
      .length,
    clusterRecall: ratio(needed - sum(parts.map((count) => count - 1)), needed),
    wholePersons: ratio(parts.filter((count) => count === 1).length, several.length),
    reviewsPerRecord: ratio(reviewed.asked, personOf.size),
    reviewsPer1000Births: births === 0 ? 0 : (reviewed.asked / births) * 1000,
    recallAfterReview: ratio(after, wanted),
    reviewsThatJoin: ratio(reviewed.joined, reviewed.asked),
  };
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const ratio = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);
export const allPairs = ({ length }: string[]): number => (length * (length - 1)) / 2;

/** Pairs of a cluster that are truly of one person. */
const within = (members: string[], personOf: Map<string, string>, count: typeof allPairs): number =>
  members.length < 2 ? 0 : sum([...Map.groupBy(members, (id) => personOf.get(id)).values()].map(count));

/**
 * A reviewer who is always right is asked item by item, the likeliest first. An item is a pair of clusters,
 * and moot once they have been joined, or once what they were joined to has been said to be somebody else.
 */
export function review({ clusters, reviews }: Scored, personOf: Map<string, string>) {
  const groupOf = new Map(
    clusters.flatMap((members) => {
      const group = { members, others: new Set<object>() };
      return members.map((id) => [id, group] as const);
    }),
  );
  let [asked, joined] = [0, 0];
  for (const { a, b } of [...reviews].sort(byBits)) {
    const [one, two] = [groupOf.get(a)!, groupOf.get(b)!];
    if (one === two || one.others.has(two)) continue;
    asked += 1;
    if (personOf.get(a) !== personOf.get(b)) {
      one.others.add(two);
      two.others.add(one);
      continue;
    }
    joined += 1;
    for (const other of two.others as Set<typeof one>) {
      other.others.add(one);
      one.others.add(other);
    }
    one.members = [...one.members, ...two.members];
    for (const id of two.members) groupOf.set(id, one);
  }
  return { asked, joined, clusters: [...new Set(groupOf.values())].map(({ members }) => members) };
}

const byBits = (x: Link, y: Link): number => y.bits - x.bits || (`${x.a} ${x.b}` < `${y.a} ${y.b}` ? -1 : 1);
