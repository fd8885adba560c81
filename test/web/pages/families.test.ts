/** The list of own families, the search that leaves nothing in a URL, home, and messages. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../../src/app.ts';
import { Config } from '../../../src/config.ts';
import { openPool } from '../../../src/store/pool.ts';
import { registerPages } from '../../../src/web/pages/routes.ts';
import { testContext } from '../../support/context.ts';
import { adt } from '../../support/messages.ts';
import { sourcesOf } from '../../support/pages.ts';
import { BABY, MOTHER, STRANGER, type Told, tellFamily, wordsOf } from './family.ts';

let told: Told;
beforeAll(async () => {
  told = await tellFamily();
});
afterAll(() => told.stop());

const get = (url: string, headers = {}) => told.app.inject({ method: 'GET', url, headers });
const as = (name: string, path = '/pages/families', more = '') => `${path}?as=${told.serviceOf(name)}${more}`;
const linksIn = (body: string) =>
  [...body.matchAll(/href="(\/pages\/journey\/[^"]*)"/g)].map(([, href]) => href);

function search(name: string, fields: Record<string, string>, headers = {}) {
  return told.app.inject({
    method: 'POST',
    url: as(name, '/pages/families/search'),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  });
}

describe('my families', () => {
  test('are those in which somebody is an own patient, with stage and what waits', async () => {
    const { body } = await get(as('northlight'));
    expect(linksIn(body)).toHaveLength(1);
    const words = wordsOf(body);
    expect(words).toContain('Tamsin and Kit Penrose Tamsin is 31 years old; Kit is 13 weeks old');
    expect(words).toContain('Birth to 12 months');
    expect(words).toContain('1 referral, the longest 9 days');
  });

  test('of a service without any are none, in words that say what makes one appear', async () => {
    const { body, statusCode } = await get(as('faraway'));
    expect(statusCode).toBe(200);
    expect(body).toContain('No family is shown. A family appears here once');
    expect(linksIn(body)).toEqual([]);
  });

  test('are filtered by their stage today', async () => {
    expect(linksIn((await get(as('northlight', undefined, '&stage=birth-12m'))).body)).toHaveLength(1);
    expect(linksIn((await get(as('northlight', undefined, '&stage=pregnancy'))).body)).toHaveLength(0);
  });

  test('are all there are for the operator', async () => {
    expect(linksIn((await get('/pages/families')).body).length).toBeGreaterThan(1);
  });

  test('that were given are in the audit, by id', async () => {
    await get(as('northlight'));
    const { rows } = await told.database.pool.query('select ids, name from audit order by id desc limit 1');
    expect(rows[0].name).toBe('loopback, as northlight');
    expect(rows[0].ids).toContain(told.journey);
  });
});

describe('a search', () => {
  test.each([
    ['a name', { name: 'penrose tamsin' }],
    ['an NHS number', { number: `${MOTHER.nhs.slice(0, 3)} ${MOTHER.nhs.slice(3)}` }],
    ['a birth date', { 'born-day': '20', 'born-month': '10', 'born-year': '1995' }],
  ])('by %s leads to ids, and to nothing of anybody in a URL', async (_, fields: Record<string, string>) => {
    const { statusCode, headers } = await search('northlight', fields);
    expect(statusCode).toBe(303);
    const url = String(headers.location);
    expect(url).not.toMatch(/penrose|tamsin|999\d|1995/i);
    expect(headers['cache-control']).toBe('no-store');
    expect(linksIn((await get(url)).body)).toHaveLength(1);
  });

  test('finds nobody who is not an own patient', async () => {
    const strangers: Record<string, string>[] = [
      { name: BABY.given },
      { name: STRANGER.family },
      { number: STRANGER.nhs },
    ];
    for (const fields of strangers) {
      const { headers } = await search('northlight', fields);
      const { body } = await get(String(headers.location));
      expect(linksIn(body)).toEqual([]);
      expect(body).toContain('No family is shown.');
    }
  });

  test('that cannot be meant is answered with the form, what is wrong linked to its field', async () => {
    const { statusCode, body } = await search('northlight', { number: '123', name: 'T<b>' });
    expect(statusCode).toBe(422);
    expect(body).toContain('<a href="#number">Enter an NHS number of 10 digits');
    expect(body).toContain('value="T&lt;b&gt;"');
    const none = await search('northlight', {});
    expect(none.body).toContain('<a href="#name">Enter a name, a birth date or an NHS number');
    const date = await search('northlight', { 'born-day': '31', 'born-month': '2', 'born-year': '2026' });
    expect(date.body).toContain('<a href="#born-day">Enter a real birth date');
  });

  test('may hold signs that a search by FHIR would read otherwise', async () => {
    for (const name of ['a|b', 'a\\', '$x', ':exact', '%', 'a,b']) {
      const { statusCode } = await search('northlight', { name });
      expect(statusCode, name).toBe(303);
    }
  });

  test('is taken from no page of another site', async () => {
    const answered = async (headers: object) =>
      (await search('northlight', { name: 'a' }, headers)).statusCode;
    expect(await answered({ origin: 'null', 'sec-fetch-site': 'same-origin' })).toBe(303);
    for (const site of ['cross-site', 'same-site', 'none']) {
      expect(await answered({ 'sec-fetch-site': site }), site).toBe(403);
      expect(await answered({ origin: 'null', 'sec-fetch-site': site }), site).toBe(403);
    }
    expect(await answered({ origin: 'null' })).toBe(403);
    expect(await answered({ origin: 'https://elsewhere.example' })).toBe(403);
  });
});

describe('messages', () => {
  beforeAll(async () => {
    const held = adt({ nhs: STRANGER.nhs, family: 'Ó<script>', local: 'X1' }, { id: 'HELD-1' });
    const nobody = held.replace(/(?<=\rPID\|[^|]*\|[^|]*\|)[^|]*/, '');
    await told.skein.intake('midwives', 'application/hl7-v2', nobody);
  });

  test('are listed for the operator, and what holds them is counted at home', async () => {
    const { body } = await get('/pages/messages?state=held');
    expect(body).toContain('HELD-1');
    expect(wordsOf(body)).toMatch(/HELD-1 From midwives Received .+ State Held/);
    expect(wordsOf((await get('/pages/messages?state=accepted&system=littlebay')).body)).not.toContain(
      'HELD-1',
    );
    const home = wordsOf((await get('/pages')).body);
    expect(home).toContain('1 message is held');
    expect(home).toContain('Who can mend it');
  });

  test('show their issues by the sender’s fields, and no body', async () => {
    const { body } = await get('/pages/messages?state=held');
    const [, path = ''] = /href="(\/pages\/messages\/[^"]*)"/.exec(body) ?? [];
    const one = await get(path);
    expect(one.statusCode).toBe(200);
    expect(one.body).toContain('PID-3');
    expect(one.body).not.toMatch(/Ó|script/);
    const accepted = await get('/pages/messages?state=accepted&system=northlight');
    const [, good = ''] = /href="(\/pages\/messages\/[^"]*)"/.exec(accepted.body) ?? [];
    expect(wordsOf((await get(good)).body)).toContain('Episode started');
  });

  test('of another service are not there, nor is one that nobody sent', async () => {
    const { body } = await get(as('northlight', '/pages/messages'));
    expect(wordsOf(body.replace(/<select[\s\S]*?<\/select>/g, ''))).not.toMatch(/HELD-1|midwives|littlebay/);
    const listed = (await get('/pages/messages?system=midwives')).body;
    const [, path = ''] = /href="(\/pages\/messages\/[^"]*)"/.exec(listed) ?? [];
    for (const show of ['', '&show=text'])
      expect((await get(as('northlight', path, show))).statusCode).toBe(404);
    expect((await get(`/pages/messages/${told.journey}`)).statusCode).toBe(404);
    expect((await get(as('northlight', `/pages/messages/${told.journey}`))).statusCode).toBe(404);
  });

  test('of its own system an engineer reads: the text and what it became, each time on record', async () => {
    const { body } = await get(as('midwives', '/pages/messages', '&state=accepted'));
    const paths = [...body.matchAll(/href="(\/pages\/messages\/[0-9a-f-]{36})/g)].map(
      ([, path]) => path ?? '',
    );
    const shut = await get(as('midwives', paths.at(-1)));
    expect(shut.body).not.toMatch(/PID\||Penrose/);
    const open = await get(as('midwives', paths.at(-1), '&show=text'));
    expect(open.body).toContain('PID|');
    expect(wordsOf(open.body)).toMatch(/patient\.name\[0\]\.family Penrose from PID-5\.1\.1/);
    // Who else was told is not its to know.
    const all = wordsOf(open.body.replace(/<select[\s\S]*?<\/select>/g, ''));
    expect(all).not.toMatch(/northlight|littlebay|talkwell/);
    const { rows } = await told.database.pool.query(
      'select interaction, ids, persons, name from audit order by id desc limit 1',
    );
    const [mother] = await told.find('Patient', '&given=Tamsin');
    const [baby] = await told.find('Patient', '&given=Kit');
    expect([mother?.id, baby?.id]).toEqual(expect.arrayContaining(rows[0].persons.slice(0, 1)));
    expect(rows[0].name).toContain('midwives');
    // Which message it was, also where nobody is known of whom it speaks.
    expect(rows[0].ids).toContain(paths.at(-1)?.split('/').at(-1));
  });

  test('are whole for no operator, whatever is asked for', async () => {
    const listed = (await get('/pages/messages?system=midwives')).body;
    const [, path = ''] = /href="(\/pages\/messages\/[^"]*)"/.exec(listed) ?? [];
    expect((await get(`${path}?show=text`)).body).not.toMatch(/PID\||Penrose|Zennor/);
  });
});

