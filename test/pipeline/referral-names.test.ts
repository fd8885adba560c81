/** One referral under several names: what its sender and its receiver call it, whichever comes first. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { gather, type Household, type Services, shuffled } from '../support/household.ts';
import { barsReferral, episodeBundle, type ReferralOptions } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';

const MOTHER = { nhs: nhsNumber(301), given: 'Morwenna', family: 'Carne', born: '1995-05-05' };
const OTHER = { nhs: nhsNumber(302), given: 'Jenna', family: 'Tregear', born: '1991-02-03' };
const SERVICES: Services = {
  visiting: ['health-visiting', 'RXV', 'bars-referral'],
  perinatal: ['specialist-perinatal', 'RXP', 'bars-referral'],
  camhs: ['camhs-0-5', 'RXC', 'bars-referral'],
};

let household: Household | undefined;
afterEach(async () => {
  await household?.stop();
  household = undefined;
});

type Say = { by?: string; who?: typeof MOTHER; options: ReferralOptions };
type Reply = { id: string | undefined; text: string };
type Entry = { resource: { resourceType: string; id?: string; issue?: { diagnostics?: string }[] } };

async function say({ by = 'visiting', who = MOTHER, options }: Say): Promise<Reply> {
  household ??= await gather(SERVICES);
  const { status, body } = await household.skein.bars(barsReferral(who, options), undefined, by);
  expect(status, JSON.stringify(body)).toBe(200);
  await household.settle();
  const entries = (body as { entry: Entry[] }).entry.map(({ resource }) => resource);
  const issues = entries.flatMap(({ issue = [] }) => issue.map(({ diagnostics = '' }) => diagnostics));
  // All but the id of the message.
  const text = issues.filter((one) => !one.includes('stored as message')).join('\n');
  return { id: entries.find(({ resourceType }) => resourceType === 'ServiceRequest')?.id, text };
}

async function sayAll(messages: Say[]): Promise<Reply[]> {
  const replies: Reply[] = [];
  for (const message of messages) replies.push(await say(message));
  return replies;
}

type Request = { id: string; status: string; priority?: string; performer?: object[]; authoredOn?: string };
const isGone = ({ subject, performer, authoredOn }: Record<string, unknown>) =>
  Boolean(subject) && !performer && !authoredOn;
/** Those that stand, as one service sees them. */
async function requests(system?: string): Promise<Request[]> {
  const found = (await household?.find('ServiceRequest', '', system)) ?? [];
  return found.filter((one) => !isGone(one)) as unknown as Request[];
}
async function spells(system?: string): Promise<unknown[]> {
  const found = (await household?.find('EpisodeOfCare', '', system)) ?? [];
  return found
    .filter(({ period }) => period)
    .map(({ status, managingOrganization }) => [status, managingOrganization]);
}
const at = (system: string) => ({
  reference: `Organization/${household?.serviceOf(system)}`,
});

const [FULL_URL, BUNDLE] = [`urn:uuid:${randomUUID()}`, randomUUID()];
/** As the public examples are: no identifier, no id. */
const NEW: ReferralOptions = { id: null, fullUrl: FULL_URL, bundle: BUNDLE, priority: 'urgent' };
const later = (options: ReferralOptions): ReferralOptions => ({
  ...{ id: null, to: null, at: '2026-09-11T10:00:00+00:00', reason: 'update' },
  ...options,
});

