/** What people decide of who is who: stands against whatever is sent, in any order, and leaves no trace undone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import { decisionOf, type Verdict } from '../../src/link/who/decided.ts';
import { isEmpty } from '../../src/save/save.ts';
import type { IdentifiedRecord } from '../../src/store/facts.ts';
import { family, type Heard } from '../support/any-family.ts';
import { episode, nhsNumber, patient, record, relative } from '../support/records.ts';
import { KEY, Store, service, upToRenaming } from './store.ts';

const maternity = service(1, 'maternity');
const perinatal = service(3, 'specialist-perinatal');
const charity = service(5, 'third-sector');
const reviewers = service(9, 'reviewer');
const MOTHER = { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' };
const OTHER = { nhs: nhsNumber(5), given: 'Ruth', family: 'Bell', born: '1991-01-01' };
const BABY = { nhs: nhsNumber(2), given: 'Kofi', family: 'Osei', born: '2026-08-20' };

type Decided = { pair: [string, string]; verdict: Verdict; of?: Verdict; minute: number };

function decide(store: Store, { pair, minute, ...said }: Decided): void {
  const at = new Date(Date.parse('2026-10-01T00:00:00Z') + minute * 60_000).toISOString();
  const decision: IdentifiedRecord = {
    ...{ position: '', saidAt: at, stamp: `${at}|${at}`, mapping: 'decision@1', mode: 'snapshot' },
    ...{ lineage: [], statements: [decisionOf(KEY, pair, said)] },
  };
  const sender = { systemId: 9, service: reviewers };
  store.apply(link(store.rules, store.facts, decision, sender));
}

const chartsOf = (store: Store) => store.facts.statements.filter(({ type }) => type === 'Patient');
const personOf = (store: Store, key: string) => chartsOf(store).find((chart) => chart.key === key)?.person;
const chartBy = (store: Store, systemId: number) =>
  chartsOf(store).find((chart) => chart.systemId === systemId)?.key ?? '';
const say = (store: Store, from: typeof maternity, day: string, ...all: Parameters<typeof record>[1]) =>
  store.hear(from, record(`2026-${day}T10:00:00Z`, all));

describe('a chart that people set apart', () => {
  const told = () => {
    const store = new Store();
    say(store, maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }), episode('M1', 'active'));
    say(store, perinatal, '09-02', patient('patient', MOTHER), episode('P1', 'active'));
    return { store, hers: chartBy(store, 1), wrong: chartBy(store, 3) };
  };

  it('is a person of its own, is told so, and stays it when it is sent again', () => {
    const { store, hers, wrong } = told();
    expect(personOf(store, wrong)).toBe(personOf(store, hers));
    decide(store, { pair: [wrong, hers], verdict: 'different', minute: 0 });
    expect(personOf(store, wrong)).not.toBe(personOf(store, hers));
    expect(store.plan?.events.map((event) => event.code)).toContain('person-unmerged');
    say(store, perinatal, '10-05', patient('patient', { ...MOTHER, family: 'Osei-Bell' }));
    expect(personOf(store, wrong)).not.toBe(personOf(store, hers));
  });

  it('makes way for whose the number is', () => {
    const { store, hers, wrong } = told();
    decide(store, { pair: [wrong, hers], verdict: 'different', minute: 0 });
    const camhs = service(4, 'camhs-0-5');
    say(store, camhs, '10-05', patient('patient', MOTHER));
    expect(personOf(store, chartBy(store, 4))).toBe(personOf(store, hers));
    expect(personOf(store, wrong)).toBe(wrong);
  });

  it('is one with the others again, under the id before, where that is undone', () => {
    const { store, hers, wrong } = told();
    const before = upToRenaming(store);
    const was = personOf(store, hers);
    decide(store, { pair: [wrong, hers], verdict: 'different', minute: 0 });
    decide(store, { pair: [wrong, hers], verdict: 'undone', of: 'different', minute: 1 });
    expect(upToRenaming(store)).toEqual(before);
    expect(personOf(store, hers)).toBe(was);
  });
});

describe('two people found to be one', () => {
  it('are one, and two again where that is undone', () => {
    const store = new Store();
    say(store, maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(store, charity, '09-02', patient('patient', { ...MOTHER, nhs: undefined, local: 'C1' }));
    const pair: [string, string] = [chartBy(store, 1), chartBy(store, 5)];
    const before = upToRenaming(store);
    decide(store, { pair, verdict: 'same', minute: 0 });
    expect(personOf(store, pair[1])).toBe(pair[0]);
    expect(store.plan?.assertions).toContainEqual(
      expect.objectContaining({ kind: 'same', method: 'people', b: pair[1] }),
    );
    decide(store, { pair, verdict: 'undone', of: 'same', minute: 1 });
    expect(upToRenaming(store)).toEqual(before);
  });

  it('stay two where a verified number says so', () => {
    const store = new Store();
    say(store, maternity, '09-01', patient('patient', { ...MOTHER, local: 'M1' }));
    say(store, perinatal, '09-02', patient('patient', { ...MOTHER, nhs: OTHER.nhs }));
    decide(store, { pair: [chartBy(store, 1), chartBy(store, 3)], verdict: 'same', minute: 0 });
    expect(store.all('Patient')).toHaveLength(2);
  });
});

it('is no parent whom people decided to be none, whoever says so again', () => {
  const store = new Store();
  say(store, maternity, '08-20', patient('patient', { ...MOTHER, local: 'M1' }));
  const baby = patient('patient', { ...BABY, local: 'B1' });
  const born = () => relative('pid-21', 'patient', ['GESTM', 'MTH'], { nhs: MOTHER.nhs });
  say(store, maternity, '08-21', baby, born());
  expect(store.all('RelatedPerson')).toHaveLength(2);
  const [mother, infant] = ['M1', 'B1'].map(
    (local) => chartsOf(store).find((chart) => JSON.stringify(chart.content).includes(local))?.key ?? '',
  );
  decide(store, { pair: [mother ?? '', infant ?? ''], verdict: 'not-parent', minute: 0 });
  expect(store.all('RelatedPerson')).toHaveLength(0);
  say(store, maternity, '10-21', structuredClone(baby), born());
  expect(store.all('RelatedPerson')).toHaveLength(0);
  decide(store, { pair: [mother ?? '', infant ?? ''], verdict: 'undone', of: 'not-parent', minute: 2 });
  expect(store.all('RelatedPerson')).toHaveLength(2);
});

type Step = { heard: Heard } | { decided: Decided };

function tell(steps: Step[]): Store {
  const store = new Store();
  for (const step of steps)
    if ('decided' in step) decide(store, step.decided);
    else store.hear(step.heard[0], structuredClone(step.heard[1]));
  return store;
}

const decided = fc
  .array(
    fc.record({
      places: fc.tuple(fc.nat(), fc.nat()),
      of: fc.constantFrom<Verdict>('same', 'two', 'different', 'not-parent'),
      undone: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map(
    (all) => (charts: string[]) =>
      all.flatMap(({ places, of, undone }, minute): Decided[] => {
        const [one, other] = places.map((place) => charts[place % charts.length]) as [string, string];
        if (one === other) return [];
        const said = { pair: [one, other] as [string, string], of };
        return [
          { ...said, verdict: of, minute: minute * 2 },
          ...(undone ? [{ ...said, verdict: 'undone' as const, minute: minute * 2 + 1 }] : []),
        ];
      }),
  );

it(
  'comes to the same whenever it is decided, and a recomputation changes nothing',
  () => {
    let parted = 0;
    fc.assert(
      fc.property(family, decided, fc.infiniteStream(fc.nat()), (heard, choose, random) => {
        const spoken = heard.map((one): Step => ({ heard: one }));
        const charts = chartsOf(tell(spoken))
          .map(({ key }) => key)
          .sort();
        const decisions = choose(charts).map((one): Step => ({ decided: one }));
        const inTurn = [...spoken, ...decisions];
        const order = inTurn.map((step) => ({ step, at: random.next().value as number }));
        const shuffled = order.sort((a, b) => a.at - b.at).map(({ step }) => step);
        const [one, other] = [tell(inTurn), tell(shuffled)];
        expect(upToRenaming(other)).toEqual(upToRenaming(one));
        expect(isEmpty(link(other.rules, other.facts, null, null))).toBe(true);
        if (one.all('Patient').length > tell(spoken).all('Patient').length) parted += 1;
      }),
      { numRuns: Number(process.env.RUNS ?? 200) },
    );
    expect(parted).toBeGreaterThan(5);
  },
  60 * 60_000,
);
