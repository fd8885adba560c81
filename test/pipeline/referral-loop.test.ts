/** A referral from the day it is sent: declined with a reason, sent on, accepted, assessed, care begun. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Found, gather, type Household } from '../support/household.ts';
import { barsReferral, type ReferralOptions } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { at } from '../support/roll.ts';
import { chart, contactOf, episodeOf, transactionOf } from '../support/transactions.ts';

const MOTHER = { nhs: nhsNumber(771), given: 'Demelza', family: 'Nance', born: '1994-04-04', local: 'D1' };
const REASON = {
  coding: [{ system: 'https://wrong.example/CodeSystem/reasons', code: 'below-threshold' }],
  text: 'Better met by talking therapies',
};
const STATUS_REASON = 'http://hl7.org/fhir/StructureDefinition/request-statusReason';
const [SENT, DECLINED, AGAIN] = ['2026-09-01', '2026-09-04', '2026-09-07'];

let family: Household;
beforeAll(async () => {
  family = await gather({
    visiting: ['health-visiting', 'RXV', 'bars-referral'],
    wrong: ['cmht', 'RXC', 'bars-referral'],
    right: ['specialist-perinatal', 'RXP', 'bars-referral,fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
  });
}, 120_000);
afterAll(() => family.stop());

type Saying = { by: string; on: string; options: ReferralOptions; more?: object; whom?: typeof MOTHER };
async function say({ by, on, options, more = {}, whom = MOTHER }: Saying): Promise<unknown> {
  const message = barsReferral(whom, { at: `${on}T10:00:00+00:00`, ...options });
  for (const { resource } of message.entry)
    if ('resourceType' in resource && resource.resourceType === 'ServiceRequest')
      Object.assign(resource, more);
  const { status, body } = await family.skein.bars(message, undefined, by);
  expect(status, JSON.stringify(body)).toBe(200);
  await family.settle();
  return body;
}
type Step = { type: { coding: [{ code: string }] }; valueDateTime: string };
const loops = async (system: string) =>
  (await family.find('Task', '&code=fulfill', system)).map((task) => ({
    status: task.status,
    reason: task.statusReason,
    firstAsked: (task.extension as [{ valueDateTime: string }] | undefined)?.[0].valueDateTime.slice(0, 10),
    steps: (task.output as Step[])
      .filter(({ type }) => type.coding[0].code !== 'stored')
      .map(({ type, valueDateTime }) => `${type.coding[0].code} ${valueDateTime.slice(0, 10)}`),
  }));

test('declined: its referrer reads why, in the words of whoever declined, who reads no more of it', async () => {
  await say({ by: 'visiting', on: SENT, options: { id: 'R-1', to: 'RXC' } });
  const answer: ReferralOptions = { id: 'R-1', to: 'RXC', from: 'RXC', event: 'servicerequest-response' };
  const more = { extension: [{ url: STATUS_REASON, valueCodeableConcept: REASON }] };
  await say({ by: 'wrong', on: DECLINED, options: { ...answer, status: 'revoked' }, more });
  expect(await loops('visiting')).toEqual([
    { status: 'rejected', reason: REASON, steps: [`sent ${SENT}`, `declined ${DECLINED}`] },
  ]);
  expect(await loops('wrong')).toEqual([]);
  expect(await family.allThatReaches('gp')).not.toMatch(/threshold|Better met/);
});

test('sent on: the wait counts from the first, for the service that is asked now, too', async () => {
  await say({ by: 'visiting', on: AGAIN, options: { id: 'R-2', to: 'RXP', basedOn: 'R-1' } });
  expect(await loops('visiting')).toEqual(
    expect.arrayContaining([
      {
        status: 'rejected',
        reason: REASON,
        steps: [`sent ${SENT}`, `declined ${DECLINED}`, `redirected ${AGAIN}`],
      },
      { status: 'requested', firstAsked: SENT, steps: [`sent ${AGAIN}`] },
    ]),
  );
  expect(family.told('visiting')).toContain('referral-redirected');
  for (const name of ['wrong', 'right']) expect(family.told(name), name).not.toContain('referral-redirected');
  expect(await loops('right')).toEqual([{ status: 'requested', firstAsked: SENT, steps: [`sent ${AGAIN}`] }]);
});

test('accepted, assessed and begun: each with its day, and the acceptance is told once', async () => {
  const answer: ReferralOptions = { id: 'R-2', to: 'RXP', from: 'RXP', event: 'servicerequest-response' };
  await say({ by: 'right', on: '2026-09-09', options: { ...answer, status: 'active' } });
  const whom = chart('right', MOTHER);
  const met = contactOf(whom, 'right', 'C-1', '2026-09-15');
  Object.assign(met.resource, {
    basedOn: [{ identifier: { system: 'https://hv.example/Id/referral', value: 'R-2' } }],
  });
  const spell = episodeOf(whom, 'right', { id: 'E-1', start: '2026-09-20' });
  const cited = { identifier: { system: 'https://hv.example/Id/referral', value: 'R-2' } };
  Object.assign(spell.resource, { referralRequest: [cited] });
  for (const said of [met, spell]) {
    const { status, body } = await family.skein.transaction(
      transactionOf([whom, said], at('2026-09-21')),
      'right',
    );
    expect(status, JSON.stringify(body)).toBe(200);
    await family.settle();
  }
  const steps = ['sent 2026-09-07', 'accepted 2026-09-09', 'assessed 2026-09-15', 'care-begun 2026-09-20'];
  expect(await loops('right')).toEqual([{ status: 'completed', firstAsked: SENT, steps }]);
  for (const name of ['visiting', 'right'])
    expect(
      family.told(name).filter((code) => code === 'referral-accepted'),
      name,
    ).toHaveLength(1);
});

test('a reason that was given before is no part of care that others may see', async () => {
  const [spell] = (await family.find('EpisodeOfCare')).filter(
    ({ status }) => status === 'cancelled',
  ) as Found[];
  expect(JSON.stringify(spell)).toContain('below-threshold');
  for (const name of ['right', 'gp'])
    expect(JSON.stringify(await family.find('EpisodeOfCare', '', name)), name).not.toContain('threshold');
});

test('declined without a word of its own: the receiver reads nothing of whom it was asked about, nor what it read', async () => {
  const other = { ...MOTHER, nhs: nhsNumber(772), given: 'Morwenna', local: 'D2' };
  const asked = barsReferral(other, { at: `${SENT}T10:00:00+00:00`, id: 'R-9', to: 'RXP' });
  expect((await family.skein.bars(asked, undefined, 'visiting')).status).toBe(200);
  await family.settle();
  const whom = (await family.find('Patient', '', 'right')).find((one) =>
    JSON.stringify(one).includes('Morwenna'),
  );
  const referral = (await family.find('ServiceRequest', `&patient=${whom?.id}`, 'right'))[0];
  const episode = {
    resourceType: 'EpisodeOfCare',
    identifier: [{ system: 'https://right.example/Id/episode', value: 'D-9' }],
    status: 'cancelled',
    patient: { reference: `Patient/${whom?.id}` },
    referralRequest: [{ reference: `ServiceRequest/${referral?.id}` }],
  };
  const request = { method: 'POST', url: 'EpisodeOfCare' };
  const bundle = { resourceType: 'Bundle', type: 'transaction', timestamp: `${DECLINED}T10:00:00Z` };
  const entry = [{ fullUrl: 'urn:uuid:00000000-0000-4000-8000-00000000d009', resource: episode, request }];
  expect((await family.skein.transaction({ ...bundle, entry }, 'right')).status).toBe(200);
  await family.settle();
  expect((await family.skein.get(`/fhir/ServiceRequest/${referral?.id}`, 'right')).status).toBe(404);
  const url = `/fhir/Patient/${whom?.id}/_history`;
  expect(JSON.stringify((await family.skein.get(url)).body)).toContain('Morwenna');
  expect(JSON.stringify((await family.skein.get(url, 'right')).body)).not.toMatch(
    /"(family|given|birthDate|postalCode)"|Morwenna/,
  );
});

/** The diagnostics of whatever the answer to a message says. */
const saidOf = (body: unknown): string =>
  [...JSON.stringify(body).matchAll(/"(?:diagnostics|text)":"([^"]*)"/g)].map(([, text]) => text).join('\n');
