/** What national signals and an identity change do to a family, in any order, and never to anybody else. */
import type { Basic, Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NHS_NUMBER, SUPERSEDED_NUMBER } from '../../src/fhir/systems.ts';
import { link } from '../../src/link/plan.ts';
import { numberKey } from '../../src/link/who/keys.ts';
import type { SourceRecord } from '../../src/model.ts';
import { isEmpty } from '../../src/save/save.ts';
import { episode, nhsNumber, patient, record, relative, signalStatement } from '../support/records.ts';
import { KEY, RULES, Store, service, upToRenaming } from './store.ts';

const maternity = service(1, 'maternity');
const visiting = service(2, 'health-visiting');
const perinatal = service(3, 'specialist-perinatal');
const gp = service(4, 'gp');
const hub = service(5, 'family-hub');
const spine = service(6, 'national');
const camhs = service(7, 'camhs-0-5');
type Sender = ReturnType<typeof service>;
type Said = [Sender, SourceRecord];

const [OLD, NEW, CHILD, NEXT] = [nhsNumber(1), nhsNumber(2), nhsNumber(3), nhsNumber(4)];
const MOTHER = { given: 'Amara', family: 'Osei', born: '1994-03-02' };
const BABY = { given: 'Kofi', family: 'Osei', born: '2026-08-20' };
const signal = (
  code: string,
  number: string,
  more: Parameters<typeof signalStatement>[2] = {},
  at = '2026-09-10T09:00:00Z',
): Said => [spine, record(at, [signalStatement(code, number, more)], 'delta')];
const change = (number: string, more: Parameters<typeof signalStatement>[2] = {}, at?: string) =>
  signal('number-change', number, more, at);
const chart = (
  from: Sender,
  who: Parameters<typeof patient>[1],
  at = '2026-09-02T09:00:00Z',
  care = `E-${from.id.slice(-1)}-${who.local}`,
): Said => [from, record(at, [patient('patient', who), episode(care, 'active', { start: at.slice(0, 10) })])];

const mother = (nhs: string, local: string) => ({ ...MOTHER, nhs, local });
const birth: Said = [
  maternity,
  record('2026-08-20T09:00:00Z', [
    patient('patient', { ...BABY, nhs: CHILD, local: 'B1' }),
    relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: OLD }),
    episode('V1', 'active', { start: '2026-08-20' }),
  ]),
];

function tell(said: Said[]): Store {
  const store = new Store();
  for (const [from, what] of said) store.hear(from, structuredClone(what));
  return store;
}
const persons = (store: Store) => store.all('Patient').map(({ content }) => content as Patient);
const identifiers = (one: Patient | undefined, system: string) =>
  (one?.identifier ?? []).flatMap((each) => (each.system === system ? (each.value ?? []) : []));
const kinds = (store: Store) => store.plan?.assertions.map(({ kind, method }) => `${kind} ${method}`) ?? [];

