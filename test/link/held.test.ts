/** Who is held follows from all that was said, in any order: no joining or parting of records ends a hold. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import {
  CONTACT,
  contactOf,
  HOLD,
  holdOf,
  placementOf,
  SAFETY,
  safetyIn,
} from '../../src/link/safety/statements.ts';
import { decisionOf, REVIEWERS } from '../../src/link/who/decided.ts';
import type { Service, SourceRecord } from '../../src/model.ts';
import { isEmpty } from '../../src/save/save.ts';
import type { IdentifiedStatement } from '../../src/store/facts.ts';
import { episode, nhsNumber, patient, record, relative } from '../support/records.ts';
import { KEY, RULES, Store, service } from './store.ts';

const maternity = service(1, 'maternity');
const visiting = service(2, 'health-visiting');
const perinatal = service(3, 'specialist-perinatal');
const other = service(4, 'gp');
const skein = service(8, SAFETY);
const reviewers = service(9, REVIEWERS);
const MOTHER = { nhs: nhsNumber(41), given: 'Zora', family: 'Vane', born: '1994-03-02' };
const BABY = { nhs: nhsNumber(42), given: 'Otto', family: 'Vane', born: '2026-08-20', local: 'B1' };
const [HERS, LATER] = [
  { ...MOTHER, local: 'M1' },
  { ...MOTHER, local: 'M2' },
];

/** Key of somebody's chart at a service, as identify makes it. */
function chartOf(from: Service, who: typeof HERS): string {
  const store = new Store();
  store.hear(from, record('2026-09-01T09:00:00Z', [patient('patient', who)]));
  return store.facts.statements.find(({ type }) => type === 'Patient')?.key ?? '';
}
const [hers, later] = [chartOf(perinatal, HERS), chartOf(visiting, LATER)];

/** What Skein keeps by itself, said at a minute of one day. */
function keep(store: Store, from: Service, minute: number, statements: IdentifiedStatement[]): void {
  const saidAt = `2026-10-01T10:${String(minute).padStart(2, '0')}:00.000Z`;
  const told = { position: '', saidAt, stamp: `${saidAt}|${saidAt}`, mapping: 'test@1', lineage: [] };
  const systemId = Number(from.id.slice(-1));
  const own = { ...told, mode: 'snapshot' as const, statements };
  store.apply(link(store.rules, store.facts, own, { systemId, service: from }));
}
const said = (at: string, chart = hers) => ({ chart, author: perinatal.id, at });
const AT = '2026-10-01T10:05:00.000Z';

const SAID: [Service, SourceRecord][] = [
  [perinatal, record('2026-09-01T09:00:00Z', [patient('patient', HERS), episode('E1', 'active')])],
  [
    maternity,
    record('2026-08-21T09:00:00Z', [
      patient('patient', BABY),
      relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: MOTHER.nhs }),
      episode('E2', 'active'),
    ]),
  ],
  [visiting, record('2026-09-02T09:00:00Z', [patient('patient', LATER), episode('E3', 'active')])],
  // Somebody of another birth date under her number: until it is corrected, it joins nobody.
  [
    other,
    record('2026-09-03T09:00:00Z', [patient('patient', { ...MOTHER, local: 'X1', born: '1960-01-01' })]),
  ],
];
type Step = (store: Store) => void;
const hears = SAID.map(
  ([from, one]): Step =>
    (store) =>
      void store.hear(from, one),
);
const hold: Step = (store) => keep(store, skein, 5, [holdOf(KEY, said(AT))]);
const apart: Step = (store) =>
  keep(store, reviewers, 1, [decisionOf(KEY, [later, hers], { verdict: 'different' })]);

/** Charts of everybody who is held, and how members are. */
function heldIn(store: Store) {
  const held = new Set(store.facts.members.filter((member) => member.held).map(({ person }) => person));
  const charts = store.facts.statements.filter(
    ({ type, person }) => type === 'Patient' && held.has(person ?? ''),
  );
  return charts.map(({ key }) => key).sort();
}
const told = (steps: Step[]): Store => {
  const store = new Store();
  for (const step of steps) step(store);
  return store;
};

