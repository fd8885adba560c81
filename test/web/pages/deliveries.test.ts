/** `/pages/deliveries`: whoever runs Skein sees who is behind and why, and sends once more; no service sees it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { partOf, type Told, tellFamily, wordsOf } from './family.ts';

let told: Told;
let id = '';
beforeAll(async () => {
  told = await tellFamily();
  const { rows } = await told.database.pool.query<{ id: string }>(
    `select s.id from subscription s join system y on y.id = s.system_id where y.name = 'northlight'`,
  );
  id = rows[0]?.id ?? '';
});
afterAll(() => told?.stop());

const PAGE = '/pages/deliveries';
async function page(path: string, form?: Record<string, string>) {
  const sent = form ? { method: 'POST', body: new URLSearchParams(form) } : {};
  const answer = await fetch(`${told.skein.url}${path}`, sent);
  const html = await answer.text();
  return { status: answer.status, html, words: wordsOf(html) };
}
const postsTo = async () => {
  const { rows } = await told.database.pool.query<{ n: number }>(
    `select count(*)::int as n from attempt where subscription_id = $1 and kind = 'event-notification'`,
    [id],
  );
  return rows[0]?.n ?? 0;
};

test('every subscriber is there, and of one its attempts and events by number; nobody is named', async () => {
  const list = await page(PAGE);
  expect(list.words).toContain('Every subscriber answers.');
  expect(list.html).toContain(`href="${PAGE}/${id}"`);
  const one = await page(`${PAGE}/${id}`);
  expect(one.words).toMatch(/Behind Nothing/);
  expect(one.words).toMatch(/Event notification .* ok, HTTP 200/);
  for (const { html } of [list, one]) expect(html).not.toMatch(/Tamsin|Penrose|Kit\b/);
});

test('what is sent once more is looked at first, and sent when that is pressed', async () => {
  const before = await postsTo();
  const looked = await page(`${PAGE}/${id}`, { act: 'look', from: '1', until: '2' });
  expect([looked.status, await postsTo()]).toEqual([200, before]);
  expect(partOf(looked.html, 'What would be sent', '</table>').match(/As it was/g)).toHaveLength(2);
  const unseen = await page(`${PAGE}/${id}`, { act: 'replay', from: '1', until: '2' });
  expect([unseen.words.includes('What would be sent'), await postsTo()]).toEqual([true, before]);
  const seen = { act: 'replay', from: '1', until: '2', looked: '1 2' };
  const sent = await page(`${PAGE}/${id}`, seen);
  expect(sent.words).toContain('2 sent again.');
  expect(await postsTo()).toBeGreaterThan(before);
});

test('what is typed wrong is said with what was typed, and nothing is sent', async () => {
  const before = await postsTo();
  const bad = '"><script>alert(1)</script>';
  const wrong = await page(`${PAGE}/${id}`, { act: 'replay', from: bad, until: '' });
  expect([wrong.status, wrong.html.includes('<script>')]).toEqual([422, false]);
  expect(wrong.words).toContain('Enter the numbers of events');
  expect((await page(`${PAGE}/${id}`, { act: 'replay', from: '900000' })).status).toBe(422);
  expect((await page(`${PAGE}/${id}`, { act: 'burn' })).status).toBe(422);
  expect(await postsTo()).toBe(before);
});

test('a test is sent and its answer told', async () => {
  expect((await page(`${PAGE}/${id}`, { act: 'test' })).words).toContain('The test was answered: HTTP 200');
  expect((await page(`${PAGE}/${id}`, { act: 'retry' })).words).toContain('Nothing had failed');
});

test('to a service, and under a wrong id, there is nothing here, and nothing can be done', async () => {
  const as = `as=${told.serviceOf('northlight')}`;
  for (const url of [
    `${PAGE}?${as}`,
    `${PAGE}/${id}?${as}`,
    `${PAGE}/nonsense`,
    `${PAGE}/${id.replace(/^./, 'x')}`,
  ])
    expect((await page(url)).status, url).toBe(404);
  expect((await page(`${PAGE}/${id}?${as}`, { act: 'test' })).status).toBe(404);
  expect((await page(`/pages?${as}`)).html).not.toContain(PAGE);
});