describe('a number replaced as a duplicate', () => {
  const said = [
    chart(perinatal, mother(OLD, 'P1')),
    chart(visiting, mother(NEW, 'H1')),
    birth,
    change(OLD, { status: 'R', by: NEW }),
  ];

  it('makes one person of all who had either, shown with the new number and found by the old', () => {
    const store = tell(said);
    const [one, ...others] = persons(store).filter(({ birthDate }) => birthDate === MOTHER.born);
    expect(others).toEqual([]);
    expect(identifiers(one, NHS_NUMBER)).toEqual([NEW]);
    expect(identifiers(one, SUPERSEDED_NUMBER)).toEqual([OLD]);
    expect(store.all('RelatedPerson')).toHaveLength(2);
    expect(store.events.filter(({ code }) => code === 'person-merged')).toHaveLength(1);
  });

  it('follows a chain, and no circle', () => {
    const chain = [...said, change(NEW, { status: 'R', by: NEXT }), chart(gp, mother(NEXT, 'G1'))];
    expect(
      identifiers(
        persons(tell(chain)).find(({ birthDate }) => birthDate === MOTHER.born),
        NHS_NUMBER,
      ),
    ).toEqual([NEXT]);
    const circle = [...said, change(NEW, { status: 'R', by: OLD })];
    expect(persons(tell(circle)).filter(({ birthDate }) => birthDate === MOTHER.born)).toHaveLength(2);
  });

  it('joins nobody whom birth date or given name contradict, and asks people', () => {
    const other = { ...mother(NEW, 'H1'), given: 'Ruth', born: '1990-01-01' };
    const store = tell([chart(perinatal, mother(OLD, 'P1')), chart(visiting, other), ...said.slice(3)]);
    expect(persons(store)).toHaveLength(2);
    expect(kinds(store)).toContain('disputed-number signal');
  });

  it('shows the new number to nobody who only claimed the old one', () => {
    const wrong = { ...mother(OLD, 'U1'), given: 'Zoe', born: '1980-01-01' };
    const store = tell([chart(hub, wrong), ...said]);
    const theirs = persons(store).find(({ birthDate }) => birthDate === wrong.born);
    expect(identifiers(theirs, NHS_NUMBER)).toEqual([OLD]);
    expect(JSON.stringify(theirs)).not.toContain(NEW);
  });

  it('waits for the new number, and takes it from a sender that gives it for the same chart', () => {
    const waiting = [
      chart(perinatal, mother(OLD, 'P1')),
      chart(gp, mother(OLD, 'G1')),
      change(OLD, { status: 'R' }),
    ];
    const before = tell(waiting);
    expect(persons(before)).toHaveLength(1);
    expect(kinds(before)).toContain('disputed-number signal');
    const after = tell([...waiting, chart(gp, mother(NEW, 'G1'), '2026-09-20T09:00:00Z')]);
    expect(persons(after)).toHaveLength(1);
    expect(identifiers(persons(after)[0], NHS_NUMBER)).toEqual([NEW]);
  });
});

describe('a number invalidated without a cause', () => {
  it('joins nobody: those are parted who were one person by it alone', () => {
    const store = tell([
      chart(perinatal, mother(OLD, 'P1')),
      chart(visiting, mother(OLD, 'H1')),
      change(OLD, { status: 'I' }),
    ]);
    expect(persons(store)).toHaveLength(2);
    expect(store.events.map(({ code }) => code)).toContain('person-unmerged');
    expect(kinds(store)).toEqual(['disputed-number signal']);
  });

  it('is shown as nobody’s present number, and as verified by nobody', () => {
    const store = tell([chart(perinatal, mother(OLD, 'P1')), change(OLD, { status: 'I' })]);
    const [shown] = (persons(store)[0]?.identifier ?? []).filter(({ system }) => system === NHS_NUMBER);
    expect(shown).toEqual({ use: 'old', system: NHS_NUMBER, value: OLD });
    const again = tell([change(OLD, { status: 'I' }), chart(perinatal, mother(OLD, 'P1'))]);
    expect(persons(again)[0]?.identifier).toEqual(persons(store)[0]?.identifier);
  });

  it('leads from the records of one service to no other’s, and says within them still whom they mean', () => {
    const apart = tell([chart(perinatal, mother(OLD, 'P1')), birth, change(OLD, { status: 'I' })]);
    expect(apart.all('RelatedPerson')).toEqual([]);
    const own = tell([chart(maternity, mother(OLD, 'M1')), birth, change(OLD, { status: 'I' })]);
    expect(own.all('RelatedPerson')).toHaveLength(2);
  });

  it('leaves together whom their sender merged', () => {
    const link = [{ other: { reference: '#patient' }, type: 'replaced-by' as const }];
    const merge = record('2026-09-03T09:00:00Z', [
      patient('patient', mother(OLD, 'P1')),
      patient('merged', { ...mother(OLD, 'P0'), rest: { active: false, link } }),
    ]);
    const store = tell([
      chart(perinatal, mother(OLD, 'P0')),
      [perinatal, merge],
      change(OLD, { status: 'I' }),
    ]);
    expect(persons(store)).toHaveLength(1);
  });

  it('does nothing where the word is not that of a national system', () => {
    const said = [chart(perinatal, mother(OLD, 'P1')), chart(visiting, mother(OLD, 'H1'))];
    const store = tell(said);
    const [, what] = change(OLD, { status: 'I' });
    const issues = [OLD, nhsNumber(77)].map((number) => {
      const said = structuredClone(what);
      const resource = said.statements[0]?.resource as Basic;
      Object.assign(resource, { subject: { identifier: { system: NHS_NUMBER, value: number } } });
      return store.hear(gp, said);
    });
    expect(issues[0]).toEqual(issues[1]);
    expect(issues[0]).toEqual([expect.objectContaining({ severity: 'warning' })]);
    expect(upToRenaming(store)).toEqual(upToRenaming(tell(said)));
  });
});

