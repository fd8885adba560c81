import { isFormer } from '../../fhir/current.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import { compareGiven } from '../../match/names.ts';
import type { Evidence } from '../../model.ts';
import { isImplicit } from '../fold.ts';
import { formerNumbers } from '../fold-numbers.ts';
import { givenNames, isLinkable, isTwinOf, type Pair, type PatientState, type Person } from './charts.ts';
import { standingOf } from './merged.ts';
import { baseOf } from './one-feed.ts';

/**
 * Charts of one patient whom their sender calls now by one identifier, now by another. PID-3 of HL7 v2 may
 * list several, and a chart is called by the first of type MR. A chart called B is that of the patient who
 * has A and B, where birth date and full given name agree with everybody who has B. An identifier that a
 * whole family shares, or that two number spaces have, therefore joins nobody.
 */
export function findTwiceNamed(charts: PatientState[]): Pair[] {
  const having = new Map<string, PatientState[]>();
  for (const chart of charts)
    for (const alias of chart.aliases ?? []) {
      const name = `${chart.systemId} ${alias}`;
      having.set(name, [...(having.get(name) ?? []), chart]);
    }
  const pairs = charts.flatMap((one): Pair[] => {
    const base = baseOf(one);
    const others = (having.get(`${one.systemId} ${base}`) ?? []).filter((other) => baseOf(other) !== base);
    return others.every((other) => isAlike(one, other)) ? others.map(({ key }) => [one.key, key]) : [];
  });
  return pairs.sort((a, b) => (a.join() < b.join() ? -1 : 1));
}

const isAlike = (one: PatientState, other: PatientState): boolean =>
  isLinkable(one) &&
  shareIdentifier(one, other) &&
  one.content.birthDate === other.content.birthDate &&
  compareGiven(givenNames(one.content), givenNames(other.content)) === 'agree' &&
  !isTwinOf(one.content, other.content);

/** By what they say now: keys hold what they ever said, so that a correction finds what it parts. */
const shareIdentifier = (one: PatientState, other: PatientState): boolean =>
  presentIn(one).some((name) => presentIn(other).includes(name));

const presentIn = ({ content }: PatientState): string[] =>
  (content.identifier ?? []).flatMap((one) =>
    one.system === NHS_NUMBER || !one.value || isFormer(one) ? [] : `${one.system ?? ''}|${one.value}`,
  );

/**
 * Charts that their sender only referred to, each with the chart of the same sender that the reference means:
 * the one that has that identifier, first or second, verified or not, or that id. Where two people of its own
 * have it, none.
 */
export function findOwnCharts(
  charts: PatientState[],
  persons: Map<string, Person>,
  tainted: Set<string>,
): Pair[] {
  const implicit = charts.filter(isImplicit);
  if (implicit.length === 0) return [];
  const told = charts.filter((chart) => !isImplicit(chart));
  return implicit.flatMap((chart): Pair[] => {
    if (chart.aliases?.some((alias) => tainted.has(alias))) return [];
    // One that was merged is another than the one it is part of now, which may have the same number.
    const into = standingOf(chart.content);
    const own = told.filter(
      (one) => one.systemId === chart.systemId && one.key !== into && isMeant(chart, one),
    );
    const verified = own.filter(({ ref }) => ref !== null);
    const meant = isByNumber(chart) && verified.length > 0 ? verified : own;
    const [person, ...others] = new Set(meant.map(({ key }) => persons.get(key)));
    return person && others.length === 0 ? [[person.id, chart.key]] : [];
  });
}

const isByNumber = ({ content }: PatientState) => content.identifier?.[0]?.system === NHS_NUMBER;

function isMeant({ content: { id, identifier } }: PatientState, { content }: PatientState): boolean {
  if (id !== undefined) return content.id === id;
  const [named] = identifier ?? [];
  const value = (text = '') => (named?.system === NHS_NUMBER ? text.replace(/\s/g, '') : text);
  return (content.identifier ?? []).some(
    (one) => (one.system ?? '') === (named?.system ?? '') && value(one.value) === named?.value,
  );
}

/**
 * The chart that has this key beside its own, where exactly one patient of the sender has it: a relative may
 * be named by a second identifier.
 */
export function ownChartOf(
  charts: PatientState[],
  key: string | null,
  { tainted, evidence: { weights } }: { tainted: Set<string>; evidence: Evidence },
): PatientState | undefined {
  if (key === null || tainted.has(key)) return undefined;
  // Who only joins persons has the number that it joins by among its keys, and names nobody by that.
  const joins = ({ sector }: PatientState) => weights.get(sector ?? '')?.number === 'joins';
  // A number that it gives no more is nobody's for having been given.
  const has = (one: PatientState) => one.aliases?.includes(key) && !formerNumbers(one).includes(key);
  const found = charts.filter((one) => has(one) && !isImplicit(one) && !joins(one));
  return new Set(found.map(baseOf)).size === 1 ? found[0] : undefined;
}
