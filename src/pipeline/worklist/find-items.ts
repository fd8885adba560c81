/** The worklist as it is now: what was decided, or has come together by itself, is not on it. */
import { isStatutory } from '../../access/decide/decide.ts';
import { labelOf, mayRestrict } from '../../access/decide/link-rules.ts';
import { MATCHING } from '../../access/decide/matching.ts';
import { inTurns } from '../../doors/turns.ts';
import { pairName } from '../../link/who/charts.ts';
import { REVIEWERS } from '../../link/who/decided.ts';
import type { Link } from '../../match/cluster.ts';
import { compare } from '../../match/compare.ts';
import { readPatient } from '../../match/from-patient.ts';
import { ALL_RULES, scoreInSteps } from '../../match/score-records.ts';
import {
  type ChartToCompare,
  chartsToCompare,
  decidedApart,
  findMotherless,
  type Motherless,
} from '../../save/worklist.ts';
import type { Db } from '../../store/pool.ts';
import { compareItems, type Item, itemId } from '../../work/worklist/item.ts';

const PAGE = 10_000;

/** The worst first. None says yet whether it was put off. Reads every chart there is. */
export async function findItems(db: Db, key: Buffer): Promise<Item[]> {
  const charts = await readCharts(db);
  const babies = (await findMotherless(db, REVIEWERS)).map((one) => babyItem(key, one));
  return [...(await findLikely(db, key, charts)), ...babies].sort(compareItems);
}

async function readCharts(db: Db): Promise<ChartToCompare[]> {
  const charts: ChartToCompare[] = [];
  for (let after = '0'; ; ) {
    const page = await chartsToCompare(db, after, PAGE);
    charts.push(...page);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return charts;
    after = last.seq;
  }
}

type Scored = { link: Link; likely: Item['likely'] };

/** Pairs of persons who may be one: once for each, by what says most. */
async function findLikely(db: Db, key: Buffer, charts: ChartToCompare[]): Promise<Item[]> {
  const byKey = new Map(charts.map((chart) => [chart.key, chart]));
  const of = (chart: string) => byKey.get(chart) as ChartToCompare;
  const asOf = new Date().toISOString();
  const records = charts.map(({ key: id, system, content, verified }) =>
    readPatient(content, { id, source: system, verified, asOf }),
  );
  const isSilent = silentAmong(charts);
  const isAsked = (a: { id: string }, b: { id: string }) =>
    of(a.id).person !== of(b.id).person && !isSilent(of(a.id)) && !isSilent(of(b.id));
  const scoring = scoreInSteps(records, MATCHING, { ...ALL_RULES, isAsked });
  const { links, reviews, records: compared } = await inTurns(scoring);
  const apart = new Set(
    (await decidedApart(db, REVIEWERS)).flatMap(([one, other]) => {
      const [a, b] = [byKey.get(one)?.person ?? one, byKey.get(other)?.person ?? other];
      return [pairName(a, b), pairName(b, a)];
    }),
  );
  const scored: Scored[] = [
    ...links.map((link): Scored => ({ link, likely: 'the rules would join them' })),
    ...reviews.map((link): Scored => ({ link, likely: 'for review' })),
  ].filter(({ link }) => !apart.has(pairName(of(link.a).person, of(link.b).person)));
  const pairs = Map.groupBy(scored, ({ link }) => [of(link.a).person, of(link.b).person].sort().join(' '));
  // By whichever of their charts.
  const verified = new Set(charts.flatMap((chart) => (chart.verified ? [chart.person] : [])));
  const byId = new Map(compared.map((record) => [record.id, record]));
  return [...pairs].map(([name, all]) => {
    const best = all.reduce((most, one) => (one.link.bits > most.link.bits ? one : most));
    const { a, b } = best.link;
    const [one, other] = [byId.get(a), byId.get(b)];
    const evidence = one && other ? compare(one, other, MATCHING) : null;
    const ids = name.split(' ');
    return pairItem(key, { ids, all, of, evidence, verified: ids.filter((id) => verified.has(id)) });
  });
}

/**
 * Of which charts nobody is asked: those that their sender labelled, and all of a person who is held, or whom
 * a label restricts by the word of somebody who may say so.
 */
function silentAmong(charts: ChartToCompare[]): (chart: ChartToCompare) => boolean {
  const isLabelled = ({ content }: ChartToCompare) => labelOf(content) !== null;
  const sealed = new Set(
    charts
      .filter((chart) => chart.sealed || (isLabelled(chart) && mayRestrict(chart.sector)))
      .map(({ person }) => person),
  );
  return (chart) => isLabelled(chart) || sealed.has(chart.person);
}

type Pair = {
  ids: string[];
  all: Scored[];
  of: (chart: string) => ChartToCompare;
  evidence: Pick<Item, 'levels' | 'guards'> | null;
  verified: string[];
};

function pairItem(key: Buffer, { ids, all, of, evidence, verified }: Pair): Item {
  const sides = all.map(({ link }) => [of(link.a), of(link.b)] as const);
  const charts = [...new Set(sides.flat())];
  const days = sides.map(([one, other]) => Math.max(one.at.getTime(), other.at.getTime()));
  const isFirm = all.some(({ likely }) => likely === 'the rules would join them');
  return {
    id: itemId(key, 'same person?', ids),
    question: 'same person?',
    ids,
    verified,
    systems: [...new Set(charts.map(({ system }) => system))].sort(),
    statutory: charts.every(({ sector }) => isStatutory(sector)),
    stops: sides.some(([one, other]) => one.dead !== other.dead),
    likely: isFirm ? 'the rules would join them' : 'for review',
    bits: Math.round(Math.max(...all.map(({ link }) => link.bits))),
    levels: evidence?.levels ?? {},
    guards: evidence?.guards ?? [],
    reasons: [...new Set(all.map(({ link }) => link.reason))].sort(),
    since: new Date(Math.min(...days)),
    until: null,
  };
}

function babyItem(key: Buffer, { infant, parent, verified, systems, reasons, at }: Motherless): Item {
  const ids = parent === null ? [infant] : [infant, parent];
  return {
    id: itemId(key, 'whose baby?', ids),
    question: 'whose baby?',
    ids,
    verified: ids.filter((_, place) => verified[place]),
    ...{ systems, statutory: false, stops: false, likely: null, bits: null, levels: {}, guards: [], reasons },
    ...{ since: at, until: null },
  };
}
