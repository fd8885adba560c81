/** The store as a value: what link sees when everything is one family. Lets rules and orders be tested without a database. */

import type { Task } from '@medplum/fhirtypes';
import { EVIDENCE } from '../../src/access/decide/evidence.ts';
import { isPreconception, keeperOf, labelOf, mayRestrict } from '../../src/access/decide/link-rules.ts';
import { MATCHING } from '../../src/access/decide/matching.ts';
import { PROMPTS } from '../../src/access/decide/prompt-rules.ts';
import { sightOf } from '../../src/access/decide/sight.ts';
import { identifyRecord } from '../../src/link/identify.ts';
import { link } from '../../src/link/plan.ts';
import type { Event, Issue, Service, SourceRecord } from '../../src/model.ts';
import type { Facts, Plan, Rules, StatementState, View } from '../../src/store/facts.ts';

export const KEY = Buffer.alloc(32, 7);
/** Long after whatever the tests tell of. */
export const RULES = {
  key: KEY,
  evidence: EVIDENCE,
  asOf: '2026-12-31T00:00:00.000Z',
  matching: MATCHING,
  keeperOf,
  isPreconception,
  labelOf,
  mayRestrict,
  prompts: PROMPTS,
  sightOf,
  observes: () => false,
  off: new Map<string, number>(),
};

export function service(n: number, sector: string | null): Service {
  return {
    id: `00000000-0000-4000-8000-00000000000${n}`,
    name: sector ?? 'nobody',
    ods: 'RXX',
    team: sector ?? 'nobody',
    sector,
    kind: null,
  };
}

export class Store {
  facts: Facts = { statements: [], tainted: [], frozen: [], views: [], involvements: [], members: [] };
  views = new Map<string, View>();
  events: Event[] = [];
  plan: Plan | null = null;
  rules: Rules;
  #now = Date.parse('2026-11-01');

  constructor(key: Buffer = KEY) {
    this.rules = { ...RULES, key };
  }

  /** Applies one record as if its message had just arrived. */
  hear(from: Service, record: SourceRecord): Issue[] {
    const systemId = Number(from.id.slice(-1));
    const receivedAt = new Date(this.#now++);
    const weight = EVIDENCE.weights.get(from.sector ?? '') ?? null;
    const found = identifyRecord(record, { key: this.rules.key, systemId, receivedAt, weight });
    this.apply(link(this.rules, this.facts, found.record, { systemId, service: from }));
    return found.issues;
  }

  apply(plan: Plan): void {
    this.plan = plan;
    const { facts } = this;
    for (const state of plan.statements) this.#keep(state);
    for (const view of [...plan.insert, ...plan.update]) this.#show(view);
    for (const row of plan.forget.rows) this.#forget(row);
    facts.involvements = merge(
      facts.involvements,
      plan.involvements,
      (row) => `${row.person} ${row.service} ${row.journey}`,
    );
    facts.members = merge(facts.members, plan.members, (row) => `${row.journey} ${row.person}`);
    this.events.push(...plan.events.flatMap((event) => (event.code === 'recheck' ? [] : event)));
  }

  #keep(state: StatementState): void {
    const { statements } = this.facts;
    const at = statements.findIndex(({ key }) => key === state.key);
    const seq = at < 0 ? statements.length + 1 : (statements[at] as StatementState).seq;
    statements.splice(at < 0 ? statements.length : at, at < 0 ? 0 : 1, { ...state, seq });
  }

  #show(view: View & { digest: string }): void {
    const name = `${view.type}/${view.id}`;
    this.views.set(name, view);
    const { views } = this.facts;
    const at = views.findIndex(({ type, id }) => `${type}/${id}` === name);
    const { type, id, digest, state, persons, authors, service } = view;
    const row = {
      type,
      id,
      digest,
      state,
      persons,
      authors,
      service,
      owner: view.owner ?? '',
      rowId: name,
      version: 1,
    };
    views.splice(at < 0 ? views.length : at, at < 0 ? 0 : 1, row);
  }

  /** The row is as if it had never been. */
  #forget(row: string): void {
    this.facts.views = this.facts.views.filter(({ rowId }) => rowId !== row);
    this.views.delete(row);
  }

  /** Ids of what publish and deliver are to look at again after the last record. */
  rechecked(): string[] {
    return (this.plan?.events ?? []).flatMap((event) => (event.code === 'recheck' ? event.foci : []));
  }

  /** Live views of a type: tombstones left out. */
  all(type: string): View[] {
    return [...this.views.values()].filter((view) => view.type === type && view.state !== 'gone');
  }
}

function merge<Row>(
  stored: Row[],
  { upsert, remove }: { upsert: Row[]; remove: Partial<Row>[] },
  keyOf: (row: Row) => string,
): Row[] {
  const gone = new Set([...remove.map((row) => keyOf(row as Row)), ...upsert.map(keyOf)]);
  return [...stored.filter((row) => !gone.has(keyOf(row))), ...upsert];
}

/** Live views with every id that depends on who was seen first replaced by what it stands for. */
export function upToRenaming(store: Pick<Store, 'facts' | 'views' | 'all'>): string[] {
  const names = new Map<string, string>();
  const charts = store.facts.statements.filter(({ type }) => type === 'Patient');
  for (const [person, group] of Map.groupBy(charts, (chart) => chart.person ?? '')) {
    names.set(person, `person:${group.map(({ key }) => key.replaceAll('-', '')).sort()[0]}`);
  }
  for (const view of store.all('Group')) {
    const state = view.state?.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => names.get(id) ?? id);
    names.set(view.id, `journey:${view.persons.map((id) => names.get(id)).sort()}:${state}`);
  }
  for (const type of ['RelatedPerson', 'CareTeam']) for (const { id } of store.all(type)) names.set(id, type);
  // Of a referral's Task the id is that of the referral, which nobody renames.
  for (const { id, state } of store.all('Task')) if (state === 'verify-first') names.set(id, state);
  const text = (value: unknown) =>
    JSON.stringify(value).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => names.get(id) ?? id);
  const live = [...store.views.values()].filter(({ state }) => state !== 'gone');
  const rows = live.map(({ type, content, persons: ids, service, state: said }) => {
    // Who was told of a death when depends on who cared then.
    const state = type === 'Patient' ? said?.split(' ')[0] : said;
    const renamed = ids.map((id) => names.get(id) ?? id);
    const persons = ['Group', 'Patient'].includes(type) ? renamed.sort() : renamed;
    const {
      member,
      link: links,
      ...rest
    } = (type === 'Task' ? withoutArrival(content as Task) : content) as {
      member?: unknown[];
      link?: unknown[];
    };
    const unordered = [...(member ?? []), ...(links ?? [])].map(text).sort();
    return text([rest, unordered, persons, service, state]);
  });
  return [...rows, ...store.facts.involvements.map(text), ...store.facts.members.map(text)].sort();
}

/** When a referral was stored is a fact of its arrival. */
const withoutArrival = ({ output = [], ...rest }: Task): object => ({
  ...rest,
  output: output.filter(({ type }) => type.coding?.[0]?.code !== 'stored'),
});
