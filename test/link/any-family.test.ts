import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import { isEmpty } from '../../src/save/save.ts';
import { family, type Heard, inTwoOrders } from '../support/any-family.ts';
import { RULES, Store, upToRenaming } from './store.ts';

function tell(heard: Heard[]): Store {
  const store = new Store();
  for (const [from, what] of heard) store.hear(from, structuredClone(what));
  return store;
}

const numRuns = 200;
const LONG = 60_000;

it(
  'is the same family in any order, and a recomputation changes nothing',
  () => {
    fc.assert(
      fc.property(inTwoOrders, ([heard, shuffled]) => {
        const [one, other] = [tell(heard), tell(shuffled)];
        expect(upToRenaming(other)).toEqual(upToRenaming(one));
        expect(isEmpty(link(RULES, other.facts, null, null))).toBe(true);
      }),
      { numRuns },
    );
  },
  LONG,
);

it(
  'makes nobody of two, and nobody the parent of somebody older',
  () => {
    const met = { joined: 0, parents: 0 };
    fc.assert(
      fc.property(family, (heard) => {
        const store = tell(heard);
        const charts = store.facts.statements.filter(({ type }) => type === 'Patient');
        for (const own of Map.groupBy(charts, ({ person }) => person).values()) {
          if (own.length > 1) met.joined += 1;
          expect(new Set(own.flatMap(({ ref }) => ref ?? [])).size).toBeLessThan(2);
          const patients = own.map(({ content }) => content as Patient);
          const [born = ''] = patients
            .flatMap(({ birthDate }) => birthDate ?? [])
            .sort()
            .slice(-1);
          expect(patients.filter(({ birthDate = '' }) => !born.startsWith(birthDate))).toEqual([]);
        }
        const bornOf = (id: string) =>
          store.all('Patient').find((view) => view.id === id)?.content as Patient | undefined;
        for (const { persons, content } of store.all('RelatedPerson')) {
          const [one, two] = persons.map((id) => bornOf(id)?.birthDate ?? '');
          if (!JSON.stringify(content).includes('CHILD') || !one || !two) continue;
          met.parents += 1;
          expect(one < two).toBe(true);
        }
      }),
      { numRuns },
    );
    // What was drawn had people of several charts and parents of known age at all.
    expect([met.joined > 10, met.parents > 10]).toEqual([true, true]);
  },
  LONG,
);
