/** Names of referrals are joined from all that was said: in no order does another referral come of them. */
import type { EpisodeOfCare, ServiceRequest } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Service, SourceRecord, Statement } from '../../src/model.ts';
import { nhsNumber, patient, record } from '../support/records.ts';
import { Store, service, upToRenaming } from './store.ts';

const visiting = service(2, 'health-visiting');
const perinatal = service(3, 'specialist-perinatal');
const camhs = service(4, 'camhs-0-5');
const PEOPLE = [
  { nhs: nhsNumber(1), given: 'Amara', family: 'Osei', born: '1994-03-02' },
  { nhs: nhsNumber(2), given: 'Ruth', family: 'Bell', born: '1991-01-01' },
];
const SENDERS = [visiting, camhs];
const RECEIVERS = [perinatal, camhs];

type Said = {
  kind: 'new' | 'update' | 'answer';
  by: number;
  /** Whose names are used: another's can only be copied. */
  named: number;
  who: number;
  to: number | null;
  fullUrl: number;
  bundle: number;
  id: number | null;
  status: 'active' | 'revoked';
};

function recordOf(said: Said, hour: number): [Service, SourceRecord] {
  const { kind, by, named, who, to, fullUrl, bundle, id, status } = said;
  const name = (kind: string, n: number) => `urn:${kind}|${kind}-${named}-${n}`;
  const at = new Date(Date.parse('2026-09-01T00:00:00Z') + hour * 3_600_000).toISOString();
  const someone = patient('patient', PEOPLE[who] ?? {});
  if (kind === 'answer') {
    const names = [name('bundle', bundle)];
    const resource: EpisodeOfCare = {
      resourceType: 'EpisodeOfCare',
      status: status === 'active' ? 'waitlist' : 'cancelled',
      patient: { reference: '#patient' },
    };
    const answer: Statement = { local: 'answer', resource, identifier: names[0] as string, names };
    return [RECEIVERS[to ?? 0] as Service, record(at, [someone, answer])];
  }
  const names = [...(id === null ? [] : [name('id', id)]), name('fullUrl', fullUrl), name('bundle', bundle)];
  const identifier = id === null ? `urn:ietf:rfc:3986|urn:uuid:${named}-${fullUrl}` : (names[0] as string);
  const performer = to === null ? undefined : { reference: `Organization/${RECEIVERS[to]?.id}` };
  const request: ServiceRequest = {
    resourceType: 'ServiceRequest',
    status,
    intent: 'plan',
    subject: { reference: '#patient' },
    ...(performer ? { performer: [performer] } : {}),
  };
  const episode: EpisodeOfCare = {
    resourceType: 'EpisodeOfCare',
    status: status === 'active' ? 'planned' : 'cancelled',
    patient: { reference: '#patient' },
    ...(performer ? { managingOrganization: performer } : {}),
    referralRequest: [{ reference: '#servicerequest' }],
  };
  const statements: Statement[] = [
    someone,
    { local: 'servicerequest', resource: request, identifier, names },
    { local: 'episode', resource: episode, identifier },
  ];
  return [SENDERS[by] as Service, record(at, statements, kind === 'new' ? 'snapshot' : 'delta')];
}

const few = (most: number) => fc.integer({ min: 0, max: most });
const said: fc.Arbitrary<Said> = fc.record({
  kind: fc.constantFrom('new', 'update', 'update', 'answer'),
  by: few(1),
  named: few(1),
  who: few(1),
  to: fc.option(few(1), { freq: 2 }),
  fullUrl: few(2),
  bundle: few(2),
  id: fc.option(few(1), { freq: 1 }),
  status: fc.constantFrom('active', 'revoked'),
});

function hear(messages: [Service, SourceRecord][]): Store {
  const store = new Store();
  for (const [from, one] of messages) store.hear(from, one);
  return store;
}

test('any messages about referrals, in any order, leave the same referrals and spells', () => {
  fc.assert(
    fc.property(fc.array(said, { minLength: 2, maxLength: 7 }), fc.gen(), (all, gen) => {
      // Of several who use one name the first heard has it, so each has names of its own here.
      const messages = all.map((one, hour) =>
        recordOf({ ...one, named: one.kind === 'answer' ? one.named : one.by }, hour),
      );
      const order = gen(() => fc.shuffledSubarray(messages, { minLength: messages.length }));
      expect(upToRenaming(hear(order))).toEqual(upToRenaming(hear(messages)));
    }),
    { numRuns: 300 },
  );
});

test('whatever others say, a referral stays as its sender said, and is answered by the service it names', () => {
  const own: Said = {
    ...{ kind: 'new', by: 0, named: 0, who: 0, to: 0, fullUrl: 0, bundle: 0, id: null, status: 'active' },
  };
  const requestOf = (store: Store) => {
    const [first, ...others] = store
      .all('ServiceRequest')
      .filter(({ authors }) => authors.includes(visiting.id))
      .map(({ content, state }) => [content, state]);
    const spells = store
      .all('EpisodeOfCare')
      .filter(({ content }) => (content as EpisodeOfCare).referralRequest?.[0]?.reference?.includes(ID))
      .map(({ service: of, state }) => [of, state]);
    return { first, others, spells };
  };
  const ID = requestId(hear([recordOf(own, 0)]));
  const before = requestOf(hear([recordOf(own, 0)]));
  fc.assert(
    fc.property(fc.array(said, { minLength: 1, maxLength: 5 }), (all) => {
      const others = all.map((one) =>
        recordOf({ ...one, by: 1, named: 0, who: 0, to: one.kind === 'answer' ? 1 : one.to }, 1),
      );
      expect(requestOf(hear([recordOf(own, 0), ...others]))).toEqual(before);
    }),
    { numRuns: 200 },
  );
});

function requestId(store: Store): string {
  const [request] = store.all('ServiceRequest');
  return request?.id ?? '';
}
