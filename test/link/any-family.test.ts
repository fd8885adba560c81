import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { link } from '../../src/link/plan.ts';
import { isEmpty } from '../../src/save/save.ts';
import { family, type Heard, inTwoOrders, PEOPLE, SENDERS } from '../support/any-family.ts';
import { episode, patient, record, type Someone } from '../support/records.ts';
import { RULES, Store, upToRenaming } from './store.ts';

function tell(heard: Heard[]): Store {
  const store = new Store();
  for (const [from, what] of heard) store.hear(from, structuredClone(what));
  return store;
}

const numRuns = Number(process.env.RUNS ?? 200);
const LONG = 300_000;

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

/** Of a family the death of one of its infants, and care of each by somebody, at any time. */
const bereaved = fc
  .record({
    heard: family,
    dead: fc.constantFrom(3, 4, 5),
    declares: fc.constantFrom(0, 4),
    cares: fc.array(fc.record({ from: fc.integer({ min: 0, max: 4 }), of: fc.constantFrom(3, 4, 5) }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .chain(({ heard, dead, declares, cares }) => {
    const chart = (n: number, rest: Partial<Patient> = {}) =>
      patient('patient', { ...(PEOPLE[n] as Someone), local: `H${n}`, rest });
    const death = record('2026-09-03T10:00:00Z', [chart(dead, { deceasedDateTime: '2026-08-26' })]);
    const more = [
      [SENDERS[declares], death],
      ...cares.map(({ from, of }, n) => [
        SENDERS[from],
        record('2026-09-02T10:00:00Z', [chart(of), episode(`C${n}`, 'active', { start: '2026-08-25' })]),
      ]),
    ] as Heard[];
    const all = [...heard, ...more];
    return fc.shuffledSubarray(all, { minLength: all.length });
  });

it(
  'tells everybody whose patient is an infant that died to stop contacts, whenever and however it comes out',
  () => {
    let concerned = 0;
    fc.assert(
      fc.property(bereaved, (heard) => {
        const store = tell(heard);
        const stops = store.events.filter(({ code }) => code === 'contact-stop');
        const names = new Map(store.facts.statements.map(({ key, person }) => [key, person ?? key]));
        const isNow = (was: string, person: string) => (names.get(was) ?? was) === person;
        const lost = store.all('Patient').filter(({ state }) => state?.startsWith('lost '));
        for (const { person, service, state } of store.facts.involvements) {
          if (!lost.some(({ id }) => id === person) || state === 'closed') continue;
          concerned += 1;
          const reached = stops.filter(
            ({ persons, to = [] }) => to.includes(service) && persons.some((one) => isNow(one, person)),
          );
          expect(reached.length, `${service} of ${person}`).toBeGreaterThan(0);
        }
      }),
      { numRuns },
    );
    expect(concerned).toBeGreaterThan(10);
  },
  LONG,
);
