/** Senders of every weight, right and wrong, by number, by id and by Skein's own ids: who becomes one person with whom. */
import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyedId } from '../../src/fhir/ids.ts';
import { NHS_NUMBER } from '../../src/fhir/systems.ts';
import { isImplicit } from '../../src/link/fold.ts';
import { link } from '../../src/link/plan.ts';
import { givenNames, saidNumber } from '../../src/link/who/charts.ts';
import { compareGiven } from '../../src/link/who/names.ts';
import type { Service, SourceRecord, Statement } from '../../src/model.ts';
import { isEmpty } from '../../src/save/save.ts';
import type { StatementState } from '../../src/store/facts.ts';
import { nhsNumber, patient, record, relative, resourceStatement } from '../support/records.ts';
import { KEY, RULES, Store, service, upToRenaming } from './store.ts';

const SECTORS = ['maternity', 'health-visiting', 'cmht', 'family-hub', 'third-sector', null, 'national'];
const SENDERS = SECTORS.map((sector, n) => service(n + 1, sector));
const PEOPLE = [
  { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' },
  { nhs: nhsNumber(2), given: 'Ruth', family: 'Bell', born: '1991-05-05' },
  { nhs: nhsNumber(3), given: 'Kofi', family: 'Osei', born: '2026-08-20' },
];
const MRN = 'https://skein.example/Id/RXX';
/** The id that Skein gives to the chart of a sender: anybody may have read it. */
const idOfChart = (system: number, mrn: string) => keyedId(KEY, 'Patient', String(system), `${MRN}|${mrn}`);

const usually = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const who = fc.integer({ min: 0, max: PEOPLE.length - 1 });
const sender = fc.integer({ min: 1, max: SENDERS.length });

const chart = fc
  .record({
    who,
    nhs: usually<number | null>(null, 0, 1),
    verified: usually(true, false),
    given: usually<string | null>(null, 'Zelda', ''),
    born: usually<string | null>(null, '1980-01-01', ''),
    replaces: usually<number | null>(null, 1, 2, 3, 4, 5, 6, 7),
    by: fc.constantFrom('id', 'key'),
  })
  .map(({ who: n, nhs, verified, given, born, replaces, by }) => (): Statement[] => {
    const own = PEOPLE[n] as (typeof PEOPLE)[number];
    const id = by === 'id' ? `P${n}` : idOfChart(replaces ?? 1, `H${n}`);
    const link = [{ type: 'replaces' as const, other: { reference: `Patient/${id}` } }];
    const said = patient('patient', {
      nhs: nhs === null ? own.nhs : (PEOPLE[nhs]?.nhs as string),
      ...{ verified, given: given ?? own.given, family: given === '' ? '' : own.family, local: `H${n}` },
      ...(born === '' ? {} : { born: born ?? own.born }),
      ...(replaces === null ? {} : { rest: { link } }),
    });
    return [{ ...said, ownId: `P${n}` }];
  });

const claim = fc
  .record({
    who,
    way: fc.constantFrom('number', 'mrn', 'own id', 'skein'),
    of: sender,
    n: fc.constantFrom(1, 2),
  })
  .map(({ who: one, way, of, n }) => (): Statement[] => {
    const subject = {
      number: { identifier: { system: NHS_NUMBER, value: PEOPLE[one]?.nhs as string } },
      mrn: { identifier: { system: MRN, value: `H${one}` } },
      'own id': { reference: `Patient/P${one}` },
      skein: { reference: `Patient/${idOfChart(of, `H${one}`)}` },
    }[way];
    const identifier = `https://skein.example/Id/episode|${way}.${one}.${of}.${n}`;
    const period = { start: '2026-09-01' };
    return [
      resourceStatement('episode', identifier, {
        ...{ resourceType: 'EpisodeOfCare', status: 'active', patient: subject, period },
      }),
    ];
  });

const relation = fc
  .record({ of: who, to: who, code: fc.constantFrom('GESTM', 'MTH', 'FTH') })
  .map(({ of, to, code }) => (): Statement[] => {
    const { resource, ...named } = relative('r', 'patient', [code], { nhs: PEOPLE[to]?.nhs as string });
    const subject = { identifier: { system: MRN, value: `H${of}` } };
    return [{ ...named, resource: { ...resource, patient: subject } as Statement['resource'] }];
  });

type Heard = [Service, SourceRecord];
const said = fc.oneof(
  { weight: 4, arbitrary: chart },
  { weight: 3, arbitrary: claim },
  { weight: 1, arbitrary: relation },
);
const messages = fc
  .array(fc.record({ from: sender, said, mode: fc.constantFrom('delta' as const, 'snapshot' as const) }), {
    minLength: 2,
    maxLength: 16,
  })
  .map((list) =>
    list.map(({ from, said: say, mode }, minute): Heard => {
      const at = new Date(Date.parse('2026-09-01T00:00:00Z') + minute * 60_000).toISOString();
      // One sender speaks in one way.
      return [
        SENDERS[from - 1] as Service,
        record(at, say(), mode === 'delta' && from % 2 ? mode : 'snapshot'),
      ];
    }),
  );

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
const LONG = 60_000;

it(
  'makes nobody one person with others’ but by number, birth date and given name, of senders that may',
  () => {
    fc.assert(
      fc.property(messages, (heard) => {
        const store = tell(heard);
        for (const own of Map.groupBy(charts(store), ({ person }) => person).values()) {
          const bySystem = Map.groupBy(own, ({ systemId }) => systemId);
          if (bySystem.size < 2) continue;
          for (const [systemId, mine] of bySystem) {
            const others = own.filter((one) => one.systemId !== systemId && !isImplicit(one));
            const mayJoin = mine.some((one) => !isImplicit(one) && saysSo(one, others));
            expect(mayJoin, `system ${systemId}`).toBe(true);
          }
        }
      }),
      { numRuns },
    );
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
