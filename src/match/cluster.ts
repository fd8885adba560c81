/** Which records are one person, given what was decided of their pairs: never plain union-find. */
import type { Reason } from './decide.ts';

/** `bits`: the lowest total; stronger links go first. */
export type Link = { a: string; b: string; bits: number; reason: Reason };
/** What is asked of a record here; `nameless`: it has neither given nor family name. */
export type Member = { id: string; nameless: boolean };
/** May the two not be in one cluster, whatever leads from one to the other? */
export type IsVetoed = (a: string, b: string) => boolean;
export type Clustered = {
  /** Every record is in one; members and clusters are sorted. */
  clusters: string[][];
  /** Links that a veto kept from joining: for people to look at. */
  refused: Link[];
};

/**
 * Joins two clusters only where no member of one is vetoed against any of the other. A record that leads to
 * two clusters which are not one person joins neither of them, since which it belongs to is not known. The
 * result is the same for every order of records and links.
 */
export function cluster(records: Member[], links: Link[], isVetoed: IsVetoed): Clustered {
  const clusters: string[][] = [];
  const refused: Link[] = [];
  for (const part of partsOf(records, links)) {
    const done = clusterPart(part, isVetoed);
    clusters.push(...done.clusters);
    refused.push(...done.refused);
  }
  return {
    clusters: clusters.map((members) => members.sort()).sort((x, y) => compareText(x[0]!, y[0]!)),
    refused: refused.sort(compareLinks),
  };
}

type Part = { records: Member[]; links: Link[] };

/** Records that links lead to from one another, so that each part is small; this joins nobody yet. */
function partsOf(records: Member[], links: Link[]): Part[] {
  const linksOf = Map.groupBy(
    links.flatMap((link) => [
      { end: link.a, link },
      { end: link.b, link },
    ]),
    ({ end }) => end,
  );
  const byId = new Map(records.map((record) => [record.id, record]));
  const seen = new Set<string>();
  const parts: Part[] = [];
  for (const record of records) {
    if (seen.has(record.id)) continue;
    seen.add(record.id);
    const part: Part = { records: [record], links: [] };
    const found = new Set<Link>();
    for (const { id } of part.records) {
      for (const { link } of linksOf.get(id) ?? []) {
        found.add(link);
        const other = link.a === id ? link.b : link.a;
        const next = byId.get(other);
        if (!next || seen.has(other)) continue;
        seen.add(other);
        part.records.push(next);
      }
    }
    part.links = [...found].sort(compareLinks);
    parts.push(part);
  }
  return parts;
}

const compareText = (x: string, y: string): number => (x < y ? -1 : x > y ? 1 : 0);
const nameOf = ({ a, b }: Link): string => (a < b ? `${a}\u0000${b}` : `${b}\u0000${a}`);
const compareLinks = (x: Link, y: Link): number => y.bits - x.bits || compareText(nameOf(x), nameOf(y));

function clusterPart({ records, links }: Part, isVetoed: IsVetoed): Clustered {
  const firm = links.filter(({ reason }) => reason !== 'number-without-name');
  const left = new Set<string>();
  let joined = joinFirm(records, firm, { left, isVetoed });
  while (joined.astray.size > 0) {
    for (const id of joined.astray) left.add(id);
    joined = joinFirm(records, firm, { left, isVetoed });
  }
  const { clusterOf, refused } = joined;
  refused.push(...joinNameless(records, links, { clusterOf, isVetoed }));
  return { clusters: [...new Set(clusterOf.values())], refused };
}

type Clusters = Map<string, string[]>;

/** Strongest links first. `left` join nobody; `astray` lead to two clusters, and are to be left next time. */
function joinFirm(
  records: Member[],
  links: Link[],
  { left, isVetoed }: { left: Set<string>; isVetoed: IsVetoed },
) {
  const clusterOf: Clusters = new Map(records.map(({ id }) => [id, [id]]));
  const refused: Link[] = [];
  const astray = new Set<string>();
  for (const link of links) {
    const [one, two] = [clusterOf.get(link.a)!, clusterOf.get(link.b)!];
    if (one === two) continue;
    if (left.has(link.a) || left.has(link.b)) refused.push(link);
    else if (isFree(one, two, isVetoed)) merge(clusterOf, one, two);
    else {
      refused.push(link);
      // Who is vetoed against the other cluster is on its own side; who is not leads to both.
      if (one.length > 1 && !two.some((y) => isVetoed(link.a, y))) astray.add(link.a);
      if (two.length > 1 && !one.some((x) => isVetoed(link.b, x))) astray.add(link.b);
    }
  }
  return { clusterOf, refused, astray };
}

const isFree = (one: string[], two: string[], isVetoed: IsVetoed): boolean =>
  one.every((x) => two.every((y) => !isVetoed(x, y)));

function merge(clusterOf: Clusters, one: string[], two: string[]): void {
  const members = [...one, ...two];
  for (const member of members) clusterOf.set(member, members);
}

/** A record without a name is the one person whom its number and birth date lead to, if they lead to one. */
function joinNameless(
  records: Member[],
  links: Link[],
  { clusterOf, isVetoed }: { clusterOf: Clusters; isVetoed: IsVetoed },
): Link[] {
  const bare = links.filter(({ reason }) => reason === 'number-without-name');
  const nameless = records.flatMap(({ id, nameless: is }) => (is ? [id] : [])).sort(compareText);
  const found = nameless.flatMap((id) => {
    const own = bare.filter(({ a, b }) => a === id || b === id);
    const people = [...new Set(own.map(({ a, b }) => clusterOf.get(a === id ? b : a)!))];
    return own.length > 0 ? [{ id, own, person: people.length === 1 ? people[0] : undefined }] : [];
  });
  return found.flatMap(({ id, own, person }) => {
    const [one, two] = [clusterOf.get(id)!, person && clusterOf.get(person[0]!)];
    // Other evidence may have joined them already.
    if (one === two) return [];
    if (!two || !isFree(one, two, isVetoed)) return own;
    merge(clusterOf, one, two);
    return [];
  });
}
