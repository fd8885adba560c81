/** Senders of every weight, right and wrong, by number, by id and by Skein's own ids: who becomes one person with whom. */
import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { isImplicit } from '../../src/link/fold.ts';
import { link } from '../../src/link/plan.ts';
import { givenNames, saidNumber } from '../../src/link/who/charts.ts';
import { compareGiven } from '../../src/match/names.ts';
import { isEmpty } from '../../src/save/save.ts';
import type { StatementState, View } from '../../src/store/facts.ts';
import { anyClaims, type Heard, MRN } from '../support/any-claims.ts';
import { record, resourceStatement } from '../support/records.ts';
import { KEY, RULES, Store, service, upToRenaming } from './store.ts';

const messages = anyClaims(KEY);

function tell(heard: Heard[]): Store {
  const store = new Store();
  for (const [from, what] of heard) store.hear(from, structuredClone(what));
  return store;
}

type Chart = StatementState & { content: Patient };
const charts = (store: Store) => store.facts.statements.filter((one): one is Chart => one.type === 'Patient');

/** What a chart must say, in full, to be somebody whom others speak of. */
function saysSo(own: Chart, others: Chart[]): boolean {
  const weight = RULES.evidence.weights.get(own.sector ?? '');
  if (!weight || weight.number === 'claim' || saidNumber(own) === undefined) return false;
  return others.some((other) => {
    const same = saidNumber(other) === saidNumber(own) && other.content.birthDate === own.content.birthDate;
    const nameless = [own, other].some(({ content }) => !content.name && weight.number !== 'joins');
    const named = compareGiven(givenNames(own.content), givenNames(other.content)) === 'agree';
    return same && own.content.birthDate !== undefined && (named || nameless);
  });
}

const numRuns = Number(process.env.RUNS ?? 150);
const LONG = 300_000;

it(
  'makes nobody one person with others’ but by number, birth date and given name, of senders that may',
  () => {
    let joined = 0;
    fc.assert(
      fc.property(messages, (heard) => {
        const store = tell(heard);
        for (const own of Map.groupBy(charts(store), ({ person }) => person).values()) {
          const bySystem = Map.groupBy(own, ({ systemId }) => systemId);
          if (bySystem.size < 2) continue;
          joined += 1;
          for (const [systemId, mine] of bySystem) {
            const others = own.filter((one) => one.systemId !== systemId && !isImplicit(one));
            const mayJoin = mine.some((one) => !isImplicit(one) && saysSo(one, others));
            expect(mayJoin, `system ${systemId}`).toBe(true);
          }
        }
      }),
      { numRuns },
    );
    expect(joined).toBeGreaterThan(0);
  },
  LONG,
);

it(
  'is the same in any order, and a recomputation changes nothing',
  () => {
    const inTwoOrders = messages.chain((heard) =>
      fc.tuple(fc.constant(heard), fc.shuffledSubarray(heard, { minLength: heard.length })),
    );
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
  'leaves what others hear as it was, whatever is said by who establishes nothing',
  () => {
    const heard = fc.tuple(messages, messages);
    fc.assert(
      fc.property(heard, ([theirs, claims]) => {
        const weak = claims.filter(([{ sector }]) => sector === null || sector === 'third-sector');
        const strong = theirs.filter(([{ sector }]) => sector !== null && sector !== 'third-sector');
        const ours = new Set([null, 'third-sector']);
        const foreign = (store: Store) =>
          charts(store)
            .filter(({ sector }) => !ours.has(sector))
            .map(({ key, person }) => `${key} ${person}`)
            .sort();
        expect(foreign(tell([...strong, ...weak]))).toEqual(foreign(tell(strong)));
        const edges = (store: Store) =>
          store
            .all('RelatedPerson')
            .map(({ id }) => id)
            .sort();
        expect(edges(tell([...strong, ...weak]))).toEqual(edges(tell(strong)));
      }),
      { numRuns },
    );
  },
  LONG,
);

/** Says who everybody is and belongs to, and speaks of no care. */
const STRANGER = service(8, 'gp');
const isCare = ([, { statements }]: Heard) =>
  statements.some(({ resource }) => resource.resourceType === 'EpisodeOfCare');
/** Each sender begins care of all whom it has a chart of, at the end. */
const caring = (heard: Heard[]): Heard[] =>
  [...new Set(heard.map(([from]) => from))].flatMap((from) =>
    [0, 1, 2].map((n): Heard => {
      const patient = { identifier: { system: MRN, value: `H${n}` } };
      const care = { resourceType: 'EpisodeOfCare' as const, status: 'active' as const, patient };
      const said = resourceStatement('episode', `${MRN}|care-${n}`, care);
      return [from, record('2026-09-02T00:00:00Z', [said])];
    }),
  );

it(
  'parts nobody and draws or ends no edge at the word of a service without care of either',
  () => {
    let edged = 0;
    fc.assert(
      fc.property(fc.tuple(messages, messages), ([theirs, words]) => {
        const ours = [...theirs, ...caring(theirs)];
        const said = words.filter((one) => !isCare(one)).map(([, what]): Heard => [STRANGER, what]);
        const [before, after] = [tell(ours), tell([...ours, ...said])];
        const personAfter = new Map(charts(after).map(({ key, person }) => [key, person]));
        for (const one of Map.groupBy(charts(before), ({ person }) => person).values())
          expect(new Set(one.map(({ key }) => personAfter.get(key))).size).toBe(1);
        const ends = (view: View) => view.persons.map((key) => personAfter.get(key) ?? key).join();
        const edges = after.all('RelatedPerson');
        for (const edge of before.all('RelatedPerson'))
          expect(edges.map(ends), 'an edge that stood').toContain(ends(edge));
        for (const { authors } of edges) expect(authors).not.toEqual([STRANGER.id]);
        edged += edges.length;
      }),
      { numRuns },
    );
    expect(edged).toBeGreaterThan(0);
  },
  LONG,
);
