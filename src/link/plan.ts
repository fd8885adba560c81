import { hash } from 'node:crypto';
import { canonicalText } from '../fhir/references.ts';
import type { Service } from '../model.ts';
import type {
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
import { involve } from './care/involve.ts';
import { joinReferrals } from './care/joined.ts';
import { listCare } from './care/list-care.ts';
import { findReferrals, groupSpells } from './care/spells.ts';
import { joinStays } from './care/visits.ts';
import { doubtView, findDoubts } from './doubts.ts';
import { describeChanges, type Parted } from './events.ts';
import { findJourneys, homesOf } from './family/journeys.ts';
import { relatePersons } from './family/relate.ts';
import { fold } from './fold.ts';
import { describeWithdrawn, forget, idsOfFrozen, isAboutNone, withoutFrozen } from './frozen.ts';
import { findPrompts } from './prompts/find-prompts.ts';
import { areBornOtherwise, findRechecks, type ViewChange } from './rechecks.ts';
import { findHeld } from './safety/held.ts';
import { findLabels } from './safety/labels.ts';
import {
  CONTACT,
  contactWith,
  disputedIn,
  findPlaced,
  isRuling,
  PARENTAL,
  parentalFor,
  safetyIn,
} from './safety/statements.ts';
import { describeSafety } from './safety/told.ts';
import { findStops } from './stops.ts';
import type { Family } from './views/family.ts';
import { composeViews } from './views/views.ts';
import { identityAssertions, isNews, signalAssertions } from './who/assertions.ts';
import type { Person } from './who/charts.ts';
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
  const who = resolvePersons(shareCharts(states, rules), facts, rules);
  const { statements: said, persons, personOfChart, personOfKey } = who;
  const parted: Parted[] = [];
  let ruled = [...changed.values()].some(isRuling);
  for (const state of states) {
    const chart = state.type === 'Patient' ? state.key : isRuling(state) ? state.chart : null;
    const person = chart === null ? null : (personOfChart.get(chart)?.id ?? null);
    if (state.person === person) continue;
    if (isRuling(state)) {
      state.person = person;
      changed.set(state.key, state);
      ruled = true;
      continue;
    }
    if (state.person && person && personOfChart.get(state.person)?.id === state.person)
      parted.push({ from: state.person, to: person, chart: state });
    state.person = person;
    changed.set(state.key, state);
  }
  const { isOwnPatient, decisions } = who;
  const given = { key, personOf: personOfKey, isOwnPatient, decisions, evidence, asOf };
  ruled ||= areBornOtherwise(facts.statements, states);
  const { edges, awaited, assertions, due } = relatePersons(said, given);
  const joined = joinReferrals(joinStays(said, personOfKey), personOfKey);
  const { statements } = joined;
  const spells = groupSpells(key, joined, personOfKey);
  const referrals = findReferrals(statements, spells, personOfKey);
  const care = listCare({ states: statements, spells, referrals, personOf: personOfKey }, rules);
  const journeys = findJourneys({ key, persons, edges, care, asOf, mayBe: who.mayBe });
  const onHold = findHeld(states, persons, key);
  const labels = findLabels(states, { persons, personOf: personOfKey }, rules);
  const placed = findPlaced(states, persons);
  const held = { ...onHold, held: onHold.held.union(labels.restricted).union(placed) };
  const contacts = safetyIn(states, CONTACT);
  const parental = safetyIn(states, PARENTAL);
  const known = withoutFrozen({
    key,
    statements,
    persons,
    held,
    labels,
    away: placed,
    disputed: disputedIn(states),
    contactOf: (person) => contactWith(contacts, person),
    parentalOf: (person) => parentalFor(parental, person),
    personOf: personOfKey,
    mayBe: who.mayBe,
    mayBeMother: who.mayBeMother,
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
  });
  const idsOf = (some: ReadonlySet<Person>) => new Set([...some].map(({ id }) => id));
  const [underHold, restricted] = [idsOf(onHold.held), idsOf(labels.restricted)];
  const members = known.journeys.flatMap((journey) =>
    journey.members.map((one) => ({
      ...{ journey: journey.id, ...one },
      ...{ held: underHold.has(one.person), restricted: restricted.has(one.person) },
    })),
  );
  const involved = involve(known.spells, known.referrals, (one) => known.homeOf(one)?.id ?? null);
  const stops = findStops(known, { involvements: involved, evidence, members: facts.members, parted });
  const doubts = findDoubts(known, { involvements: involved, evidence, isOwnPatient: who.isOwnPatient });
  const prompts = findPrompts(known, rules, { involvements: involved, members, doubts });
  const family: Family = {
    ...known,
    stops: stops.states,
    stopped: stops.contacts,
    prompts: [...doubts.map((doubt) => doubtView(key, doubt)), ...prompts.views],
  };
  const involvements = diffRows(
    facts.involvements,
    involved,
    (row) => `${row.person} ${row.service} ${row.journey}`,
  );
  const made = composeViews(family);
  const hidden = idsOfFrozen(persons).union(new Set(facts.erased ?? []));
  const { views, gone, forgotten } = forget(facts, diffViews(facts.views, made), made, hidden);
  const rows = { involvements, members: diffRows(facts.members, members, memberKey) };
  return {
    statements: [...changed.values()],
    assertions: [...assertions, ...identityAssertions(who), ...signalAssertions(who.life)]
      .filter(isNews(record))
      .filter(isAboutNone(hidden, who.life.frozen)),
    insert: views.filter(({ before }) => !before).map(({ view }) => view),
    update: views.flatMap(({ view, before }) => (before ? [{ ...view, rowId: before.rowId }] : [])),
    events: [
      ...describeChanges(family, views, {
        added: addedTo(facts, members),
        before: membersBefore(facts, members, asOf),
        now: members.filter(isOpen),
        ...{ parted, involvements: facts.involvements },
      }),
      ...describeSafety(known, views, {
        record,
        before: facts.members,
        now: members,
        involvements: involved,
      }),
      ...stops.events,
      ...describeWithdrawn(facts, gone, asOf),
      ...findRechecks(facts, views, { ...rows, gone, ruled }),
    ],
    ...rows,
    forget: forgotten,
    due: [
      ...due,
      ...prompts.due,
      ...journeys.flatMap(({ anchor, turns }) => (turns ? { owner: anchor, at: turns } : [])),
    ],
  };
}

const memberKey = ({ journey, person }: Member) => `${journey} ${person}`;

/** Who opens nobody, and whom nobody opens, is in a journey as if alone. */
const isOpen = ({ held }: Member): boolean => !held;
/** In the same place, and not restricted since. */
const placeOf = (member: Member): string => `${memberKey(member)} ${member.restricted}`;

function addedTo(facts: Facts, members: Member[]): Member[] {
  const was = new Set(
    facts.members.filter(isOpen).flatMap((one) => [placeOf(one), placeOf({ ...one, restricted: true })]),
  );
  return members.filter((member) => isOpen(member) && !was.has(placeOf(member)));
}

/** Where somebody left a journey: all who could know one another by it (no column opens a partner). */
function membersBefore(facts: Facts, members: Member[], asOf: string): Member[] {
  const before = facts.members.filter(isOpen);
  const now = new Set(
    members.filter(isOpen).flatMap((one) => [placeOf(one), placeOf({ ...one, restricted: true })]),
  );
  if (before.every((member) => now.has(placeOf(member)))) return [];
  return before.filter(({ role, closes }) => role !== 'partner' && (closes ?? '9') > asOf);
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
