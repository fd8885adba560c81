/** What services were told of a death is kept with that death, also where two deaths may be one (ADR 12). */
import { expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import type { Service } from '../../src/model.ts';
import { isEmpty } from '../../src/save/save.ts';
import { episode, nhsNumber, patient, record, type Someone } from '../support/records.ts';
import { RULES, Store, service } from './store.ts';

const [maternity, neonatal] = [service(1, 'maternity'), service(5, 'neonatal')];
/** One sender has lost the given name since: the two charts prove one person no more, and may be one. */
const INFANT = { nhs: nhsNumber(4), given: 'Jayden', family: 'Osei', born: '2026-08-20', local: 'H3' };
const died = { rest: { deceasedDateTime: '2026-08-26' } };

const hear = (store: Store, from: Service, minute: number, [whom, ...care]: [Someone, ...string[]]) =>
  store.hear(
    from,
    record(
      `2026-09-01T00:0${minute}:00Z`,
      [patient('patient', whom), ...care.map((id) => episode(id, 'active', { start: '2026-08-21' }))],
      'delta',
    ),
  );

it('of two deaths that may be one, care of the one is told to stop once, and a recomputation changes nothing', () => {
  const store = new Store();
  hear(store, neonatal, 1, [{ ...INFANT, ...died }]);
  hear(store, maternity, 0, [{ ...INFANT, ...died }]);
  hear(store, maternity, 2, [{ ...INFANT, given: '' }, 'M1']);
  const again = link(RULES, store.facts, null, null);
  expect(store.all('Patient').length).toBeGreaterThan(1);
  expect(store.all('Patient').every(({ state }) => state?.startsWith('lost '))).toBe(true);
  const stops = store.events.filter(
    ({ code, to = [] }) => code === 'contact-stop' && to.includes(maternity.id),
  );
  expect(stops).toHaveLength(1);
  expect([isEmpty(again), again.events]).toEqual([true, []]);
});

it('who cares for two records that may be one infant is told of each, when each is heard to have died', () => {
  const store = new Store();
  hear(store, maternity, 0, [{ ...INFANT, ...died }, 'M1']);
  hear(store, maternity, 1, [{ ...INFANT, ...died, born: '', local: 'J3' }, 'M2']);
  const infants = store.all('Patient').map(({ id }) => id);
  expect(infants).toHaveLength(2);
  for (const code of ['contact-stop', 'loss']) {
    const told = store.events.filter((event) => event.code === code && event.to?.includes(maternity.id));
    expect(told.map(({ persons }) => persons[0]).sort()).toEqual([...infants].sort());
  }
  expect(isEmpty(link(RULES, store.facts, null, null))).toBe(true);
});
