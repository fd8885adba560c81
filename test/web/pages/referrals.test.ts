/** Referrals and prompts as pages: what waits, how it is answered, and what each side is shown then. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gather, type Household } from '../../support/household.ts';
import { adt, barsReferral } from '../../support/messages.ts';
import { nhsNumber } from '../../support/records.ts';
import { ago } from '../../support/telling.ts';
import { byNumber, referralOf, transactionOf } from '../../support/transactions.ts';
import { hidden, Visitor } from '../../support/visitor.ts';
import { wordsOf } from './family.ts';

const person = (n: number, given: string) => ({
  ...{ nhs: nhsNumber(n), given, family: 'Nance', born: '1994-04-04', local: `D${n}` },
});
const [DEMELZA, MORWENNA, LOVEDAY, TAMSYN] = [
  person(771, 'Demelza'),
  person(772, 'Morwenna'),
  person(773, 'Loveday'),
  person(774, 'Tamsyn'),
];

let family: Household;
beforeAll(async () => {
  family = await gather({
    visiting: ['health-visiting', 'RXV', 'bars-referral'],
    perinatal: ['specialist-perinatal', 'RXP', 'bars-referral,fhir-r4'],
    other: ['cmht', 'RXC', 'bars-referral'],
    charity: ['third-sector', 'RXH', 'bars-referral'],
    midwives: ['maternity', 'RXM', 'hl7v2-adt'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
  });
  for (const [whom, id] of [
    [DEMELZA, 'R-1'],
    [MORWENNA, 'R-2'],
    [LOVEDAY, 'R-3'],
    [TAMSYN, 'R-4'],
  ] as const) {
    const asked = barsReferral(whom, { at: `${ago(40)}T10:00:00+00:00`, id, to: 'RXP' });
    expect((await family.skein.bars(asked, undefined, 'visiting')).status).toBe(200);
  }
  await family.settle();
});
afterAll(() => family.stop());

const visitor = new Visitor();
const at = (as: string, path = '/pages/referrals') =>
  `${family.skein.url}${path}${path.includes('?') ? '&' : '?'}as=${family.serviceOf(as)}`;
const board = async (as: string, more = '') =>
  wordsOf((await visitor.ask(at(as, `/pages/referrals${more}`))).body);

/** The page of the referral of somebody on a service's board. */
async function pathOf(as: string, name: string): Promise<string> {
  const { body } = await visitor.ask(at(as));
  const found = new RegExp(`href="(/pages/referrals/[0-9a-f-]{36})[^"]*"><bdi>${name} `).exec(body)?.[1];
  expect(found, name).toBeDefined();
  return found as string;
}
/** The first word of whom a referral is about, as perinatal is shown it. */
const nameOn = async (id: string) =>
  /<bdi class="app-long">(\w+)/.exec(
    (await visitor.ask(at('perinatal', `/pages/referrals/${id}`))).body,
  )?.[1];
async function answer(path: string, form: Record<string, string>, as = 'perinatal') {
  const { body } = await visitor.ask(at(as, path));
  const answered = await visitor.ask(at(as, path), { version: hidden(body, 'version'), ...form });
  await family.settle();
  return answered;
}

test('home says what waits for an answer, to who is to answer it', async () => {
  const home = async (as: string) => wordsOf((await visitor.ask(at(as, '/pages'))).body);
  expect(await home('perinatal')).toContain('4 referrals wait for your answer');
  expect(await home('perinatal')).toContain('4 questions are open');
  expect(await home('visiting')).not.toMatch(/wait for your answer/);
  expect(await home('other')).not.toMatch(/wait for your answer|are open/);
});