describe('a referral changed by its sender', () => {
  test.each([
    ['its fullUrl alone', { fullUrl: FULL_URL }],
    ['the Bundle.id alone', { bundle: BUNDLE }],
    ['its fullUrl, with an id of the sender’s own', { fullUrl: FULL_URL, resourceId: randomUUID() }],
  ])('is cancelled by %s, without saying who was asked', async (_, names: ReferralOptions) => {
    const [asked, cancelled] = await sayAll([
      { options: NEW },
      { options: later({ status: 'revoked', ...names }) },
    ]);
    expect(await requests()).toMatchObject([
      { id: asked?.id, status: 'revoked', priority: 'urgent', performer: [at('perinatal')] },
    ]);
    expect(await spells()).toEqual([['cancelled', at('perinatal')]]);
    expect(cancelled).toEqual({ id: asked?.id, text: expect.not.stringContaining('leads to no one') });
    expect(await requests('perinatal')).toMatchObject([{ status: 'revoked' }]);
  });

  test('is cancelled by the id that was given to it, whatever else that message has', async () => {
    const asked = await say({ options: NEW });
    const read = await household?.skein.get(`/fhir/ServiceRequest/${asked.id}`, 'visiting');
    expect(read?.status).toBe(200);
    const cancel = later({ status: 'revoked', resourceId: asked.id ?? '', bundle: randomUUID() });
    const cancelled = await say({ options: cancel });
    expect(cancelled.id).toBe(asked.id);
    expect(await requests()).toMatchObject([
      { id: asked.id, status: 'revoked', performer: [at('perinatal')] },
    ]);
    expect(await spells()).toEqual([['cancelled', at('perinatal')]]);
  });

  test('is said anew by a message that calls it by that id, and a number of its own', async () => {
    const asked = await say({ options: NEW });
    const again = { ...NEW, id: 'R-7', resourceId: asked.id ?? '', at: '2026-09-11T10:00:00+00:00' };
    await say({ options: { ...again, priority: 'stat', fullUrl: `urn:uuid:${randomUUID()}` } });
    expect(await requests()).toMatchObject([{ id: asked.id, priority: 'stat' }]);
    expect(await spells()).toEqual([['planned', at('perinatal')]]);
  });

  test('is entered in error by an update', async () => {
    await sayAll([{ options: NEW }, { options: later({ status: 'entered-in-error', fullUrl: FULL_URL }) }]);
    expect(await requests()).toMatchObject([{ status: 'entered-in-error', priority: 'urgent' }]);
    expect(await spells()).toEqual([['entered-in-error', at('perinatal')]]);
  });

  test('stays one through updates by an id that the first did not have, in any order', async () => {
    const given = randomUUID();
    const messages: Say[] = [
      { options: NEW },
      ...['routine', 'asap', 'stat'].map((priority, hour) => ({
        options: later({
          ...{ resourceId: given, fullUrl: FULL_URL, bundle: BUNDLE, priority },
          at: `2026-09-11T1${hour}:00:00+00:00`,
        }),
      })),
      { options: later({ resourceId: given, status: 'revoked', at: '2026-09-12T10:00:00+00:00' }) },
    ];
    for (const order of [messages, messages.toReversed(), shuffled(messages, 3)]) {
      await sayAll(order);
      expect(await requests()).toMatchObject([
        { status: 'revoked', priority: 'stat', performer: [at('perinatal')] },
      ]);
      expect(await spells()).toEqual([['cancelled', at('perinatal')]]);
      await household?.stop();
      household = undefined;
    }
  });

  test('keeps what an update is silent of, and loses it by a new one', async () => {
    const first = { ...NEW, id: 'R-9' };
    await sayAll([{ options: first }, { options: later({ id: 'R-9', to: 'RXP', status: 'active' }) }]);
    expect(await requests()).toMatchObject([{ priority: 'urgent' }]);
    const { priority: _, ...silent } = first;
    await say({ options: { ...silent, at: '2026-09-12T10:00:00+00:00' } });
    const [request, ...others] = await requests();
    expect([request?.priority, others]).toEqual([undefined, []]);
  });
});

test.each(['R-1', 'R-2'])('care cites a referral by any identifier that it had: %s', async (cited) => {
  const asked = await say({ options: { ...NEW, id: 'R-1' } });
  await say({ options: later({ id: 'R-2', resourceId: asked.id ?? '' }) });
  const { status } = (await household?.skein.transaction(
    episodeBundle(MOTHER, { id: 'E-1', referral: cited }),
    'perinatal',
  )) ?? { status: 0 };
  expect(status).toBe(200);
  expect(await household?.find('EpisodeOfCare')).toMatchObject([
    { status: 'active', referralRequest: [{ reference: `ServiceRequest/${asked.id}` }] },
  ]);
});

describe('names that do not say which referral is meant', () => {
  test('lead to neither of two, and their sender is told', async () => {
    const [, , cancelled] = await sayAll([
      { options: NEW },
      { options: { ...NEW, fullUrl: `urn:uuid:${randomUUID()}` } },
      { options: later({ status: 'revoked', bundle: BUNDLE }) },
    ]);
    expect((await requests()).filter(({ performer }) => performer)).toMatchObject([
      { status: 'active' },
      { status: 'active' },
    ]);
    expect(cancelled?.text).toContain('leads to no one referral of yours');
  });

  test('undo a join that was made by them, and who uses one again is told', async () => {
    await sayAll([{ options: NEW }, { options: later({ status: 'revoked', bundle: BUNDLE }) }]);
    expect(await requests()).toMatchObject([{ status: 'revoked' }]);
    const again = await say({ options: { ...NEW, fullUrl: `urn:uuid:${randomUUID()}` } });
    expect(again.text).toContain('what you sent before by that name alone changes neither of them now');
    expect((await requests()).filter(({ performer }) => performer)).toMatchObject([
      { status: 'active' },
      { status: 'active' },
    ]);
  });

  test.each([
    ['another service', { options: { ...NEW, to: 'RXC' } }],
    ['another patient', { options: NEW, who: OTHER }],
  ])('are names of two referrals where they are used again for %s', async (_, second: Say) => {
    await sayAll([{ options: NEW }, second]);
    expect(await requests()).toMatchObject([{ status: 'active' }, { status: 'active' }]);
    expect(await spells()).toHaveLength(2);
  });

  test('of nobody’s and of somebody else’s referral are answered alike, and change nothing', async () => {
    const asked = await say({ options: NEW });
    const cancel = (names: ReferralOptions): Say => ({
      by: 'camhs',
      options: later({ from: 'RXC', status: 'revoked', ...names }),
    });
    const [others, nobodys] = await sayAll([
      cancel({ resourceId: asked.id ?? '', bundle: BUNDLE, fullUrl: FULL_URL }),
      cancel({ resourceId: randomUUID(), bundle: randomUUID() }),
    ]);
    expect(others?.text).toBe(nobodys?.text);
    expect(others?.text).toContain('leads to no one referral of yours');
    expect(others?.id).not.toBe(asked.id);
    expect(await requests('visiting')).toMatchObject([{ id: asked.id, status: 'active' }]);
    expect(await spells('visiting')).toEqual([['planned', at('perinatal')]]);
  });
});