describe('a hold', () => {
  it('gives the same in any order of messages, decisions and the hold itself', () => {
    const steps = [...hears, hold, apart];
    const expected = heldIn(told(steps));
    expect(expected).toEqual([hers, later].sort());
    fc.assert(
      fc.property(fc.shuffledSubarray(steps, { minLength: steps.length }), (order) => {
        const store = told(order);
        expect(heldIn(store)).toEqual(expected);
        expect(isEmpty(link(RULES, store.facts, null, null))).toBe(true);
      }),
    );
  });

  it('stays with both when records part, and is shown of the one that it was placed on', () => {
    const store = told([...hears.slice(0, 3), hold]);
    const marked = () =>
      store.all('Patient').flatMap(({ id, content }) => (content.meta?.security ? [id] : []));
    expect(heldIn(store)).toEqual([hers, later].sort());
    apart(store);
    expect(heldIn(store)).toEqual([hers, later].sort());
    const person = store.facts.statements.find(({ key }) => key === hers)?.person;
    expect(marked()).toEqual([person]);
  });

  it('reaches neither the infant nor a stranger under the number, and ends where it was reviewed later', () => {
    const store = told([...hears.slice(0, 3), hold]);
    keep(store, skein, 9, [holdOf(KEY, said(AT), { lifted: true })]);
    expect(heldIn(store)).toEqual([]);
    expect(safetyIn(store.facts.statements, HOLD)).toHaveLength(1);
    keep(store, skein, 10, [holdOf(KEY, said(AT))]);
    expect(heldIn(store)).toEqual([hers, later].sort());
  });

  it('blocks the prompts about an infant and its parents, and says so to nobody', () => {
    const visited: Step = (store) =>
      void store.hear(
        visiting,
        record('2026-09-03T09:00:00Z', [patient('patient', BABY), episode('E5', 'active')]),
      );
    const prompts = (store: Store) =>
      store.all('Task').flatMap(({ content, state }) => (state === 'prompt' ? [content] : []));
    const family = [...hears.slice(0, 2), visited];
    const store = told(family);
    // Her care is no secret to who cares for the infant; without it, a parent would be asked for.
    expect(prompts(store)).toEqual([]);
    hold(store);
    expect(prompts(store)).toEqual([]);
    const alone = told([hears[1] as Step, visited]);
    expect(JSON.stringify(prompts(alone))).toContain('parent-in-view');
    const baby = alone.facts.statements.find(
      ({ type, content }) => type === 'Patient' && 'birthDate' in content,
    );
    keep(alone, skein, 5, [holdOf(KEY, said(AT, baby?.key))]);
    expect(prompts(alone)).toEqual([]);
    expect(JSON.stringify(alone.all('Task'))).not.toContain('hold');
  });

  it('counts for nothing in the mouth of anybody else', () => {
    const store = told(hears.slice(0, 3));
    keep(store, perinatal, 5, [holdOf(KEY, said(AT))]);
    expect(heldIn(store)).toEqual([]);
  });
});

it('the last safe-contact instruction of all charts of a person stands, in any order', () => {
  const say =
    (minute: number, chart: string, how: string): Step =>
    (store) =>
      keep(store, skein, minute, [
        contactOf(KEY, said(AT, chart), { url: CONTACT, extension: [{ url: 'how', valueCode: how }] }),
      ]);
  const steps = [...hears.slice(0, 3), say(3, hers, 'phone'), say(4, later, 'none'), say(2, later, 'text')];
  fc.assert(
    fc.property(fc.shuffledSubarray(steps, { minLength: steps.length }), (order) => {
      const store = told(order);
      const person = store.facts.statements.find(({ key }) => key === hers)?.person;
      const sources = store.views.get(`Patient/${person}`)?.sources;
      expect(JSON.stringify(sources)).toContain('"valueCode":"none"');
      expect(JSON.stringify(sources)).not.toContain('"valueCode":"phone"');
    }),
  );
});

it('a Flag that a sender says rules nobody: it has no person', () => {
  const store = new Store();
  for (const step of hears) step(store);
  const flags = () => store.facts.statements.filter(({ type }) => type === 'Flag');
  keep(store, perinatal, 6, [placementOf(KEY, said(AT))]);
  expect(flags().map(({ person }) => person)).toEqual([null]);
  keep(store, skein, 7, [holdOf(KEY, said(AT))]);
  expect(flags().filter(({ person }) => person !== null)).toHaveLength(1);
});