const third = { ...MOTHER, nhs: nhsNumber(773), given: 'Loveday', local: 'D3' };
const sayOfThird = async (by: string, on: string, options: ReferralOptions, more: object = {}) =>
  saidOf(await say({ by, on, options: { id: 'R-3', to: 'RXP', ...options }, more, whom: third }));

test('an answer for a service that was not asked changes nothing, and whoever sends it is told so', async () => {
  await sayOfThird('visiting', SENT, {});
  const answer: ReferralOptions = { from: 'RXP', event: 'servicerequest-response', status: 'active' };
  const before = await loops('visiting');
  const said = await sayOfThird('right', DECLINED, { ...answer, to: 'RXV' });
  expect(said).toMatch(/only the service that was asked.*name your own/);
  expect(await loops('visiting')).toEqual(before);
  expect(await sayOfThird('right', DECLINED, answer)).not.toMatch(/only the service/);
});

test('an update that is older than what was said since is told so, and a referral made active again has no reason to be off', async () => {
  const update: ReferralOptions = { reason: 'update' };
  const why = { status: 'revoked', extension: [{ url: STATUS_REASON, valueCodeableConcept: REASON }] };
  expect(await sayOfThird('visiting', '2026-09-06', update, why)).not.toMatch(/otherwise since/);
  expect(await sayOfThird('visiting', '2026-09-08', update, { status: 'active' })).not.toMatch(/since/);
  const late = await sayOfThird('visiting', '2026-09-07', update, { status: 'on-hold' });
  expect(late).toMatch(/said at 2026-09-07T10:00:00.000Z, and otherwise since by you/);
  const mine = await family.find('ServiceRequest', '', 'visiting');
  const [referral] = mine.filter((one) => JSON.stringify(one.identifier).includes('"R-3"'));
  expect(referral).toMatchObject({ status: 'active' });
  expect(JSON.stringify(referral)).not.toContain('below-threshold');
});

test('a service that was not asked makes its referrer hear nothing of a referral, whatever it cites', async () => {
  const heard = () => family.told('visiting').filter((code) => /^referral-(accepted|declined)$/.test(code));
  const before = heard();
  for (const status of ['cancelled', 'waitlist', 'active']) {
    const whom = chart('gp', third);
    const spell = episodeOf(whom, 'gp', { id: `E-${status}`, start: '2026-09-10' });
    const cited = { identifier: { system: 'https://hv.example/Id/referral', value: 'R-3' } };
    Object.assign(spell.resource, { status, referralRequest: [cited] });
    const { status: answered } = await family.skein.transaction(
      transactionOf([whom, spell], at('2026-09-11')),
      'gp',
    );
    expect(answered).toBe(200);
    await family.settle();
  }
  expect(heard()).toEqual(before);
});
