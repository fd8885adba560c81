/** The referral loop over BaRS: who answers, who is told, and who can change nothing. */
import { afterEach, describe, expect, test } from 'vitest';
import { type Found, gather, type Household, type Services } from '../support/household.ts';
import { barsReferral, type ReferralOptions } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';

const MOTHER = { nhs: nhsNumber(301), given: 'Morwenna', family: 'Carne', born: '1995-05-05' };
const SERVICES: Services = {
  visiting: ['health-visiting', 'RXV', 'bars-referral'],
  perinatal: ['specialist-perinatal', 'RXP', 'bars-referral'],
  camhs: ['camhs-0-5', 'RXC', 'bars-referral'],
};
const ANSWERS = ['referral-accepted', 'referral-declined'];

let household: Household | undefined;
afterEach(async () => {
  await household?.stop();
  household = undefined;
});

type Spell = { status: string; period: { start: string }; referralRequest: object[] };
type Say = { by: string; options: ReferralOptions };
const REFERRED: Say = { by: 'visiting', options: {} };
const answer = (status: string, by = 'perinatal', options: ReferralOptions = {}): Say => ({
  by,
  options: { event: 'servicerequest-response', at: '2026-09-12T10:00:00+00:00', status, ...options },
});

async function say(messages: Say[]): Promise<Household & { replies: string[] }> {
  household = await gather(SERVICES);
  const replies: string[] = [];
  for (const { by, options } of messages) {
    const { status, body } = await household.skein.bars(barsReferral(MOTHER, options), undefined, by);
    expect(status, JSON.stringify(body)).toBe(200);
    replies.push(JSON.stringify(body));
    await household.settle();
  }
  return { ...household, replies };
}

const answersTo = ({ told }: Household) =>
  Object.keys(SERVICES).map((name) => [name, told(name).filter((code) => ANSWERS.includes(code))]);
/** Those that stand: what facts no longer support says nothing but that. */
const standing = async ({ find }: Household, system?: string) =>
  (await find('EpisodeOfCare', '', system)).filter(({ period }) => period);
const spells = async (family: Household, system?: string) =>
  (await standing(family, system)).map(({ status }) => status);

describe('a referral that its receiver answers', () => {
  test.each([
    ['active', 'waitlist', ['referral-accepted'], ['referral-accepted']],
    // Of what it declined its receiver sees nothing any more.
    ['revoked', 'cancelled', ['referral-declined'], []],
  ])('%s: its parties are told, and nobody else', async (status, spell, asker, asked) => {
    const family = await say([REFERRED, answer(status)]);
    expect(answersTo(family)).toEqual([
      ['visiting', asker],
      ['perinatal', asked],
      ['camhs', []],
    ]);
    expect(await spells(family)).toEqual([spell]);
    expect(await family.find('ServiceRequest')).toMatchObject([{ status: 'active' }]);
    expect(await family.find('Patient')).toHaveLength(1);
    expect(await family.find('Encounter')).toHaveLength(1);
    expect(await family.allThatReaches('camhs')).not.toMatch(/Morwenna|Carne|R-1/);
  });

  test('is answered again: accepted, then declined, then taken back', async () => {
    const later = { at: '2026-09-13T10:00:00+00:00', reason: 'update' };
    const last = { at: '2026-09-14T10:00:00+00:00', reason: 'delete' };
    const family = await say([
      REFERRED,
      answer('active'),
      answer('revoked', 'perinatal', later),
      answer('active', 'perinatal', last),
    ]);
    expect(await spells(family)).toEqual(['entered-in-error']);
    expect(answersTo(family)[0]).toEqual(['visiting', ['referral-accepted', 'referral-declined']]);
  });

  test.each(['active', 'revoked'])('has the same end where the answer (%s) comes first', async (status) => {
    const end = async (messages: Say[]) => {
      const family = await say(messages);
      const [spell, ...others] = (await standing(family)) as (Found & Spell)[];
      const [request] = await family.find('ServiceRequest');
      expect(spell?.referralRequest).toEqual([{ reference: `ServiceRequest/${request?.id}` }]);
      const seenBy = await Promise.all(Object.keys(SERVICES).map((name) => spells(family, name)));
      await family.stop();
      household = undefined;
      return [spell?.status, spell?.period.start, others, ...seenBy];
    };
    expect(await end([answer(status), REFERRED])).toEqual(await end([REFERRED, answer(status)]));
  });
});

describe('an answer by a service that was not asked', () => {
  test.each([
    ['after the referral', [REFERRED, answer('active', 'camhs')]],
    ['before it', [answer('active', 'camhs'), REFERRED]],
    ['to decline it', [REFERRED, answer('revoked', 'camhs')]],
  ])('changes nothing of the receiver’s spell, and is told that it does not: %s', async (_, messages) => {
    const family = await say(messages);
    expect(await spells(family)).toEqual(['planned']);
    expect(await spells(family, 'camhs')).toEqual([]);
    expect(answersTo(family).flatMap(([, codes]) => codes)).toEqual([]);
    const reply = family.replies[messages.findIndex(({ by }) => by === 'camhs')];
    expect(reply).toContain('nothing comes of this answer');
  });

  test('leaves the receiver’s own answer as it was', async () => {
    const later = { at: '2026-09-13T10:00:00+00:00' };
    const family = await say([REFERRED, answer('active'), answer('revoked', 'camhs', later)]);
    expect(await spells(family)).toEqual(['waitlist']);
    expect(answersTo(family)).toContainEqual(['camhs', []]);
  });
});
