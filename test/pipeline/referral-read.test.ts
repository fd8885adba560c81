/** A BaRS sender reads before it changes: its referrals of a patient, what the receiver takes, what it can. */
import { randomUUID } from 'node:crypto';
import type { Bundle, CapabilityStatement, MessageDefinition } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gather, type Household, type Services } from '../support/household.ts';
import { adt, barsReferral, episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';

const NHS = 'https://fhir.nhs.uk/Id/nhs-number';
const MOTHER = { nhs: nhsNumber(301), given: 'Morwenna', family: 'Carne', born: '1995-05-05', local: 'M1' };
const OTHER = { nhs: nhsNumber(302), given: 'Jenna', family: 'Tregear', born: '1991-02-03', local: 'M2' };
const SERVICES: Services = {
  visiting: ['health-visiting', 'RXV', 'bars-referral'],
  perinatal: ['specialist-perinatal', 'RXP', 'bars-referral'],
  camhs: ['camhs-0-5', 'RXC', 'bars-referral'],
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
};
const IDS = { 'x-request-id': randomUUID(), 'x-correlation-id': randomUUID() };

let household: Household;
let given: string[] = [];

beforeAll(async () => {
  household = await gather(SERVICES);
  const refer = async (who: typeof MOTHER, from: string, by: string, id: string) => {
    const { status, body } = await household.skein.bars(barsReferral(who, { id, from }), undefined, by);
    expect(status, JSON.stringify(body)).toBe(200);
    const found = (body as unknown as Bundle).entry?.find(
      ({ resource }) => resource?.resourceType === 'ServiceRequest',
    );
    return found?.resource?.id ?? '';
  };
  // Maternity knows both of them by their numbers; the perinatal team has the mother in care.
  await household.skein.intake('maternity', 'x-application/hl7-v2+er7', adt(MOTHER));
  await household.skein.intake(
    'maternity',
    'x-application/hl7-v2+er7',
    adt(OTHER, { id: 'MSG2', visit: 'V2' }),
  );
  given = [
    await refer(MOTHER, 'RXV', 'visiting', 'R-1'),
    await refer(MOTHER, 'RXC', 'camhs', 'R-2'),
    await refer(OTHER, 'RXC', 'camhs', 'R-3'),
  ];
  const episode = episodeBundle(MOTHER, { id: 'E-1', referral: 'R-1' });
  expect((await household.skein.transaction(episode, 'perinatal')).status).toBe(200);
  await household.settle();
});
afterAll(async () => household.stop());

const ask = async (query: string, system?: string, headers: Record<string, string> = IDS) => {
  const path = `/fhir/ServiceRequest?${query}`;
  const all = { ...headers, ...(system ? { 'x-skein-system': system } : {}) };
  const { status, body, ...rest } = await household.skein.send('GET', path, all);
  const ids = ((body as unknown as Bundle).entry ?? []).map(({ resource }) => resource?.id);
  return { status, ids: ids.sort(), body: body as unknown as Bundle, rest };
};
const by = (nhs: string, name = 'patient:identifier') => `${name}=${encodeURIComponent(`${NHS}|${nhs}`)}`;

test.each(['patient:identifier', 'patient.identifier', 'subject:identifier'])(
  'a referrer finds its own referrals by %s, and nobody else’s',
  async (name) => {
    const [own, others] = [
      await ask(by(MOTHER.nhs, name), 'visiting'),
      await ask(by(MOTHER.nhs, name), 'camhs'),
    ];
    expect([own.status, own.ids, others.ids]).toEqual([200, [given[0]], [given[1]]]);
  },
);

test('a receiver finds those that were made to it, the operator all, and her midwives what they read of her', async () => {
  expect((await ask(by(MOTHER.nhs), 'perinatal')).ids).toEqual([given[0], given[1]].sort());
  expect((await ask(by(MOTHER.nhs))).ids).toEqual([given[0], given[1]].sort());
  const read = await ask('_count=100', 'maternity');
  expect((await ask(by(MOTHER.nhs), 'maternity')).ids).toEqual(read.ids);
});

test('a number that nobody has and one of somebody unknown to the caller are the same empty searchset', async () => {
  const answers = await Promise.all([OTHER.nhs, nhsNumber(399)].map((number) => ask(by(number), 'visiting')));
  expect(answers.map(({ status, body }) => [status, body.type, body.entry])).toEqual([
    [200, 'searchset', undefined],
    [200, 'searchset', undefined],
  ]);
});

test('other conditions narrow it, and pages go on', async () => {
  expect((await ask(`${by(MOTHER.nhs)}&status=revoked`, 'perinatal')).ids).toEqual([]);
  const page = await ask(`${by(MOTHER.nhs)}&_count=1`, 'perinatal');
  const next = page.body.link?.find(({ relation }) => relation === 'next')?.url ?? '';
  const rest = await ask(next.slice(next.indexOf('?') + 1), 'perinatal');
  expect([...page.ids, ...rest.ids].sort()).toEqual([given[0], given[1]].sort());
});

test.each(['ServiceRequest', 'MessageDefinition', 'metadata'])(
  '%s answers a BaRS caller with its ids, in the version that both know',
  async (path) => {
    const get = (accept: string) =>
      fetch(`${household.skein.url}/fhir/${path}`, {
        headers: { ...IDS, accept, 'x-skein-system': 'visiting' },
      });
    const answer = await get('application/fhir+json; version=1.2.0');
    expect([
      answer.status,
      answer.headers.get('x-request-id'),
      answer.headers.get('x-correlation-id'),
    ]).toEqual([...[200, IDS['x-request-id'], IDS['x-correlation-id']]]);
    expect(answer.headers.get('content-type')).toContain('version=1.2.0');
    const refused = await get('application/fhir+json; version=2.0.0');
    expect([refused.status, refused.headers.get('x-request-id')]).toEqual([406, IDS['x-request-id']]);
    expect(JSON.stringify(await refused.json())).toContain('REC_NOT_ACCEPTABLE');
  },
);

test('the receiver says what it takes, by event or by context', async () => {
  const events = async (query: string) => {
    const { body } = await household.skein.get(`/fhir/MessageDefinition${query}`, 'visiting');
    return ((body as unknown as Bundle<MessageDefinition>).entry ?? []).map(
      ({ resource }) => resource?.eventCoding?.code,
    );
  };
  const all = ['servicerequest-request', 'servicerequest-response'];
  expect(await events('')).toEqual(all);
  expect(await events('?context=https://fhir.nhs.uk/Id/dos-service-id%7C2000099999')).toEqual(all);
  expect(await events('?context=200001234%7Cservicerequest-request')).toEqual([all[0]]);
  expect(await events('?event=booking-request')).toEqual([]);
  const statement = (await household.skein.get('/fhir/metadata', 'visiting'))
    .body as unknown as CapabilityStatement;
  expect(statement.messaging?.[0]?.supportedMessage).toHaveLength(2);
});
