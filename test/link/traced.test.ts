/** What a number that tracing found does to a family, in any order; and that it goes no further than its chart's sender's own. */
import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NHS_NUMBER } from '../../src/fhir/systems.ts';
import { link } from '../../src/link/plan.ts';
import { numberKey } from '../../src/link/who/keys.ts';
import { deathSignal, identifySignal, replacedSignal } from '../../src/link/who/signals.ts';
import { TRACER, type Trace, traceOf } from '../../src/link/who/traced.ts';
import type { SourceRecord } from '../../src/model.ts';
import { isEmpty } from '../../src/save/save.ts';
import type { IdentifiedRecord } from '../../src/store/facts.ts';
import { episode, nhsNumber, patient, record, type Someone, signalStatement } from '../support/records.ts';
import { KEY, Store, service, upToRenaming } from './store.ts';

const maternity = service(1, 'maternity');
const perinatal = service(2, 'specialist-perinatal');
const adults = service(3, 'adult-services');
const hub = service(4, 'family-hub');
const charity = service(5, 'third-sector');
const spine = service(6, 'national');
const tracer = service(8, TRACER);
type Service = ReturnType<typeof service>;

const [NUMBER, OTHER, NEXT] = [nhsNumber(1), nhsNumber(2), nhsNumber(3)];
const HER = { given: 'Amara', family: 'Osei', born: '1994-03-02' };

type Step =
  | { from: Service; record: SourceRecord }
  | { traced: Trace; as: Someone; minute: number; more?: object[] };
const chart = (from: Service, who: Someone, at = '2026-09-02T09:00:00Z'): Step => ({
  from,
  record: record(at, [
    patient('patient', who),
    episode(`E-${who.local}`, 'active', { start: at.slice(0, 10) }),
  ]),
});
const content = (who: Someone) => patient('patient', who).resource as Patient;

function take(store: Store, step: Step): void {
  if ('from' in step) {
    store.hear(step.from, structuredClone(step.record));
    return;
  }
  const at = new Date(Date.parse('2026-10-01T00:00:00Z') + step.minute * 60_000).toISOString();
  const weight = store.rules.evidence.weights.get(TRACER) ?? null;
  const signals = (step.more ?? []).map((resource, n) =>
    identifySignal(
      { local: `signal-${n}`, resource: resource as never, nulls: [] },
      { key: KEY, systemId: 8, weight },
    ),
  );
  const said: IdentifiedRecord = {
    ...{ position: '', saidAt: at, stamp: `${at}|${at}`, mapping: 'trace@1', mode: 'snapshot', lineage: [] },
    statements: [traceOf(KEY, step.traced, content(step.as)), ...signals],
  };
  store.apply(link(store.rules, store.facts, said, { systemId: 8, service: tracer }));
}
const tell = (...steps: Step[]): Store => {
  const store = new Store();
  for (const step of steps) take(store, step);
  return store;
};
/** The key of a chart, which is the same in every store of these tests. */
const keyOf = (from: Service, who: Someone): string =>
  tell(chart(from, who)).facts.statements.find(({ type }) => type === 'Patient')?.key ?? '';
const persons = (store: Store) => store.all('Patient').map((one) => one.content as Patient);
const numbers = (store: Store) =>
  persons(store).map((one) => one.identifier?.find(({ system }) => system === NHS_NUMBER)?.value);

const UNTRACED = { ...HER, local: 'P1' };
const trace = (
  from = perinatal,
  who: Someone = UNTRACED,
  number = NUMBER,
  rest: Partial<Trace> = {},
): Step => ({
  traced: { chart: keyOf(from, who), number, ...rest },
  as: who,
  minute: rest.undone ? 1 : 0,
});
const known = chart(maternity, { ...HER, nhs: NUMBER, local: 'M1' });

describe('a number that was traced', () => {
  it('makes one person of its chart and those who have it as verified, and says that it was traced', () => {
    const store = tell(known, chart(perinatal, UNTRACED), trace());
    expect(numbers(store)).toEqual([NUMBER]);
    expect(store.plan?.assertions).toContainEqual(
      expect.objectContaining({ kind: 'same', evidence: { rule: expect.stringContaining('traced number') } }),
    );
  });

  it('is the same in any order, and a rebuild changes nothing', () => {
    const steps = [known, chart(perinatal, UNTRACED), trace()];
    const first = upToRenaming(tell(...steps));
    fc.assert(
      fc.property(fc.shuffledSubarray(steps, { minLength: steps.length }), (order) => {
        const store = tell(...order);
        expect(upToRenaming(store)).toEqual(first);
        expect(isEmpty(link(store.rules, store.facts, null, null))).toBe(true);
      }),
    );
  });

  it('is undone, and all is as it was', () => {
    const before = upToRenaming(tell(known, chart(perinatal, UNTRACED)));
    const store = tell(
      known,
      chart(perinatal, UNTRACED),
      trace(),
      trace(perinatal, UNTRACED, NUMBER, { undone: true }),
    );
    expect(upToRenaming(store)).toEqual(before);
  });

  it('joins nobody with whom birth date or given name disagree', () => {
    for (const wrong of [{ born: '1991-03-02' }, { given: 'Ruth' }])
      expect(
        persons(
          tell(
            chart(maternity, { ...HER, ...wrong, nhs: NUMBER, local: 'M1' }),
            chart(perinatal, UNTRACED),
            trace(),
          ),
        ),
      ).toHaveLength(2);
  });
});

