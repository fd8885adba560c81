import { hash } from 'node:crypto';
import type { ServiceRequest } from '@medplum/fhirtypes';
import { canonicalText } from '../fhir/references.ts';
import type { Evidence, Service } from '../model.ts';
import type {
  Assertion,
  Facts,
  IdentifiedRecord,
  Involvement,
  Member,
  Plan,
  StatementState,
  View,
} from '../store/facts.ts';
import { findReferrals, groupSpells, involve } from './care/spells.ts';
import { describeChanges, type Parted } from './events.ts';
import { findJourneys, happeningKey, type Journey } from './family/journeys.ts';
import { relatePersons } from './family/relate.ts';
import { fold } from './fold.ts';
import { composeViews, type Family } from './views/views.ts';
import type { Contest } from './who/numbers.ts';
import { resolvePersons } from './who/persons.ts';

/** The sender of a record: what its statements are stamped with. */
export type Sender = { systemId: number; service: Service };
/** What link goes by beside facts: the store's key for ids, whose word counts for what, and the instant it is asked at (ISO). */
export type Rules = { key: Buffer; evidence: Evidence; asOf: string };

/** Statements not stored yet sort after all stored ones, in their own order. */
const UNSEEN = 2 ** 52;

/**
 * Decides what one record changes in a family: folds it into what was said before, then recomputes persons, relationships, journeys,
 * episodes and teams from all statements, and keeps the differences. With no record it recomputes only (rebuild). Pure.
 */
export function link(
  rules: Rules,
  facts: Facts,
  record: IdentifiedRecord | null,
  sender: Sender | null,
): Plan {
  const { key, evidence, asOf } = rules;
  const { states, changed } = foldRecord(facts.statements, record, sender);
  const who = resolvePersons(states, new Set(facts.tainted), evidence);
  const { persons, personOfChart, personOfKey } = who;
  const parted: Parted[] = [];
  for (const state of states) {
    const person = state.type === 'Patient' ? (personOfChart.get(state.key)?.id ?? null) : null;
    if (state.person === person) continue;
    if (state.person && person && personOfChart.get(state.person)?.id === state.person)
      parted.push({ from: state.person, to: person });
    state.person = person;
    changed.set(state.key, state);
  }
  const { edges, assertions, due } = relatePersons(states, { key, personOf: personOfKey, evidence, asOf });
  const spells = groupSpells(key, states, personOfKey);
  const happenings = [
    ...spells.map((spell) => ({ person: spell.person, start: spell.period.start ?? '' })),
    ...states.flatMap((state) => {
      const person = state.type === 'ServiceRequest' ? personOfKey(state.chart) : undefined;
      const { authoredOn } = state.content as ServiceRequest;
      return person ? [{ person, start: authoredOn ?? state.first.slice(0, 24) }] : [];
    }),
  ].filter(({ start }) => !Number.isNaN(Date.parse(start)));
  const journeys = findJourneys(key, persons, edges, happenings);
  const family: Family = {
    key,
    statements: states,
    persons,
    personOf: personOfKey,
    edges,
    spells,
    spellOf: new Map(
      spells.flatMap((spell) =>
        [spell.id, ...spell.keys, ...(spell.referral ? [spell.referral] : [])].map((name) => [name, spell]),
      ),
    ),
    journeys,
    homes: homesOf(journeys),
    stored: facts.views,
  };
  const members = journeys.flatMap((journey) =>
    journey.members.map((member) => ({ journey: journey.id, ...member })),
  );
  return {
    statements: [...changed.values()],
    assertions: [
      ...assertions,
      ...identityAssertions(persons),
      ...who.disputed.map(dispute),
      ...who.contests.map(contest),
      ...who.doubted.map(doubt),
    ].filter(isNews(record)),
    ...diffViews(family, facts, members, parted),
    involvements: diffRows(
      facts.involvements,
      involve(spells, findReferrals(states, personOfKey)),
      (row) => `${row.person} ${row.service}`,
    ),
    members: diffRows(facts.members, members, (row) => `${row.journey} ${row.person}`),
    due,
  };
}

function homesOf(journeys: Journey[]): Map<string, Journey[]> {
  const homes = new Map<string, Journey[]>();
  for (const journey of journeys) {
    for (const name of new Set(journey.happenings.map(happeningKey)))
      homes.set(name, [...(homes.get(name) ?? []), journey]);
  }
  return homes;
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
      service: sender.service.id,
      sector: sender.service.sector,
      kind: sender.service.kind,
      aside: before?.aside === true && before.ref === folded.ref,
    };
    states.set(said.key, state);
    changed.set(said.key, state);
  }
  return { states: [...states.values()].sort((a, b) => a.seq - b.seq), changed };
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

function identityAssertions(persons: { charts: { key: string; ref: string | null }[] }[]): Assertion[] {
  return persons.flatMap(({ charts: [first, ...rest] }) =>
    rest.map(({ key, ref }) => ({
      kind: 'same' as const,
      a: first?.key ?? '',
      b: key,
      ...(ref !== null && ref === first?.ref
        ? { method: 'nhs-number', evidence: { rule: 'verified number, birth date and given name agree' } }
        : { method: 'sender', evidence: { rule: 'merged by their sender, or one with such a chart' } }),
    })),
  );
}

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

function diffViews(
  family: Family,
  facts: Facts,
  members: Member[],
  parted: Parted[],
): Pick<Plan, 'insert' | 'update' | 'events'> {
  const stored = new Map(facts.views.map((view) => [`${view.type}/${view.id}`, view]));
  const changes = composeViews(family).flatMap((view) => {
    const digest = digestOf(view);
    const before = stored.get(`${view.type}/${view.id}`);
    return before?.digest === digest ? [] : [{ view: { ...view, digest }, before }];
  });
  const was = new Set(facts.members.map(({ journey, person }) => `${journey} ${person}`));
  return {
    insert: changes.filter(({ before }) => !before).map(({ view }) => view),
    update: changes.flatMap(({ view, before }) => (before ? [{ ...view, rowId: before.rowId }] : [])),
    events: describeChanges(family, changes, {
      added: members.filter(({ journey, person }) => !was.has(`${journey} ${person}`)),
      before: facts.members,
      left: facts.members.flatMap((member) =>
        parted.filter(({ from }) => from === member.person).map(({ to }) => ({ ...member, person: to })),
      ),
      parted,
    }),
  };
}

/** Everything stored of a view but its version: equal digests are equal rows. */
export function digestOf({ content, owner, persons, authors, service, state }: View): string {
  const text = canonicalText([content, owner, persons, authors, service, state]);
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
