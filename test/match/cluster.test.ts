import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cluster, type Link, type Member } from '../../src/match/cluster.ts';

const ids = 'abcdefgh'.split('');
const members: Member[] = ids.map((id) => ({ id, nameless: id === 'h' }));
const pairOf = (a: string, b: string) => [a, b].sort().join();
const link = (a: string, b: string, bits = 10, reason: Link['reason'] = 'number'): Link => ({
  a,
  b,
  bits,
  reason,
});
const vetoing =
  (...pairs: string[]) =>
  (a: string, b: string) =>
    pairs.includes(pairOf(a, b));
const groupsOf = ({ clusters }: { clusters: string[][] }) =>
  clusters.filter(({ length }) => length > 1).map((group) => group.join(''));

describe('clusters', () => {
  it('are what links lead to', () => {
    expect(groupsOf(cluster(members, [link('a', 'b'), link('c', 'b')], vetoing()))).toEqual(['abc']);
  });
  it('leave out whoever leads to two people who are not one', () => {
    const done = cluster(members, [link('a', 'b', 12), link('b', 'c')], vetoing('a,c'));
    expect(groupsOf(done)).toEqual([]);
    expect(done.refused.map(({ a, b }) => pairOf(a, b))).toEqual(['a,b', 'b,c']);
  });
  it('keep the rest of both people together', () => {
    const links = [link('a', 'b', 20), link('c', 'd', 20), link('b', 'e'), link('d', 'e')];
    expect(groupsOf(cluster(members, links, vetoing('a,c', 'a,d', 'b,c', 'b,d')))).toEqual(['ab', 'cd']);
  });
  it('take in a record without a name where its number leads to one person', () => {
    const bare = [link('h', 'a', 9, 'number-without-name'), link('h', 'b', 9, 'number-without-name')];
    expect(groupsOf(cluster(members, bare, vetoing()))).toEqual([]);
    expect(groupsOf(cluster(members, [...bare, link('a', 'b')], vetoing()))).toEqual(['abh']);
  });
});

const name = fc.constantFrom(...ids);
const links = fc.array(
  fc.record({
    a: name,
    b: name,
    bits: fc.integer({ min: 8, max: 11 }),
    reason: fc.constantFrom<Link['reason']>('number', 'demographics', 'number-without-name'),
  }),
  { maxLength: 14 },
);
const vetoes = fc.array(fc.tuple(name, name), { maxLength: 6 });
const oneEach = (all: Link[]) => [
  ...new Map(all.flatMap((one) => (one.a === one.b ? [] : [[pairOf(one.a, one.b), one]]))).values(),
];

it('no cluster holds two records that are vetoed, and every record is in one', () => {
  fc.assert(
    fc.property(links, vetoes, (all, barred) => {
      const isVetoed = vetoing(...barred.map(([a, b]) => pairOf(a, b)));
      const { clusters } = cluster(members, oneEach(all), isVetoed);
      expect(clusters.flat().sort()).toEqual(ids);
      for (const group of clusters)
        for (const a of group) for (const b of group) expect(a !== b && isVetoed(a, b)).toBe(false);
    }),
  );
});

it('any order of records, links and ends gives the same clusters', () => {
  fc.assert(
    fc.property(links, vetoes, fc.infiniteStream(fc.nat()), (all, barred, order) => {
      const isVetoed = vetoing(...barred.map(([a, b]) => pairOf(a, b)));
      const shuffled = <T>(list: T[]) =>
        list
          .map((one) => ({ one, at: order.next().value ?? 0 }))
          .sort((x, y) => x.at - y.at)
          .map(({ one }) => one);
      const given = oneEach(all);
      const turned = shuffled(given).map((one) => (one.bits % 2 ? one : { ...one, a: one.b, b: one.a }));
      const again = cluster(shuffled(members), turned, isVetoed);
      const first = cluster(members, given, isVetoed);
      expect(again.clusters).toEqual(first.clusters);
      expect(again.refused.map(({ a, b }) => pairOf(a, b))).toEqual(
        first.refused.map(({ a, b }) => pairOf(a, b)),
      );
    }),
  );
});