describe('a response', () => {
  const answer = (options: ReferralOptions, by = 'perinatal'): Say => ({
    by,
    options: {
      ...{ id: null, from: 'RXP', event: 'servicerequest-response', at: '2026-09-12T10:00:00+00:00' },
      ...options,
    },
  });
  const ANSWERS = ['referral-accepted', 'referral-declined'];
  const told = (system: string) => household?.told(system).filter((code) => ANSWERS.includes(code));

  test.each([
    ['accepts', 'active', 'waitlist', 'referral-accepted'],
    ['declines', 'revoked', 'cancelled', 'referral-declined'],
  ])('that names the Bundle.id of the request %s it, in any order', async (_, status, spell, event) => {
    const messages = [{ options: NEW }, answer({ answers: BUNDLE, status })];
    for (const order of [messages, messages.toReversed()]) {
      await sayAll(order);
      expect(await spells()).toEqual([[spell, at('perinatal')]]);
      expect(await requests()).toMatchObject([{ status: 'active', performer: [at('perinatal')] }]);
      if (order === messages) expect(told('visiting')).toEqual([event]);
      await household?.stop();
      household = undefined;
    }
  });

  test('by the id of the referral is of the same spell as one by the Bundle.id: the later stands', async () => {
    const asked = await say({ options: NEW });
    await say(answer({ answers: BUNDLE, status: 'revoked' }));
    const again = answer({ resourceId: asked.id ?? '', status: 'active', at: '2026-09-13T10:00:00+00:00' });
    expect((await say(again)).text).not.toContain('no one referral');
    expect(await spells()).toEqual([['waitlist', at('perinatal')]]);
    expect(told('visiting')).toEqual(['referral-declined', 'referral-accepted']);
  });

  test.each(['active', 'revoked'])(
    '(%s) of who was not asked is answered as of no referral',
    async (status) => {
      await say({ options: NEW });
      const [others, nobodys] = await sayAll([
        answer({ from: 'RXC', to: 'RXC', answers: BUNDLE, status }, 'camhs'),
        answer({ from: 'RXC', to: 'RXC', answers: randomUUID(), status }, 'camhs'),
      ]);
      expect(others?.text).toBe(nobodys?.text);
      expect(others?.text).toContain('no one referral of this patient to your service');
      expect(told('visiting')).toEqual([]);
      expect(await spells('visiting')).toEqual([['planned', at('perinatal')]]);
      const [asked] = (await household?.find('ServiceRequest')) ?? [];
      expect(await household?.allThatReaches('camhs')).not.toContain(asked?.id);
    },
  );

  test.each([
    ['of another organisation', 'RXZ'],
    ['of the organisation that was asked', 'RXP'],
  ])('of a caller that is not registered, %s, is answered as of no referral', async (_, ods) => {
    await say({ options: NEW });
    const organisation = {
      resourceType: 'Organization',
      identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: ods }],
    };
    const headers = {
      'content-type': 'application/fhir+json',
      'nhsd-end-user-organisation': Buffer.from(JSON.stringify(organisation)).toString('base64'),
    };
    const respond = async (options: ReferralOptions) => {
      const { options: said } = answer({ from: ods, to: ods, ...options });
      const ids = { 'x-request-id': randomUUID(), 'x-correlation-id': randomUUID() };
      const sent = JSON.stringify(barsReferral(MOTHER, said));
      const reply = await household?.skein.send(
        'POST',
        '/fhir/$process-message',
        { ...headers, ...ids },
        sent,
      );
      expect(reply?.status).toBe(200);
      return JSON.stringify(reply?.body);
    };
    const none = 'no one referral of this patient to your service';
    for (const named of [{ answers: BUNDLE }, { answers: randomUUID() }, { resourceId: randomUUID() }])
      for (const to of [ods, null, 'RXP'])
        expect(await respond({ ...named, to }), JSON.stringify([named, to])).toContain(none);
    expect(told('visiting')).toEqual([]);
  });

  test('to two requests of one Bundle.id is of neither', async () => {
    const second = { ...NEW, fullUrl: `urn:uuid:${randomUUID()}` };
    const replies = await sayAll([{ options: NEW }, { options: second }, answer({ answers: BUNDLE })]);
    expect(replies[2]?.text).toContain('no one referral of this patient to your service');
    expect(told('visiting')).toEqual([]);
  });
});
