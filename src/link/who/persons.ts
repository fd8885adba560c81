import type { Identifier, Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import { compareGiven } from '../../match/names.ts';
import type { Facts, Rules, StatementState } from '../../store/facts.ts';
import { latest } from '../care/spells.ts';
import { isImplicit } from '../fold.ts';
import { heldBy } from '../fold-teams.ts';
import {
  givenNames,
  type IsOwnPatient,
  isLinkable,
  isSameDate,
  isTwinOf,
  type Pair,
  type PatientState,
  type Person,
  type PersonOf,
  saidNumber,
  verifiedNumber,
} from './charts.ts';
import { findCited } from './cited.ts';
import { type Decisions, readDecisions } from './decided.ts';
import { readLifeCycle } from './life-cycle.ts';
import { markDeaths, markFrozen, markInvalid } from './marks.ts';
import { mayBeHer, mayBeOne } from './may-be-one.ts';
import { meantByMerged } from './merged.ts';
import { findNameless } from './nameless.ts';
import { ownNumber, type Settled, settleNumbers } from './numbers.ts';
import { findOneFeeds } from './one-feed.ts';
import { findOwnCharts, findTwiceNamed, ownChartOf } from './own-charts.ts';
import { renumber, restore } from './renumber.ts';
import { withTraces } from './traced.ts';

/**
 * Who is who (docs/linking.md). Charts are one person only by the same NHS number, verified by senders whose
 * word counts and undisputed, with birth date and given name agreeing; or where their one sender says that it
 * merged them, or people decided so, and nothing vetoes it; never where people decided that they are two. A
 * chart that its sender only referred to is the chart that the reference means, if that is known. All else
 * stays a person of its own.
 */
export function resolvePersons(states: StatementState[], facts: Numbers, rules: Rules) {
  const { evidence, matching, asOf } = rules;
  const untraced = readLifeCycle(states, facts.frozen, rules);
  const known = withTraces(states, untraced, rules);
  const life = known === states ? untraced : readLifeCycle(known, facts.frozen, rules);
  const { said: statements, present, before } = renumber(known, life);
  const tainted = new Set(facts.tainted);
  const charts = statements
    .filter((state): state is PatientState => state.type === 'Patient')
    .sort((a, b) => a.seq - b.seq);
  const told = charts.filter((chart) => !isImplicit(chart));
  const merges = [...mergesOf(statements, charts), ...renamesOf(statements, told)].sort(compareMerges);
  const decisions = readDecisions(statements, charts);
  const claims = told.filter(
    (chart) =>
      chart.ref !== null && !chart.aside && !decisions.isApart(chart) && !isMergedAway(chart, merges),
  );
  const caredFor = findCaredFor(statements);
  const numbers = settleNumbers(claims, { tainted, invalid: life.invalid, evidence, caredFor });
  const personOfChart = new Map<string, Person>();
  for (const chart of charts) personOfChart.set(chart.key, { id: chart.key, charts: [chart] });
  const joinAll = (pairs: Pair[]) => {
    for (const [one, other] of pairs) join(personOfChart, [one, other], decisions);
  };
  joinAll(findOneFeeds(told));
  // Whoever people keep apart share no number that tells which of them a third is: then it joins nobody.
  const together = (pairs: Pair[]): boolean => {
    const all = [...new Set(pairs.flat().flatMap((key) => personOfChart.get(key) ?? []))];
    return all.every((one, n) => all.slice(n + 1).every((other) => decisions.mayJoin(one, other)));
  };
  for (const pairs of [...numbers.joined].sort(compareGroups)) if (together(pairs)) joinAll(pairs);
  const valid = [...numbers.own.values()].filter((own) => !life.invalid.has(own[0]?.ref ?? ''));
  const claimed = [...valid, ...numbers.claimants.values()];
  joinAll(findNameless(claimed, personOfChart, evidence));
  joinAll(findOwnCharts(charts, personOfChart, tainted));
  const isFrozen = (key: string) =>
    personOfChart.get(key)?.charts.some(({ ref }) => life.frozen.has(ref ?? ''));
  for (const pair of findTwiceNamed(told))
    if (!pair.some(isFrozen) && isOnePerson(personOfChart, pair, life.invalid)) joinAll([pair]);
  for (const pair of decisions.same) if (isOnePerson(personOfChart, pair, life.invalid)) joinAll([pair]);
  const doubted: Merge[] = [];
  for (const merge of merges) {
    const pair: Pair = [merge.old.key, merge.into.key];
    // Of a number that no chart of the sender has nothing is known to merge.
    if (isImplicit(merge.old) && personOfChart.get(merge.old.key)?.charts.every(isImplicit)) continue;
    if (isOnePerson(personOfChart, pair, life.invalid)) joinAll([pair]);
    else doubted.push(merge);
  }
  const byNumber = resolver(personOfChart, numbers);
  const personOfKey: PersonOf = (key, service) =>
    byNumber(present(key), service) ??
    personOfChart.get(ownChartOf(charts, key, { tainted, evidence })?.key ?? '');
  joinAll(findCited(statements, charts, { personOf: personOfKey, evidence }));
  const persons = [...new Set(personOfChart.values())];
  const standing = [...numbers.claimants.values()].flat();
  restore(persons, before, new Set(standing.map((chart) => chart.key)));
  markDeaths(persons, life);
  markFrozen(persons, life);
  markInvalid(persons, life);
  const { disputed, contests } = numbers;
  /** One whom this service gives care to, as it says itself. */
  const isOwnPatient: IsOwnPatient = ({ charts: all }, service) =>
    all.some((chart) => chart.service === service && caredFor.has(chart.key));
  const likeness = { tainted, matching, asOf };
  const mayBe = (one: Person, other: Person) => mayBeOne(one, other, likeness);
  const mayBeMother = (one: Person, other: Person) => mayBeHer(one, other, likeness);
  const found = { statements, life, persons, personOfChart, personOfKey, decisions };
  return { ...found, disputed, contests, doubted, isOwnPatient, mayBe, mayBeMother };
}

/** `tainted`, `frozen`: keys of numbers. */
type Numbers = Pick<Facts, 'tainted' | 'frozen'>;

/** Charts that their sender speaks of care of, or did before that care went to another team of its feed. */
const findCaredFor = (statements: StatementState[]): Set<string> =>
  new Set(
    statements.flatMap(({ type, chart, times }) =>
      CARE.has(type) ? [chart, ...heldBy({ times }).map((holder) => holder.chart)] : [],
    ),
  );

/** Types by which a sender speaks of care. */
export const CARE = new Set(['EpisodeOfCare', 'Encounter', 'ServiceRequest']);

/** Two charts that their sender says are one patient: the one that was, and the one that stands. */
type Merge = { old: PatientState; into: PatientState };

const leastIn = (pairs: Pair[]): string => pairs.flat().sort()[0] ?? '';
const compareGroups = (a: Pair[], b: Pair[]) =>
  leastIn(a) < leastIn(b) ? -1 : leastIn(a) > leastIn(b) ? 1 : a.length - b.length;

/** The same order, whoever was seen first. */
const compareMerges = (a: Merge, b: Merge) => (a.old.key + a.into.key < b.old.key + b.into.key ? -1 : 1);

/** The merges that one of the two charts still says: a Patient without the link takes it back. */
function mergesOf(statements: StatementState[], charts: PatientState[]): Merge[] {
  const known = new Map(charts.map((chart) => [chart.key, chart]));
  return statements.flatMap(({ type, chart, ref }) => {
    if (type !== 'Linkage') return [];
    const [old, into] = [known.get(chart), known.get(ref ?? '')];
    // Two senders' charts have two keys: nobody merges another's.
    if (!old || !into || old.systemId !== into.systemId) return [];
    if (!says(old, 'replaced-by', into) && !says(into, 'replaces', old)) return [];
    const own = charts.filter((one) => one.systemId === old.systemId && !isImplicit(one));
    const meant = meantByMerged(old, own) as PatientState | undefined;
    return [{ old, into }, ...(meant ? [{ old: meant, into }] : [])];
  });
}

/**
 * A sender that knows people by number only calls a chart by number and given name, so a corrected name makes
 * another chart. That is the same patient where care moved over to it and nothing was said of the old one
 * since.
 */
function renamesOf(statements: StatementState[], charts: PatientState[]): Merge[] {
  const bare = charts.filter(({ ref, content }) => ref !== null && !content.identifier?.some(isLocal));
  return bare.flatMap((into) => {
    const others = bare.filter(
      (old) => old !== into && old.ref === into.ref && old.systemId === into.systemId,
    );
    const moved =
      others.length > 0 && statements.some((one) => one.chart === into.key && one.first < into.first);
    return moved ? others.filter((old) => latest(old) < into.first).map((old) => ({ old, into })) : [];
  });
}

const isLocal = ({ system, value }: Identifier) => system !== NHS_NUMBER && value !== undefined;

const says = ({ content }: PatientState, how: 'replaced-by' | 'replaces', { key }: PatientState): boolean =>
  content.link?.some(({ type, other }) => type === how && other.reference === `Patient/${key}`) === true;

/**
 * What a merged chart says of a number is past, where the chart that stands gives the same: a merge ends a
 * dispute like a correction.
 */
const isMergedAway = ({ key, ref }: PatientState, merges: Merge[]): boolean =>
  merges.some(
    ({ old, into }) =>
      old.key === key && into.ref === ref && !merges.some((back) => back.old === into && back.into === old),
  );

/**
 * Person of a chart key, or of an NHS-number key that exactly one untainted, verified person claims: of the
 * asking service's own patients first. Charts that say too little to be anybody's (extracts hold no names)
 * are never meant by a number: whoever sends one could else tell by what becomes of it that others have it.
 */
function resolver(charts: Map<string, Person>, { own, claimants }: Settled): PersonOf {
  return (key, service = '') => {
    if (key === null) return undefined;
    const ours = own.get(ownNumber(service, key))?.filter(isLinkable) ?? [];
    const meant = ours.length > 0 ? ours : (claimants.get(key)?.filter(isLinkable) ?? []);
    const candidates = new Set(meant.map((chart) => charts.get(chart.key)));
    return charts.get(key) ?? (candidates.size === 1 ? [...candidates][0] : undefined);
  };
}

/**
 * A sender merges its own charts, and people any two: which must not make one person of two, nor of those
 * whom they were found to be.
 */
function isOnePerson(persons: Map<string, Person>, [old, into]: Pair, invalid: Set<string>): boolean {
  const [one, two] = [persons.get(old)?.charts ?? [], persons.get(into)?.charts ?? []];
  return one.every((chart) => two.every((other) => !isVetoed(chart, other, invalid)));
}

/**
 * Other verified numbers, birth dates or birth orders, or other given names of a child of a multiple birth:
 * no merge outweighs these. `invalid`: keys of numbers that are nationally none, which tell nobody apart.
 */
export function isVetoed(a: PatientState, b: PatientState, invalid: Set<string> = new Set()): boolean {
  const [one, other] = [a, b].map((chart) =>
    invalid.has(chart.ref ?? '') ? undefined : verifiedNumber(chart),
  );
  if (one !== undefined && other !== undefined && one !== other) return true;
  if (!isSameDate(a.content.birthDate, b.content.birthDate) || isTwinOf(a.content, b.content)) return true;
  const multiple = [a, b].some(({ content }) => content.multipleBirthInteger ?? content.multipleBirthBoolean);
  return multiple && compareGiven(givenNames(a.content), givenNames(b.content)) === 'conflict';
}

function join(persons: Map<string, Person>, [a, b]: Pair, { mayJoin }: Decisions): void {
  const [one, two] = [persons.get(a), persons.get(b)];
  if (!one || !two || one === two || !mayJoin(one, two)) return;
  const charts = [...one.charts, ...two.charts].sort((x, y) => x.seq - y.seq);
  const joined = { id: charts[0]?.key ?? one.id, charts };
  for (const chart of charts) persons.set(chart.key, joined);
}

type Claim = { content: Patient };

/** A correction seldom moves a birth date so far; a mother's identifier on her baby always does. */
const FAR = 10 * 365.25 * 86_400_000;

/**
 * A sender giving one local identifier to two people: two of birth date, given name, verified number, birth
 * order and the type of that identifier (CX.5: a sender may number clinics and hospital apart) differ, or the
 * birth date by ten years and no given name speaks against it. Not the family name: mother, baby and twin
 * share it.
 */
export function isSomebodyElse(before: Claim, now: Claim): boolean {
  const given = compareGiven(givenNames(before.content), givenNames(now.content));
  const [was, is] = [before.content.birthDate, now.content.birthDate];
  const differs = was !== undefined && is !== undefined && !isSameDate(was, is);
  const [number, other] = [saidNumber(before), saidNumber(now)];
  const renumbered = number !== undefined && other !== undefined && number !== other;
  const twin = isTwinOf(before.content, now.content);
  const signs = [given === 'conflict', differs, renumbered, twin, isRetyped(before, now)];
  if (signs.filter(Boolean).length > 1) return true;
  return differs && given === 'unknown' && Math.abs(Date.parse(was) - Date.parse(is)) >= FAR;
}

/** An identifier of both has another type (HL7 table 0203) in each. */
const isRetyped = (before: Claim, now: Claim): boolean =>
  (before.content.identifier ?? []).some(({ system, value, type }) => {
    const same = now.content.identifier?.find((one) => one.system === system && one.value === value);
    const [was, is] = [type?.coding?.[0]?.code, same?.type?.coding?.[0]?.code];
    return was !== undefined && is !== undefined && was !== is;
  });
