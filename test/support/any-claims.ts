/** What senders of every weight say of a few people, right and wrong: by chart, by number, by id and by ids of Skein's. */
import fc from 'fast-check';
import { keyedId } from '../../src/fhir/ids.ts';
import { NHS_NUMBER } from '../../src/fhir/systems.ts';
import type { Service, SourceRecord, Statement } from '../../src/model.ts';
import { service } from '../link/store.ts';
import { nhsNumber, patient, record, relative, resourceStatement } from './records.ts';

const SECTORS = ['maternity', 'health-visiting', 'cmht', 'family-hub', 'third-sector', null, 'national'];
export const CLAIMANTS = SECTORS.map((sector, n) => service(n + 1, sector));
const PEOPLE = [
  { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' },
  { nhs: nhsNumber(2), given: 'Ruth', family: 'Bell', born: '1991-05-05' },
  { nhs: nhsNumber(3), given: 'Kofi', family: 'Osei', born: '2026-08-20' },
];
export const MRN = 'https://skein.example/Id/RXX';
/** The id that Skein gives to the chart of a sender: anybody may have read it. */
const idOfChart = (key: Buffer, system: number, mrn: string) =>
  keyedId(key, 'Patient', String(system), `${MRN}|${mrn}`);

const usually = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const who = fc.integer({ min: 0, max: PEOPLE.length - 1 });
const sender = fc.integer({ min: 1, max: CLAIMANTS.length });

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
  .map(({ who: n, nhs, verified, given, born, replaces, by }) => (key: Buffer): Statement[] => {
    const own = PEOPLE[n] as (typeof PEOPLE)[number];
    const id = by === 'id' ? `P${n}` : idOfChart(key, replaces ?? 1, `H${n}`);
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
  .map(({ who: one, way, of, n }) => (key: Buffer): Statement[] => {
    const subject = {
      number: { identifier: { system: NHS_NUMBER, value: PEOPLE[one]?.nhs as string } },
      mrn: { identifier: { system: MRN, value: `H${one}` } },
      'own id': { reference: `Patient/P${one}` },
      skein: { reference: `Patient/${idOfChart(key, of, `H${one}`)}` },
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

export type Heard = [Service, SourceRecord];
const said = fc.oneof(
  { weight: 4, arbitrary: chart },
  { weight: 3, arbitrary: claim },
  { weight: 1, arbitrary: relation },
);
/** `key`: of the store that they are said to, which makes the ids that Skein gives there. */
export const anyClaims = (key: Buffer) =>
  fc
    .array(fc.record({ from: sender, said, mode: fc.constantFrom('delta' as const, 'snapshot' as const) }), {
      minLength: 2,
      maxLength: 16,
    })
    .map((list) =>
      list.map(({ from, said: say, mode }, minute): Heard => {
        const at = new Date(Date.parse('2026-09-01T00:00:00Z') + minute * 60_000).toISOString();
        // One sender speaks in one way.
        return [
          CLAIMANTS[from - 1] as Service,
          record(at, say(key), mode === 'delta' && from % 2 ? mode : 'snapshot'),
        ];
      }),
    );