describe('the board', () => {
  test('has what waits, for how long and beyond which limit, by who it is between', async () => {
    const words = await board('perinatal');
    expect(words).toMatch(/Made to you[\s\S]*Demelza Nance From visiting .*40 days, limit 28 Over the limit/);
    expect(words).toContain('No referral of yours is shown here');
    expect(await board('visiting')).toMatch(/Made by you[\s\S]*Demelza Nance To perinatal .*40 days/);
  });

  test('is empty for who is no party, in the same words as for who has none', async () => {
    const words = await board('other');
    expect(words).not.toContain('Nance');
    expect(words).toContain('No referral to you is shown here');
    const path = await pathOf('perinatal', 'Demelza');
    expect((await visitor.ask(at('other', path))).status).toBe(404);
    expect((await visitor.ask(at('other', path), { act: 'accept', version: '1' })).status).toBe(303);
    expect(family.told('visiting')).not.toContain('referral-accepted');
  });
});

describe('an answer', () => {
  test('accepts: its referrer is told, the family opens, and the second press changes nothing', async () => {
    const path = await pathOf('perinatal', 'Demelza');
    const before = await visitor.ask(at('perinatal', path));
    const form = { version: hidden(before.body, 'version'), act: 'accept' };
    for (const _ of [1, 2]) {
      const answered = await visitor.ask(at('perinatal', path), form);
      expect(answered.status).toBe(303);
      await family.settle();
    }
    for (const name of ['visiting', 'perinatal'])
      expect(family.told(name).filter((code) => code === 'referral-accepted')).toHaveLength(1);
    expect(wordsOf((await visitor.ask(at('perinatal', path))).body)).toContain('It has its answer');
    expect(await board('perinatal', '?show=answered')).toMatch(/Demelza Nance .*Accepted/);
    expect(wordsOf((await visitor.ask(at('perinatal', '/pages/families'))).body)).toContain('Demelza Nance');
  });

  test('declines with a reason: its referrer reads it, and who declined reads nothing any more', async () => {
    const path = await pathOf('perinatal', 'Morwenna');
    const nothing = await answer(path, { act: 'decline', reason: '' });
    expect(nothing.status).toBe(422);
    expect(nothing.body).toContain('href="#reason"');
    expect((await answer(path, { act: 'decline', reason: 'out-of-area' })).status).toBe(303);
    expect(family.told('visiting')).toContain('referral-declined');
    expect((await visitor.ask(at('perinatal', path))).status).toBe(404);
    expect(wordsOf((await visitor.ask(at('visiting', path))).body)).toMatch(
      /Declined[\s\S]*Out of the area of this service/,
    );
    expect(await family.allThatReaches('perinatal')).not.toContain('Morwenna');
  });

  test('says where else they were told to go', async () => {
    const path = await pathOf('perinatal', 'Loveday');
    expect((await answer(path, { act: 'signpost', kind: 'prison' })).status).toBe(422);
    expect((await answer(path, { act: 'signpost', kind: 'family-hub' })).status).toBe(303);
    expect(wordsOf((await visitor.ask(at('visiting', path))).body)).toMatch(
      /told where else to go[\s\S]*a service for family hub/,
    );
  });

  test('of a page that is older than what became of it is shown how it stands', async () => {
    const path = await pathOf('perinatal', 'Tamsyn');
    const before = family.told('visiting').length;
    const stale = await answer(path, { act: 'decline', reason: 'no-capacity', version: '1-000000000000' });
    expect(stale.status).toBe(409);
    expect(stale.body).toContain('answered or changed since you opened it');
    expect(family.told('visiting')).toHaveLength(before);
  });

  test('is for the service that was asked: its referrer has no form, and what it sends changes nothing', async () => {
    const path = await pathOf('visiting', 'Tamsyn');
    expect((await visitor.ask(at('visiting', path))).body).not.toContain('name="act"');
    const before = family.told('perinatal').length;
    expect((await answer(path, { act: 'accept' }, 'visiting')).status).toBe(303);
    expect(family.told('perinatal')).toHaveLength(before);
    expect(await board('perinatal')).toContain('Tamsyn');
  });
});