test.each(['token', 'smart'])('with AUTH=%s there are no pages', async (AUTH) => {
  const config = Config.parse({ AUTH, PORT: '0', LOG_LEVEL: 'silent', PUBLIC_URL: 'https://skein.example' });
  const ctx = testContext(told.database, { config });
  const app = buildApp(ctx, [(started) => registerPages(started, ctx, sourcesOf(ctx))]);
  const answers = await Promise.all(
    ['/pages', '/pages/families', '/nowhere'].map((url) => app.inject({ method: 'GET', url })),
  );
  await app.close();
  expect(new Set(answers.map(({ statusCode }) => statusCode)).size).toBe(1);
  expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
});

test('nobody is answered from beyond this machine', async () => {
  const { statusCode, body } = await get('/pages/families', { host: 'skein.example' });
  expect(statusCode).toBe(403);
  expect(body).not.toContain('Penrose');
});

test('where the store does not answer the page says so, and nothing else', async () => {
  const nowhere = openPool('postgres://postgres@127.0.0.1:1/nowhere');
  const ctx = testContext(told.database, { db: nowhere });
  const app = buildApp(ctx, [(started) => registerPages(started, ctx, sourcesOf(ctx))]);
  const { statusCode, headers, body } = await app.inject({ method: 'GET', url: as('northlight') });
  await Promise.all([app.close(), nowhere.end()]);
  expect(statusCode).toBe(503);
  expect(headers['content-type']).toContain('text/html');
  expect(body).toContain('This page could not be made');
  expect(body).not.toMatch(/ECONNREFUSED|postgres/);
});
