import { hash } from 'node:crypto';
import { canonicalText } from '../fhir/references.ts';
import type { Service } from '../model.ts';
import type {
  Assertion,
  Facts,
  IdentifiedRecord,
  Involvement,
  Member,
  Plan,
  Rules,
  StatementState,
  StoredView,
  View,
} from '../store/facts.ts';
import { joinReferrals } from './care/joined.ts';
import { listCare } from './care/list-care.ts';
import { findReferrals, groupSpells, involve } from './care/spells.ts';
import type { Known } from './concerned.ts';
import { doubtView, findDoubts } from './doubts.ts';
import { describeChanges, type Parted } from './events.ts';
import { findJourneys, type Journey } from './family/journeys.ts';
import { relatePersons } from './family/relate.ts';
import { fold } from './fold.ts';
import { findRechecks, type ViewChange } from './rechecks.ts';
import { findStops } from './stops.ts';
import type { Family } from './views/family.ts';
import { composeViews } from './views/views.ts';
import { isCompatible, type PatientState, type Person } from './who/charts.ts';
import type { Contest } from './who/numbers.ts';
import { shareCharts } from './who/one-feed.ts';
import { resolvePersons } from './who/persons.ts';

/** The sender of a record: what its statements are stamped with. */
export type Sender = { systemId: number; service: Service };
/** Statements not stored yet sort after all stored ones, in their own order. */
const UNSEEN = 2 ** 52;

/**
 * Decides what one record changes in a family: folds it into what was said before, then recomputes persons,
 * relationships, journeys, episodes and teams from all statements, and keeps the differences. With no record
 * it recomputes only (rebuild). Pure.
 */
export function link(
  rules: Rules,
  facts: Facts,
  record: IdentifiedRecord | null,
  sender: Sender | null,
): Plan {
  const { key, evidence, asOf } = rules;
  const { states, changed } = foldRecord(facts.statements, record, sender);
  const said = shareCharts(states, rules);
  const who = resolvePersons(said, new Set(facts.tainted), rules);
  const { persons, personOfChart, personOfKey } = who;
  const parted: Parted[] = [];
  for (const state of states) {
    const person = state.type === 'Patient' ? (personOfChart.get(state.key)?.id ?? null) : null;
    if (state.person === person) continue;
    if (state.person && person && personOfChart.get(state.person)?.id === state.person)
      parted.push({ from: state.person, to: person, chart: state });
    state.person = person;
    changed.set(state.key, state);
  }
  const given = { key, personOf: personOfKey, isOwnPatient: who.isOwnPatient, evidence, asOf };
  const { edges, awaited, assertions, due } = relatePersons(said, given);
  const joined = joinReferrals(said, personOfKey);
  const { statements } = joined;
  const spells = groupSpells(key, joined, personOfKey);
  const referrals = findReferrals(statements, spells, personOfKey);
  const care = listCare({ states: statements, spells, referrals, personOf: personOfKey }, rules);
  const journeys = findJourneys({ key, persons, edges, care, asOf });
  const known: Known = {
    key,
    statements,
    persons,
    personOf: personOfKey,
    mayBe: who.mayBe,
    edges,
    awaited,
    spells,
    referrals,
    spellOf: new Map(
      spells.flatMap((spell) =>
        [spell.id, ...spell.keys, ...(spell.referral ? [spell.referral] : [])].map((name) => [name, spell]),
      ),
    ),
    journeys,
    homeOf: homesOf(journeys),
    stored: facts.views,
    asOf,
  };
  const members = journeys.flatMap((journey) =>
    journey.members.map((member) => ({ journey: journey.id, ...member })),
  );
  const involved = involve(spells, referrals, (one) => known.homeOf(one)?.id ?? null);
  const stops = findStops(known, { involvements: involved, evidence, members: facts.members, parted });
  const doubts = findDoubts(known, { involvements: involved, evidence, isOwnPatient: who.isOwnPatient });
  const family: Family = {
    ...known,
    stops: stops.states,
    doubts: doubts.map((doubt) => doubtView(key, doubt)),
  };
  const involvements = diffRows(
    facts.involvements,
    involved,
    (row) => `${row.person} ${row.service} ${row.journey}`,
  );
  const views = diffViews(facts.views, composeViews(family));
  const rows = { involvements, members: diffRows(facts.members, members, memberKey) };
  return {
    statements: [...changed.values()],
    assertions: [
      ...assertions,
      ...identityAssertions(persons),
      ...who.disputed.map(dispute),
      ...who.contests.map(contest),
      ...who.doubted.map(doubt),
    ].filter(isNews(record)),
    insert: views.filter(({ before }) => !before).map(({ view }) => view),
    update: views.flatMap(({ view, before }) => (before ? [{ ...view, rowId: before.rowId }] : [])),
    events: [
      ...describeChanges(family, views, {
        added: addedTo(facts, members),
        left: leftFrom(facts, members, family),
        ...{ parted, involvements: facts.involvements },
      }),
      ...stops.events,
      ...findRechecks(facts, views, rows),
    ],
    ...rows,
    due: [...due, ...journeys.flatMap(({ anchor, turns }) => (turns ? { owner: anchor, at: turns } : []))],
  };
}

const memberKey = ({ journey, person }: Member) => `${journey} ${person}`;

function addedTo(facts: Facts, members: Member[]): Member[] {
  const was = new Set(facts.members.map(memberKey));
  return members.filter((member) => !was.has(memberKey(member)));
}