describe('a death that is told of a number', () => {
  it('of an infant is a loss, and stops contacts', () => {
    const store = tell([
      birth,
      chart(visiting, { ...BABY, nhs: CHILD, local: 'H2' }),
      signal('death', CHILD),
    ]);
    expect(store.events.map(({ code }) => code)).toEqual(expect.arrayContaining(['loss', 'contact-stop']));
    expect(persons(store).every(({ deceasedDateTime }) => deceasedDateTime === undefined)).toBe(true);
  });

  it('of a mother stops contacts of her infant’s services, and is no loss', () => {
    const store = tell([
      chart(perinatal, mother(OLD, 'P1')),
      birth,
      chart(visiting, { ...BABY, nhs: CHILD, local: 'H2' }),
      signal('death', OLD),
    ]);
    const [stop] = store.events.filter(({ code }) => code === 'contact-stop');
    expect(stop?.to).toEqual(expect.arrayContaining([perinatal.id, visiting.id]));
    expect(store.events.map(({ code }) => code)).not.toContain('loss');
  });

  it('of whom cannot be told where several have the number: their services are to verify', () => {
    const other = { ...BABY, given: 'Yaw', born: '2026-08-19', nhs: CHILD, local: 'H3' };
    const store = tell([birth, chart(visiting, other), signal('death', CHILD)]);
    expect(store.events.map(({ code }) => code)).not.toContain('loss');
    expect(store.all('Task').map(({ state }) => state)).toContain('verify-first');
  });
});

describe('a proxy role', () => {
  it('is a suggestion: no view changes and nobody is told', () => {
    const said = [birth, chart(perinatal, mother(OLD, 'P1'))];
    const before = tell(said);
    const store = tell([...said, signal('proxy-role', CHILD)]);
    expect(upToRenaming(store)).toEqual(upToRenaming(before));
    expect(store.events).toEqual(before.events);
    expect(kinds(store)).toEqual(['possible-parent signal']);
  });
});

/** Nothing of the store speaks of these charts: neither a view, gone or not, nor a row. `owner` is never shown. */
function expectForgotten(store: Store, keys: string[]): void {
  const { facts, views } = store;
  const text = JSON.stringify(
    [[...views.values()], facts.views, facts.involvements, facts.members],
    (name, value) => (name === 'owner' ? undefined : value),
  );
  expect(keys.filter((key) => text.includes(key))).toEqual([]);
}
const chartsOf = (store: Store, number: string) =>
  store.facts.statements.flatMap(({ type, key, content }) =>
    type === 'Patient' && JSON.stringify(content).includes(number) ? key : [],
  );

describe('an identity change', () => {
  const family = [
    birth,
    chart(perinatal, mother(OLD, 'P1')),
    chart(visiting, { ...BABY, nhs: CHILD, local: 'H2' }),
  ];
  const frozen = change(CHILD, { status: 'I', cause: 'identity-change' });
  const adopted = { ...BABY, family: 'Hendra', nhs: NEXT, local: 'N1' };

  it('leaves nothing of the person, and the mother’s journey in its shape', () => {
    const before = tell(family);
    const store = tell([...family, frozen]);
    expectForgotten(store, chartsOf(store, CHILD));
    const stages = (one: Store) => one.all('Group').map(({ state, id }) => `${id} ${state}`);
    expect(stages(store)).toEqual(stages(before));
    const since = store.events.slice(before.events.length);
    expect(new Set(since.map(({ code }) => code))).toEqual(new Set(['withdrawn']));
    expect(since.flatMap(({ to = [] }) => to)).toEqual(
      expect.arrayContaining([maternity.id, visiting.id, perinatal.id]),
    );
  });

  it('keeps what comes later under the number where it is, and the new number apart', () => {
    const store = tell([...family, frozen]);
    const told = store.events.length;
    store.hear(...chart(camhs, { ...BABY, nhs: CHILD, local: 'C1' }, '2026-10-01T09:00:00Z'));
    expect(store.events).toHaveLength(told);
    store.hear(...chart(gp, adopted, '2026-10-02T09:00:00Z'));
    expectForgotten(store, chartsOf(store, CHILD));
    const children = persons(store).filter(({ birthDate }) => birthDate === BABY.born);
    expect(children.map(({ name }) => name?.[0]?.family)).toEqual(['Hendra']);
    expect(JSON.stringify(children)).not.toContain('replaced');
  });

  it('holds a chart that its sender gives the new number, so that nothing leads from the one to the other', () => {
    const moved = chart(visiting, { ...adopted, local: 'H2' }, '2026-10-05T09:00:00Z');
    const store = tell([...family, frozen, chart(gp, adopted, '2026-10-02T09:00:00Z'), moved]);
    const [theirs] = store.facts.statements.filter(
      ({ type, systemId }) => type === 'Patient' && systemId === Number(visiting.id.slice(-1)),
    );
    expectForgotten(store, [theirs?.key ?? '']);
    expect(persons(store).filter(({ birthDate }) => birthDate === BABY.born)).toHaveLength(1);
  });

  it('is the same where the operator says so, and ends with that', () => {
    const store = tell([...family, chart(gp, adopted)]);
    const whole = upToRenaming(store);
    store.facts.frozen = [numberKey(CHILD, KEY)];
    store.apply(link(RULES, store.facts, null, null));
    expectForgotten(store, chartsOf(store, CHILD));
    store.facts.frozen = [];
    store.apply(link(RULES, store.facts, null, null));
    expect(upToRenaming(store)).toEqual(whole);
  });

  it('asks nobody anything about it', () => {
    const store = tell([...family, frozen]);
    expect(store.plan?.assertions).toEqual([]);
  });
});

