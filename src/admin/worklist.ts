/** `skein worklist`: what people are to decide, most harmful first. Nothing of it is told to anybody. */
import { MATCHING } from '../access/decide/matching.ts';
import type { Context } from '../context.ts';
import { pairName } from '../link/who/charts.ts';
import { REVIEWERS } from '../link/who/decided.ts';
import type { Link } from '../match/cluster.ts';
import { readPatient } from '../match/from-patient.ts';
import { ALL_RULES, scoreRecords } from '../match/score-records.ts';
import {
  type ChartToCompare,
  chartsToCompare,
  countBirths,
  decidedApart,
  findMotherless,
} from '../save/worklist.ts';
import type { Done } from './command.ts';

const PAGE = 10_000;
const SHOWN = 200;

type Item = {
  question: 'same person?' | 'whose baby?';
  /** Persons: of the second kind the infant alone. */
  ids: string[];
  systems: string[];
  /** A death stops contacts of the one, and the other may be that infant. */
  stops: boolean;
  /** Whether the rules of docs/matching.md would join them by what they say, and how much that is. */
  likely: 'the rules would join them' | 'for review' | null;
  bits: number | null;
  reasons: string[];
  since: Date;
};

/** The worklist as it is now: what was decided, or has come together by itself, is not on it. */
export async function showWorklist({ db }: Pick<Context, 'db'>): Promise<Done> {
  const charts = await readCharts(db);
  const items = [...(await findLikely(db, charts)), ...(await findWhoseBaby(db))].sort(compareItems);
  const births = await countBirths(db);
  const oldest = items.reduce<Date | null>(
    (least, { since }) => (least && least < since ? least : since),
    null,
  );
  const per = births === 0 ? null : Math.round((items.length * 10_000) / births) / 10;
  const figures = {
    items: items.length,
    stops: items.filter(({ stops }) => stops).length,
    births,
    per,
    oldest,
  };
  const lines = [
    ...items.slice(0, SHOWN).map(describeItem),
    items.length > SHOWN ? `and ${items.length - SHOWN} more: --json has them all` : '',
    `${items.length} items, ${figures.stops} of them about contacts to be stopped`,
    per === null
      ? ''
      : `${per} per 1,000 births; the oldest of ${oldest?.toISOString().slice(0, 10) ?? 'none'}`,
  ];
  const text = items.length === 0 ? 'nothing is to be decided\n' : lines.filter(Boolean).join('\n');
  return { data: { figures, items }, text: text.endsWith('\n') ? text : `${text}\n` };
}

async function readCharts(db: Context['db']): Promise<ChartToCompare[]> {
  const charts: ChartToCompare[] = [];
  for (let after = '0'; ; ) {
    const page = await chartsToCompare(db, after, PAGE);
    charts.push(...page);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return charts;
    after = last.seq;
  }
}

/** Pairs of persons who may be one: once for each, by what says most. */
async function findLikely(db: Context['db'], charts: ChartToCompare[]): Promise<Item[]> {
  const byKey = new Map(charts.map((chart) => [chart.key, chart]));
  const of = (key: string) => byKey.get(key) as ChartToCompare;
  const asOf = new Date().toISOString();
  const records = charts.map(({ key, system, content, verified }) =>
    readPatient(content, { id: key, source: system, verified, asOf }),
  );
  const isAsked = (a: { id: string }, b: { id: string }) => of(a.id).person !== of(b.id).person;
  const { links, reviews } = scoreRecords(records, MATCHING, { ...ALL_RULES, isAsked });
  const apart = new Set(
    (await decidedApart(db, REVIEWERS)).flatMap(([one, other]) => {
      const [a, b] = [byKey.get(one)?.person ?? one, byKey.get(other)?.person ?? other];
      return [pairName(a, b), pairName(b, a)];
    }),
  );
  const found = new Map<string, Item>();
  const add = (likely: Item['likely'], all: Link[]) => {
    for (const { a, b, bits, reason } of all) {
      const [one, other] = [of(a), of(b)];
      const ids = [one.person, other.person].sort();
      const name = ids.join(' ');
      if (ids[0] === ids[1] || apart.has(name)) continue;
      const known = found.get(name);
      const since = one.at > other.at ? one.at : other.at;
      found.set(name, {
        ...{ question: 'same person?', ids, stops: one.dead !== other.dead || known?.stops === true },
        systems: [...new Set([...(known?.systems ?? []), one.system, other.system])].sort(),
        likely: known?.likely === 'the rules would join them' ? known.likely : likely,
        bits: Math.round(Math.max(bits, known?.bits ?? bits)),
        reasons: [...new Set([...(known?.reasons ?? []), reason])].sort(),
        since: known && known.since < since ? known.since : since,
      });
    }
  };
  add('the rules would join them', links);
  add('for review', reviews);
  return [...found.values()];
}

async function findWhoseBaby(db: Context['db']): Promise<Item[]> {
  return (await findMotherless(db)).map(({ infant, systems, reasons, at }) => ({
    ...{ question: 'whose baby?', ids: [infant], systems, stops: false },
    ...{ likely: null, bits: null, reasons, since: at },
  }));
}

const compareItems = (a: Item, b: Item): number =>
  Number(b.stops) - Number(a.stops) ||
  (b.bits ?? 0) - (a.bits ?? 0) ||
  a.since.getTime() - b.since.getTime() ||
  (a.ids.join() < b.ids.join() ? -1 : 1);

function describeItem({ question, ids, systems, stops, likely, bits, reasons, since }: Item): string {
  const weight = likely ? ` (${likely}, ${bits} bits)` : '';
  return [
    `${stops ? 'contacts to be stopped: ' : ''}${question} ${ids.join(' ')}${weight}`,
    reasons.join(', '),
    `by ${systems.join(', ')}, since ${since.toISOString().slice(0, 10)}`,
  ].join('; ');
}