/** Of journeys and persons that are still there. */
function leftFrom(facts: Facts, members: Member[], { journeys, persons }: Known): Member[] {
  const now = new Set(members.map(memberKey));
  return facts.members.filter(
    (member) =>
      !now.has(memberKey(member)) &&
      journeys.some(({ id }) => id === member.journey) &&
      persons.some(({ id }) => id === member.person),
  );
}

function homesOf(journeys: Journey[]): (care: string) => Journey | undefined {
  const homes = new Map(journeys.flatMap((journey) => journey.care.map((id) => [id, journey])));
  return (care) => homes.get(care);
}

function foldRecord(stored: StatementState[], record: IdentifiedRecord | null, sender: Sender | null) {
  const states = new Map(stored.map((state) => [state.key, { ...state }]));
  // By key: a record may say one resource twice.
  const changed = new Map<string, StatementState>();
  for (const [index, said] of (record?.statements ?? []).entries()) {
    if (!record || !sender) break;
    const before = states.get(said.key) ?? null;
    const folded = fold(before, { ...said, stamp: record.stamp, mode: record.mode });
    if (before && canonicalText(pick(before)) === canonicalText(folded)) continue;
    const state: StatementState = {
      key: said.key,
      type: said.type,
      systemId: sender.systemId,
      seq: before?.seq ?? UNSEEN + index,
      ...folded,
      person: before?.person ?? null,
      ...wordOf(folded.team, before, sender),
      aside: before?.aside === true && before.ref === folded.ref,
    };
    states.set(said.key, state);
    changed.set(said.key, state);
  }
  return { states: [...states.values()].sort((a, b) => a.seq - b.seq), changed };
}

/** Whose word a statement is: the sender's, but where another team of its feed has spoken since. */
function wordOf(
  team: string | null,
  before: StatementState | null,
  { service: { id, sector, kind } }: Sender,
) {
  const isOthers = before !== null && team !== null && team !== id;
  return isOthers
    ? { service: before.service, sector: before.sector, kind: before.kind }
    : { service: id, sector, kind };
}

const pick = ({ first, base, times, content, chart, ref, aliases }: StatementState) => ({
  first,
  base,
  times,
  content,
  chart,
  ref,
  aliases,
});

function identityAssertions(persons: Person[]): Assertion[] {
  return persons.flatMap(({ charts }) => {
    const [first, ...rest] = charts;
    return rest.map((chart) => ({
      ...{ kind: 'same' as const, a: first?.key ?? '', b: chart.key },
      ...(first && chart.ref !== null && chart.ref === first.ref
        ? { method: 'nhs-number', evidence: { rule: ruleOf(chart, charts) } }
        : { method: 'sender', evidence: { rule: 'merged by their sender, or one with such a chart' } }),
    }));
  });
}

const ruleOf = (one: PatientState, charts: PatientState[]): string =>
  charts.every(({ ref, content }) => ref !== one.ref || isCompatible(one.content, content))
    ? 'verified number, birth date and given name agree'
    : 'renamed: verified number and birth date agree, and one infant was born';

type Disputed = { ref: string; charts: { systemId: number }[] };
const systemsOf = (charts: { systemId: number }[]): string =>
  [...new Set(charts.map(({ systemId }) => systemId))].sort((a, b) => a - b).join();

const dispute = ({ ref, charts }: Disputed): Assertion => ({
  kind: 'disputed-number',
  a: ref,
  b: null,
  method: 'nhs-number',
  evidence: {
    rule: 'claimed with incompatible birth dates or given names',
    systems: systemsOf(charts),
  },
});

/** Of who may not suspend: it waits for people, and changes nothing for the rest. */
const contest = ({ ref, chart, against }: Contest): Assertion => ({
  kind: 'disputed-number',
  a: ref,
  b: chart.key,
  method: 'contest',
  evidence: {
    rule: 'claimed against those who outrank the sender',
    systems: systemsOf([chart, ...against]),
  },
});

const doubt = ({ old, into }: Record<'old' | 'into', { key: string }>): Assertion => ({
  kind: 'possible-same',
  a: old.key,
  b: into.key,
  method: 'sender',
  evidence: { reason: 'merged by their sender, though verified number, birth date or twin is another' },
});

/** Assertions about keys this record speaks of; the rest were made when theirs arrived. */
function isNews(record: IdentifiedRecord | null) {
  const keys = new Set((record?.statements ?? []).flatMap(({ key, chart, ref }) => [key, chart, ref]));
  return ({ a, b }: Assertion) => record !== null && (keys.has(a) || keys.has(b));
}

function diffViews(before: StoredView[], now: View[]): ViewChange[] {
  const stored = new Map(before.map((view) => [`${view.type}/${view.id}`, view]));
  return now.flatMap((view) => {
    const digest = digestOf(view);
    const before = stored.get(`${view.type}/${view.id}`);
    return before?.digest === digest ? [] : [{ view: { ...view, digest }, before }];
  });
}

/** Everything stored of a view but its version: equal digests are equal rows. */
export function digestOf({ content, owner, persons, authors, service, state, sources }: View): string {
  const text = canonicalText([content, owner, persons, authors, service, state, sources]);
  return hash('sha256', text, 'base64url').slice(0, 22);
}

function diffRows<Row extends Involvement | Member>(
  stored: Row[],
  wanted: Row[],
  keyOf: (row: Row) => string,
) {
  const before = new Map(stored.map((row) => [keyOf(row), canonicalText(row)]));
  const now = new Set(wanted.map(keyOf));
  return {
    upsert: wanted.filter((row) => before.get(keyOf(row)) !== canonicalText(row)),
    remove: stored.filter((row) => !now.has(keyOf(row))),
  };
}