const EVERYTHING: Said[] = [
  birth,
  chart(perinatal, mother(OLD, 'P1')),
  chart(visiting, mother(NEW, 'H1')),
  chart(gp, mother(OLD, 'G1')),
  chart(gp, mother(NEW, 'G1'), '2026-09-20T09:00:00Z'),
  chart(hub, { ...mother(OLD, 'U1'), given: 'Zoe', born: '1980-01-01' }),
  chart(hub, mother(OLD, 'U2')),
  chart(visiting, { ...BABY, nhs: CHILD, local: 'H2' }),
  chart(visiting, { ...BABY, family: 'Hendra', nhs: NEXT, local: 'H2' }, '2026-10-05T09:00:00Z'),
  chart(camhs, { ...BABY, nhs: CHILD, local: 'C1' }),
  chart(gp, { ...BABY, family: 'Hendra', nhs: NEXT, local: 'N1' }),
  change(OLD, { status: 'R' }, '2026-09-08T09:00:00Z'),
  change(OLD, { status: 'R', by: NEW }),
  change(OLD, { status: 'I' }, '2026-09-12T09:00:00Z'),
  change(NEW),
  change(CHILD, { status: 'I', cause: 'identity-change' }),
  signal('death', CHILD),
  signal('death', OLD),
  signal('proxy-role', CHILD),
  signal('other', OLD),
];

describe('signals and charts in any order', () => {
  const orders = fc.shuffledSubarray(EVERYTHING, { minLength: 2 });

  it('give the same persons, journeys and views', () => {
    fc.assert(
      fc.property(orders, (order) => {
        const sorted = EVERYTHING.filter((said) => order.includes(said));
        expect(upToRenaming(tell(order))).toEqual(upToRenaming(tell(sorted)));
      }),
      { numRuns: 300 },
    );
  });

  it('are heard again without effect, and leave nothing to recompute', () => {
    fc.assert(
      fc.property(orders, (order) => {
        const store = tell([...order, ...order]);
        expect(upToRenaming(store)).toEqual(upToRenaming(tell(order)));
        expect(isEmpty(link(RULES, store.facts, null, null))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('show nothing of an identity that was changed, and tell of it no more than that it is withdrawn', () => {
    const frozen = change(CHILD, { status: 'I', cause: 'identity-change' });
    fc.assert(
      fc.property(orders, orders, (before, after) => {
        const store = tell([...before, frozen]);
        const keys = () =>
          store.facts.statements.flatMap(({ type, key, content }) =>
            type === 'Patient' && JSON.stringify(content).includes(CHILD) ? key : [],
          );
        const held = keys();
        expectForgotten(store, held);
        const told = store.events.length;
        for (const [from, what] of after) store.hear(from, structuredClone(what));
        expectForgotten(store, [...held, ...keys()]);
        const about = store.events.slice(told).filter(({ focus }) => [...held, ...keys()].includes(focus.id));
        expect(about).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
