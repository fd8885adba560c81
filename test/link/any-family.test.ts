import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import { isEmpty } from '../../src/save/save.ts';
import type { Involvement } from '../../src/store/facts.ts';
import { family, type Heard, inTwoOrders } from '../support/any-family.ts';
import { RULES, Store, upToRenaming } from './store.ts';

function tell(heard: Heard[]): Store {
  const store = new Store();
  for (const [from, what] of heard) store.hear(from, structuredClone(what));
  return store;
}

const numRuns = Number(process.env.RUNS ?? 200);
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

/** Who had open or awaited care of whom when a contact-stop was told, and of whom that was. */
type Stopped = { persons: string[]; to: string[] | undefined; care: Involvement[] };

it(
  'tells everybody whose patient is an infant that died to stop contacts, whenever and however it comes out',
  () => {
    let concerned = 0;
    fc.assert(
      fc.property(family, (heard) => {
        const store = new Store();
        const stops: Stopped[] = [];
        for (const [from, what] of heard) {
          const told = store.events.length;
          store.hear(from, structuredClone(what));
          const care = store.facts.involvements.filter(({ state }) => state !== 'closed');
          for (const { code, persons, to } of store.events.slice(told))
            if (code === 'contact-stop') stops.push({ persons, to, care });
        }
        const names = new Map(store.facts.statements.map(({ key, person }) => [key, person ?? key]));
        const isNow = (was: string, person: string) => (names.get(was) ?? was) === person;
        const groups = store.all('Group');
        const lost = groups.flatMap(({ state }) => state?.split('|')[1]?.split(' ').filter(Boolean) ?? []);
        for (const { person, service, state } of store.facts.involvements) {
          if (!lost.includes(person) || state === 'closed') continue;
          concerned += 1;
          const reached = stops.some(
            ({ persons, to, care }) =>
              persons.some((one) => isNow(one, person)) &&
              (to?.includes(service) ??
                care.some((one) => one.service === service && isNow(one.person, person))),
          );
          expect(reached, `${service} of ${person}`).toBe(true);
        }
      }),
      { numRuns },
    );
    expect(concerned).toBeGreaterThan(0);
  },
  LONG,
);
