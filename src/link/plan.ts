import { hash } from 'node:crypto';
import type { Patient } from '@medplum/fhirtypes';
import type { Assertion, Facts, IdentifiedRecord, Involvement, Member, Plan, StatementState, View } from '../facts.ts';
import { canonicalText } from '../fhir/references.ts';
import type { Issue, Service } from '../model.ts';
import { describeChanges } from './events.ts';
import { fold } from './fold.ts';
import { findJourneys } from './journeys.ts';
import { isSomebodyElse, resolvePersons } from './persons.ts';
import { relatePersons } from './relate.ts';
import { groupSpells, involve } from './spells.ts';
import { composeViews, type Family } from './views.ts';

/** The sender of a record: what its statements are stamped with. */
export type Sender = { systemId: number; service: Service };

/** Statements not stored yet sort after all stored ones, in their own order. */
const UNSEEN = 2 ** 52;

/**
 * Decides what one record changes in a family: folds it into what was said before, then recomputes persons, relationships, journeys,
 * episodes and teams from all statements, and keeps the differences. With no record it recomputes only (rebuild). Pure.
 */
export function link(key: Buffer, facts: Facts, record: IdentifiedRecord | null, sender: Sender | null): Plan {
  const { states, changed } = foldRecord(facts.statements, record, sender);
  const tainted = new Set(facts.tainted);
  const { persons, personOfChart, disputed, personOfKey } = resolvePersons(states, tainted);
  for (const state of states) {
    const person = state.type === 'Patient' ? (personOfChart.get(state.key)?.id ?? null) : null;
    if (state.person === person) continue;
    state.person = person;
    changed.set(state.key, state);
  }
  const { edges, assertions } = relatePersons(states, personOfKey);
  const spells = groupSpells(key, states, personOfKey);
  const happenings = [
    ...spells.map((spell) => ({ person: spell.person, start: spell.period.start ?? '' })),
    ...states.flatMap((state) => {
      const person = state.type === 'ServiceRequest' ? personOfKey(state.chart) : undefined;
      return person ? [{ person, start: state.first.slice(0, 24) }] : [];
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
    journeys,
    stored: facts.views,
  };
  const members = journeys.flatMap((journey) => journey.members.map((member) => ({ journey: journey.id, ...member })));
  return {
    statements: [...changed.values()],
    assertions: [...assertions, ...identityAssertions(persons), ...disputed.map(dispute)].filter(isNews(record)),
    ...diffViews(family, facts, members),
    involvements: diffRows(facts.involvements, involve(spells), (row) => `${row.person} ${row.service}`),
    members: diffRows(facts.members, members, (row) => `${row.journey} ${row.person}`),
  };
}

/**
 * What a record must not do, in the sender's terms: give a known local identifier to somebody else, or a known referral, episode or
 * encounter to another patient. Such a record is held until the sender has looked at it.
 */
export function findImpostors(facts: Facts, record: IdentifiedRecord): Issue[] {
  const known = new Map(facts.statements.map((state) => [state.key, state]));
  const patients = new Map<string, { ref: string | null }>(
    [...facts.statements, ...record.statements].map((one) => [one.key, one]),
  );
  return record.statements.flatMap((said): Issue[] => {
    const before = known.get(said.key);
    if (!before) return [];
    if (said.type === 'Patient') {
      const other = isSomebodyElse(before.content as Patient, said.content as Patient);
      return other
        ? [impostor(record, said, 'another of your patients: birth date, given name and family name all differ')]
        : [];
    }
    const [was, is] = [patients.get(before.chart)?.ref, patients.get(said.chart)?.ref];
    const moved = said.type !== 'RelatedPerson' && before.chart !== said.chart && !(was && was === is);
    return moved ? [impostor(record, said, `a ${said.type} of another of your patients`)] : [];
  });
}

function impostor(record: IdentifiedRecord, said: IdentifiedRecord['statements'][number], what: string): Issue {
  const origin = record.lineage.find(({ element }) => element.startsWith(`${said.local}.identifier`));
  return {
    severity: 'error',
    code: 'business-rule',
    ...(origin ? { field: origin.source } : {}),
    expression: `${said.type}.identifier`,
    text: `this identifier already names ${what}`,
  };
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
    };
    states.set(said.key, state);
    changed.set(said.key, state);
  }
  return { states: [...states.values()].sort((a, b) => a.seq - b.seq), changed };
}

const pick = ({ first, base, times, content, chart, ref }: StatementState) => ({
  first,
  base,
  times,
  content,
  chart,
  ref,
});

function identityAssertions(persons: { charts: { key: string; ref: string | null }[] }[]): Assertion[] {
  return persons.flatMap(({ charts: [first, ...rest] }) =>
    rest.map(({ key }) => ({
      kind: 'same' as const,
      a: first?.key ?? '',
      b: key,
      method: 'nhs-number',
      evidence: { rule: 'verified number, birth date and given name agree' },
    })),
  );
}

const dispute = (ref: string): Assertion => ({
  kind: 'disputed-number',
  a: ref,
  b: null,
  method: 'nhs-number',
  evidence: { rule: 'claimed with incompatible birth dates or given names' },
});

/** Assertions about keys this record speaks of; the rest were made when theirs arrived. */
function isNews(record: IdentifiedRecord | null) {
  const keys = new Set((record?.statements ?? []).flatMap(({ key, chart, ref }) => [key, chart, ref]));
  return ({ a, b }: Assertion) => record !== null && (keys.has(a) || keys.has(b));
}

function diffViews(family: Family, facts: Facts, members: Member[]): Pick<Plan, 'insert' | 'update' | 'events'> {
  const stored = new Map(facts.views.map((view) => [`${view.type}/${view.id}`, view]));
  const changes = composeViews(family).flatMap((view) => {
    const digest = digestOf(view);
    const before = stored.get(`${view.type}/${view.id}`);
    return before?.digest === digest ? [] : [{ view: { ...view, digest }, before }];
  });
  const was = new Set(facts.members.map(({ journey, person }) => `${journey} ${person}`));
  const is = new Set(members.map(({ journey, person }) => `${journey} ${person}`));
  return {
    insert: changes.filter(({ before }) => !before).map(({ view }) => view),
    update: changes.flatMap(({ view, before }) => (before ? [{ ...view, rowId: before.rowId }] : [])),
    events: describeChanges(family, changes, {
      added: members.filter(({ journey, person }) => !was.has(`${journey} ${person}`)),
      removed: facts.members.filter(({ journey, person }) => !is.has(`${journey} ${person}`)),
    }),
  };
}

/** Everything stored of a view but its version: equal digests are equal rows. */
export function digestOf({ content, owner, persons, authors, service, state }: View): string {
  const text = canonicalText([content, owner, persons, authors, service, state]);
  return hash('sha256', text, 'base64url').slice(0, 22);
}

function diffRows<Row extends Involvement | Member>(stored: Row[], wanted: Row[], keyOf: (row: Row) => string) {
  const before = new Map(stored.map((row) => [keyOf(row), canonicalText(row)]));
  const now = new Set(wanted.map(keyOf));
  return {
    upsert: wanted.filter((row) => before.get(keyOf(row)) !== canonicalText(row)),
    remove: stored.filter((row) => !now.has(keyOf(row))),
  };
}