test('to accept what a charity says opens no more than what it said', async () => {
  const her = { ...person(775, 'Kerensa'), postcode: 'LS9 9ZZ', local: 'K1' };
  const known = adt({ ...her, family: 'Nance' }, { visit: 'V-9', id: 'A-9' });
  expect((await family.skein.intake('midwives', 'application/hl7-v2', known)).status).toBe(200);
  const claimed = barsReferral(
    { nhs: her.nhs, given: 'Kerensa', family: 'Nance', born: her.born, local: 'C1' },
    { at: `${ago(2)}T10:00:00+00:00`, id: 'R-C', to: 'RXP' },
  );
  expect((await family.skein.bars(claimed, undefined, 'charity')).status).toBe(200);
  await family.settle();
  const path = await pathOf('perinatal', 'Kerensa');
  expect((await answer(path, { act: 'accept' })).status).toBe(303);
  const reaches = await family.allThatReaches('perinatal');
  expect(reaches).toContain('Kerensa');
  expect(reaches).not.toMatch(/LS9 9ZZ|midwives/);
  expect(await family.allThatReaches('midwives')).not.toMatch(/perinatal|charity/);
});

test.each(['an id', 'a number'])(
  'to accept a referral that names somebody by %s alone opens nothing of them',
  async (by) => {
    const her = { ...person(by === 'an id' ? 776 : 777, 'Elestren'), postcode: 'LS8 8ZZ', local: `E${by}` };
    const known = adt(her, { visit: `V-${by}`, id: `A-${by}` });
    expect((await family.skein.intake('midwives', 'application/hl7-v2', known)).status).toBe(200);
    await family.settle();
    const all = await family.find('Patient', `&identifier=${her.nhs}`);
    const whom = by === 'an id' ? { reference: `Patient/${all[0]?.id}` } : byNumber(her.nhs);
    const between = { id: `R-${by}`, from: family.serviceOf('gp'), to: family.serviceOf('perinatal') };
    const sent = transactionOf([referralOf(whom, between, ago(1))], `${ago(1)}T10:00:00Z`);
    expect((await family.skein.transaction(sent, 'gp')).status).toBe(200);
    await family.settle();
    for (const { id } of await family.find('Task', '&code=fulfill&status=requested', 'perinatal'))
      if ((await nameOn(id)) === 'Somebody') await answer(`/pages/referrals/${id}`, { act: 'accept' });
    const reaches = await family.allThatReaches('perinatal');
    expect(reaches).not.toMatch(/Elestren|LS8 8ZZ|midwives/);
    expect(reaches).not.toContain(all[0]?.id);
  },
);

test('a prompt is answered on its page, by its owner alone, once', async () => {
  const [prompt] = await family.find('Task', '&code=referral-unanswered&status=requested', 'perinatal');
  const path = `/pages/prompts/${prompt?.id}`;
  expect((await visitor.ask(at('visiting', path))).status).toBe(404);
  expect((await visitor.ask(at('perinatal', '/pages/prompts/nonsense'))).status).toBe(404);
  expect((await answer(path, {})).status).toBe(422);
  const { body } = await visitor.ask(at('perinatal', path));
  expect(wordsOf(body)).toMatch(/A referral waits for its answer[\s\S]*About Tamsyn Nance/);
  const form = { version: hidden(body, 'version'), act: 'in-hand' };
  for (const _ of [1, 2]) expect((await visitor.ask(at('perinatal', path), form)).status).toBe(303);
  await family.settle();
  expect(wordsOf((await visitor.ask(at('perinatal', path))).body)).toContain('It needs no answer from you');
  const open = await family.find('Task', '&code=referral-unanswered&status=requested', 'perinatal');
  expect(open.map(({ id }) => id)).not.toContain(prompt?.id);
});

test('what is said on pages comes from a system that no software can be, and that the operator can end', async () => {
  const { rows } = await family.database.pool.query(
    'select name, token_hash, for_pages from system where for_pages order by name',
  );
  expect(rows).toEqual([{ name: 'pages of RXP|perinatal', token_hash: null, for_pages: true }]);
  const disable = 'update system set disabled_at = now() where for_pages';
  await family.database.pool.query(disable);
  const path = await pathOf('perinatal', 'Tamsyn');
  const before = family.told('visiting').length;
  const refused = await answer(path, { act: 'accept' });
  expect(refused.status).toBe(403);
  expect(family.told('visiting')).toHaveLength(before);
});
