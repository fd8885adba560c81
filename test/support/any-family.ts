/** Families that nobody thought of: what their senders say, right and wrong, in any order. */
import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import type { Service, SourceRecord, Statement } from '../../src/model.ts';
import { service } from '../link/store.ts';
import { nhsNumber, patient, record, relative, resourceStatement, type Someone } from './records.ts';

export const SENDERS = ['maternity', 'health-visiting', 'specialist-perinatal', 'camhs-0-5', 'neonatal'].map(
  (sector, n) => service(n + 1, sector),
);
/** Mother, grandmother of her name, second mother, twins, their older brother. */
export const PEOPLE: Someone[] = [
  { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' },
  { nhs: nhsNumber(2), given: 'Amara', family: 'Osei', born: '1970-01-01' },
  { nhs: nhsNumber(3), given: 'Ruth', family: 'Bell', born: '1991-05-05' },
  { nhs: nhsNumber(4), given: 'Jayden', family: 'Osei', born: '2026-08-20' },
  { nhs: nhsNumber(5), given: 'Kayden', family: 'Osei', born: '2026-08-21' },
  { nhs: nhsNumber(6), given: 'Kwame', family: 'Osei', born: '2024-01-09' },
];
export type Heard = [Service, SourceRecord];

const someone = fc.integer({ min: 0, max: PEOPLE.length - 1 });
const BIRTHS: Partial<Patient>[] = [{ multipleBirthBoolean: false }, { multipleBirthInteger: 2 }];
const DEATHS: Partial<Patient>[] = [{ deceasedDateTime: '2026-08-26' }, { deceasedBoolean: false }];
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

/** The usual thing, or a mistake with each part of it. */
const said = fc
  .record({
    number: mostly<'own' | 'none' | 'unverified' | 'silent' | number>(
      'own',
      'none',
      'unverified',
      'silent',
      0,
      3,
    ),
    given: mostly<string | null>(null, '', 'Baby', 'A', 'A B', 'Kayden', 'Amy'),
    born: mostly<string | null>(null, '', '2026-08', '1994-03-02', '2026-08-20'),
    rest: mostly<Partial<Patient>>({}, ...BIRTHS, ...DEATHS),
  })
  .map(({ number, given, born, rest }) => (n: number, local: string | undefined, as: string): Statement => {
    const who = PEOPLE[n] as Someone;
    const nhs = typeof number === 'number' ? PEOPLE[number]?.nhs : number === 'none' ? undefined : who.nhs;
    const names = {
      family: who.family as string,
      given: given ?? who.given,
      born: (born ?? who.born) || undefined,
    };
    const statement = patient(as, {
      ...names,
      nhs,
      verified: number !== 'unverified',
      local,
      rest,
    } as Someone);
    if (number === 'silent')
      for (const identifier of (statement.resource as Patient).identifier ?? []) delete identifier.extension;
    return statement;
  });

const relation = fc.record({
  code: fc.constantFrom('GESTM', 'MTH', 'PRN', 'CHILD', 'NMTH', 'SPS'),
  of: someone,
  by: fc.constantFrom('nhs' as const, 'mrn' as const),
  place: fc.constantFrom('first', 'second'),
});
const care = fc.record({
  kind: fc.constantFrom('referral', 'episode', 'encounter'),
  id: fc.constantFrom('1', '2'),
  status: fc.constantFrom('active', 'finished', 'revoked'),
  to: fc.integer({ min: 1, max: 3 }),
  start: fc.constantFrom('2024-06-01', '2026-03-01', '2026-09-01', undefined),
});
const REFERRAL = 'https://skein.example/Id/referral';

function careStatement(
  said: typeof care extends fc.Arbitrary<infer T> ? T : never,
  { who, from }: { who: number; from: number },
) {
  const { kind, status, to, start } = said;
  // Of two senders with one referral number the first is meant, so each has its own; others cite that of the first sender.
  const id = kind === 'referral' && from > 0 ? `${from}.${who}.${said.id}` : `${who}.${said.id}`;
  const subject = { reference: '#patient' };
  const period = start ? { period: { start } } : {};
  const performer = { reference: `Organization/${SENDERS[to]?.id}` };
  const identifier = [{ system: REFERRAL, value: id }];
  if (kind === 'referral')
    return resourceStatement('referral', `${REFERRAL}|${id}`, {
      ...{ resourceType: 'ServiceRequest', intent: 'plan', subject, performer: [performer], identifier },
      ...{ status: status === 'revoked' ? 'revoked' : 'active', ...(start ? { authoredOn: start } : {}) },
    });
  if (kind === 'episode')
    return resourceStatement('episode', `https://skein.example/Id/episode|${id}`, {
      ...{
        resourceType: 'EpisodeOfCare',
        status: status === 'finished' ? 'finished' : 'active',
        patient: subject,
      },
      ...{ referralRequest: [{ identifier: identifier[0] as object }], ...period },
    });
  const stay = { status: 'finished' as const, class: { code: 'HH' }, subject, ...period };
  return resourceStatement('encounter', `x|${id}`, { resourceType: 'Encounter', ...stay });
}

/** One message: somebody's chart, perhaps merged into another, with relations and care. */
const message = fc
  .record({
    from: fc.integer({ min: 0, max: SENDERS.length - 1 }),
    who: someone,
    chart: mostly<'own' | 'second' | 'number'>('own', 'second', 'number'),
    said,
    relations: fc.array(relation, { maxLength: 2 }),
    care: fc.array(care, { maxLength: 2 }),
    merges: mostly<boolean>(false, true),
    mode: mostly<'delta' | 'snapshot' | null>(null, 'delta', 'snapshot'),
  })
  .map(({ from, who, chart, said: say, relations, care: cared, merges, mode }) => (minute: number): Heard => {
    const local = chart === 'number' ? undefined : `${chart === 'own' ? 'H' : 'J'}${who}`;
    const main = say(who, local, 'patient');
    const link = [{ other: { reference: '#patient' }, type: 'replaced-by' as const }];
    const old = patient('merged', { local: `H${who}`, rest: { active: false, link } });
    const statements = [
      main,
      ...(merges && local === `J${who}` ? [old] : []),
      ...relations.map(({ code, of, by, place }) =>
        relative(place, 'patient', [code], by === 'nhs' ? { nhs: PEOPLE[of]?.nhs ?? '' } : { mrn: `H${of}` }),
      ),
      ...cared.map((one, index) => ({ ...careStatement(one, { who, from }), local: `care-${index}` })),
    ];
    const at = new Date(Date.parse('2026-09-01T00:00:00Z') + minute * 60_000).toISOString();
    return [
      SENDERS[from] as Service,
      record(at, statements, mode ?? (from % 2 === 0 ? 'delta' : 'snapshot')),
    ];
  });
export const family = fc
  .array(message, { minLength: 2, maxLength: 14 })
  .map((messages) => messages.map((make, minute) => make(minute)));
export const inTwoOrders = family.chain((heard) =>
  fc.tuple(fc.constant(heard), fc.shuffledSubarray(heard, { minLength: heard.length })),
);