describe('a trace holds', () => {
  const later = (rest: Someone) =>
    tell(
      known,
      chart(perinatal, UNTRACED),
      trace(),
      chart(perinatal, { ...UNTRACED, ...rest }, '2026-11-02T09:00:00Z'),
    );

  it('while the chart says the same given name and birth date, under whatever family name', () => {
    expect(persons(later({ family: 'Osei-Bell' }))).toHaveLength(1);
    expect(persons(later({ given: 'Ama' }))).toHaveLength(2);
    expect(persons(later({ born: '1994-03-20' }))).toHaveLength(2);
  });

  it('and no longer, though nobody else has the number', () => {
    const alone = (rest: Someone) =>
      tell(
        chart(perinatal, UNTRACED),
        trace(),
        chart(perinatal, { ...UNTRACED, ...rest }, '2026-11-02T09:00:00Z'),
      );
    expect(numbers(alone({ family: 'Osei-Bell' }))).toEqual([NUMBER]);
    expect(numbers(alone({ given: 'Ama' }))).toEqual([undefined]);
    expect(numbers(alone({ born: '1994-03-20' }))).toEqual([undefined]);
  });

  it('until its sender gives a number of its own', () => {
    expect(numbers(later({ nhs: OTHER })).sort()).toEqual([NUMBER, OTHER]);
    expect(numbers(later({ nhs: OTHER, verified: false })).sort()).toEqual([NUMBER, OTHER]);
    expect(persons(later({ nhs: NUMBER, verified: false }))).toHaveLength(1);
  });

  it('of a number that is neither invalid nor of a changed identity, which leads from nobody to anybody', () => {
    const change = (cause?: string): Step => ({
      from: spine,
      record: record(
        '2026-09-10T09:00:00Z',
        [signalStatement('number-change', NUMBER, { status: 'I', ...(cause ? { cause } : {}) })],
        'delta',
      ),
    });
    const store = tell(chart(perinatal, UNTRACED), trace(), change('identity-change'));
    expect(numbers(store)).toEqual([undefined]);
    expect(numbers(tell(chart(perinatal, UNTRACED), trace(), change()))).toEqual([undefined]);
    const frozen = tell(chart(perinatal, UNTRACED));
    frozen.facts.frozen.push(numberKey(NUMBER, KEY));
    take(frozen, trace());
    expect(persons(frozen)).toHaveLength(1);
  });
});

describe('a trace opens no more than the word of the chart’s own sender', () => {
  const of = (from: Service, ...more: Step[]) => tell(known, chart(from, UNTRACED), ...more, trace(from));

  it('so that a charity’s chart joins nobody, and a hub’s joins whom others established', () => {
    expect(persons(of(charity))).toHaveLength(2);
    expect(numbers(tell(chart(charity, UNTRACED), trace(charity)))).toEqual([undefined]);
    expect(persons(of(hub))).toHaveLength(1);
    expect(
      persons(tell(chart(hub, UNTRACED), chart(adults, { ...HER, local: 'A1' }), trace(hub))),
    ).toHaveLength(2);
  });

  it('and shows the number to nobody by that sender’s own chart', () => {
    const [view] = tell(chart(hub, UNTRACED), trace(hub)).all('Patient');
    const charts = view?.sources && 'charts' in view.sources ? view.sources.charts : [];
    expect(charts.map(({ author }) => author)).toEqual([hub.id, tracer.id]);
    expect(JSON.stringify(charts[0])).not.toContain(NUMBER);
    expect(charts[1]).toMatchObject({ national: true, content: { identifier: [{ value: NUMBER }] } });
  });

  it('and counts for nothing where the weights of evidence have no word for it', () => {
    const store = new Store();
    const weights = new Map(store.rules.evidence.weights);
    weights.delete(TRACER);
    store.rules = { ...store.rules, evidence: { ...store.rules.evidence, weights } };
    for (const step of [known, chart(perinatal, UNTRACED), trace()]) take(store, step);
    expect(persons(store)).toHaveLength(2);
  });
});

describe('what the national record says besides', () => {
  const heard = (store: Store) => store.events.map(({ code }) => code);

  it('supersedes the number that the chart gave, as a national signal would', () => {
    const gave = { ...UNTRACED, nhs: OTHER, verified: false };
    const step = trace(perinatal, gave, NEXT, { replaced: OTHER });
    const store = tell(chart(maternity, { ...HER, nhs: OTHER, local: 'M1' }), chart(perinatal, gave), {
      ...step,
      more: [replacedSignal(OTHER, NEXT)],
    } as Step);
    expect(numbers(store)).toEqual([NEXT]);
  });

  it('stops contacts where a registrar says that she died, and else asks to verify first', () => {
    const infant = { given: 'Kofi', family: 'Osei', born: '2026-08-20' };
    const died = (formal: boolean) =>
      tell(
        chart(maternity, { ...infant, nhs: NUMBER, local: 'B1' }),
        chart(perinatal, { ...infant, local: 'P1' }),
        {
          ...trace(perinatal, { ...infant, local: 'P1' }),
          more: [deathSignal(NUMBER, { day: '2026-09-20', formal })],
        } as Step,
      );
    expect(heard(died(true))).toContain('contact-stop');
    expect(heard(died(false))).not.toContain('contact-stop');
    expect(
      died(false)
        .all('Task')
        .map(({ state }) => state),
    ).toContain('verify-first');
  });
});
