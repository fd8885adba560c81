/** What people decided of who is who: kept as statements, of which the last said of two charts stands. */
import type { Linkage } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { IdentifiedStatement, StatementState } from '../../store/facts.ts';
import { type Pair, type PatientState, type Person, pairName } from './charts.ts';
import { baseOf } from './one-feed.ts';

/** The sector under which Skein keeps what people decide; no system can be registered with it. */
export const REVIEWERS = 'reviewer';

/**
 * same: the two charts are of one person; two: they are of two, and each keeps what it says; different: they
 * are of two, and the first says of itself what is the second's; not-parent: the first is no parent of the
 * second; mother: the first gave birth to the second; undone: as if nothing had been decided.
 */
export type Verdict = 'same' | 'two' | 'different' | 'not-parent' | 'mother' | 'undone';

const VERDICT = `${SKEIN_DEFINITIONS}identity-decision`;

/** `verdict` of two charts; `of`: which kind of decision it takes back. */
export function decisionOf(
  key: Buffer,
  [one, other]: Pair,
  { verdict, of = verdict }: { verdict: Verdict; of?: Verdict },
): IdentifiedStatement {
  // Each kind by itself, so that without one of them whatever else was decided stands.
  const about = of === 'same' || of === 'two' ? [of, ...[one, other].sort()] : [of, one, other];
  const content: Linkage = {
    resourceType: 'Linkage',
    extension: [{ url: VERDICT, valueCode: verdict }],
    item: [
      { type: 'source', resource: { reference: `Patient/${one}` } },
      { type: 'alternate', resource: { reference: `Patient/${other}` } },
    ],
  };
  const id = keyedId(key, 'decision', ...about);
  return { key: id, type: 'Linkage', chart: one, ref: other, local: about.join(' '), nulls: [], content };
}

export type Decisions = {
  same: Pair[];
  /** A chart that was set apart from others: the number it gives is none of its own. */
  isApart: (chart: PatientState) => boolean;
  mayJoin: (one: Person, other: Person) => boolean;
  isNotParent: (parent: Person, child: Person) => boolean;
  /** Of which the first chart (`chart`) gave birth to the second (`ref`). */
  mothers: StatementState[];
};

export function readDecisions(statements: StatementState[], charts: PatientState[]): Decisions {
  // In one order, whoever was heard first: of three of whom two may be one, the same two are.
  const decided = statements
    .filter(({ type, sector }) => type === 'Linkage' && sector === REVIEWERS)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const those = (verdict: Verdict): Pair[] =>
    decided.flatMap((one): Pair[] => (verdictOf(one) === verdict ? [[one.chart, one.ref ?? '']] : []));
  const different = those('different');
  const known = new Map(charts.map((chart) => [chart.key, chart]));
  const apart = new Set(different.flatMap(([key]) => known.get(key) ?? []).map(baseOf));
  const isAmong = (pairs: Pair[], [one, other]: [Person, Person]) => {
    const names = new Set(pairs.map(([a, b]) => pairName(a, b)));
    return one.charts.some((a) => other.charts.some((b) => names.has(pairName(a.key, b.key))));
  };
  const apartPairs = [...different, ...those('two')].flatMap(([a, b]): Pair[] => [
    [a, b],
    [b, a],
  ]);
  const notParent = those('not-parent');
  return {
    same: those('same'),
    isApart: (chart) => apart.has(baseOf(chart)),
    mayJoin: (one, other) => apartPairs.length === 0 || !isAmong(apartPairs, [one, other]),
    mothers: decided.filter((one) => verdictOf(one) === 'mother'),
    isNotParent: (parent, child) => notParent.length > 0 && isAmong(notParent, [parent, child]),
  };
}

const verdictOf = ({ content }: StatementState) =>
  (content as Linkage).extension?.find(({ url }) => url === VERDICT)?.valueCode;
