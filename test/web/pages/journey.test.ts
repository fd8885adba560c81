/** The page of a family: what it shows to whom, that it is on record, and what is the same for everybody. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { care } from '../../families/scenarios/messages.ts';
import { ago, say } from '../../support/telling.ts';
import { BABY, MOTHER, partOf, SERVICES, STRANGER, type Told, tellFamily, wordsOf } from './family.ts';

let told: Told;
beforeAll(async () => {
  told = await tellFamily();
});
afterAll(() => told.stop());

const get = (url: string, headers = {}) => told.app.inject({ method: 'GET', url, headers });
const pageFor = async (name: string | null, journey = told.journey) =>
  get(`/pages/journey/${journey}${name ? `?as=${told.serviceOf(name)}` : ''}`);
const bundleFor = async (name: string) =>
  (await get(`/fhir/Group/${told.journey}/$journey`, { 'x-skein-system': name })).body;

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

test.each(['', '/families', '/messages', '/journey/:id', '/nothing'])(
  '/pages%s has the headers of a page, no script, and nobody in its title',
  async (path) => {
    const { headers, body } = await get(`/pages${path.replace(':id', told.journey)}`);
    expect(headers).toMatchObject(HEADERS);
    expect(body).not.toMatch(/<script|\son\w+=|style=|javascript:/i);
    expect(/<title>(.*)<\/title>/.exec(body)?.[1]).not.toMatch(/Tamsin|Kit|Penrose/);
    const sources = [...body.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, to]) => to);
    expect(sources.filter((to) => !/^(\/pages|#)/.test(to ?? ''))).toEqual([]);
  },
);

test('the style sheet names no other host and no font', async () => {
  const { body } = await get('/pages');
  for (const [, path] of body.matchAll(/<link rel="stylesheet" href="([^"]*)">/g)) {
    const { statusCode, body: css } = await get(path as string);
    expect(statusCode).toBe(200);
    expect(css).not.toMatch(/@font-face|https?:\/\/(?!www\.w3\.org)/);
  }
});

test('who it is, the stage, what waits and who is involved are told to the mother’s own team', async () => {
  const { statusCode, body } = await pageFor('northlight');
  expect(statusCode).toBe(200);
  const words = wordsOf(body);
  for (const said of [
    'Tamsin and Kit Penrose',
    'Mother, your patient',
    'NHS number 999',
    'Kit is 13 weeks old',
    'Birth to 12 months: now',
    'Your referral to talkwell',
    '9 days waiting',
    'northlight (you)',
    'Contact with your team',
    'Other services may be involved that are not shown.',
  ])
    expect(words).toContain(said);
});

test('a service that may know that there is care, and no more, is told its kind', async () => {
  const words = wordsOf((await pageFor('littlebay')).body);
  expect(words).toContain('A specialist perinatal service');
  expect(words).toContain('Existence');
  expect(words).not.toContain('northlight (you)');
  expect(words.replaceAll(' ', '')).not.toContain(MOTHER.nhs);
});

describe('what one service sees', () => {
  /** Ids, names, numbers and dates that the journey of one reader holds. */
  const valuesIn = (text: string) =>
    new Set(text.match(/[0-9a-f]{8}-[0-9a-f-]{27}|\d{10}|\d{4}-\d\d-\d\d/g) ?? []);

  test.each(Object.keys(SERVICES))('as %s holds no value that $journey does not give it', async (name) => {
    const { body, statusCode } = await pageFor(name);
    const given = statusCode === 200 ? await bundleFor(name) : '';
    const all = wordsOf(body.replace(/<select[\s\S]*?<\/select>/g, ''));
    for (const person of [MOTHER, BABY, STRANGER])
      for (const value of [person.given, person.family])
        if (!given.includes(value)) expect(all, value).not.toContain(value);
    const numbers = all.replaceAll(' ', '').match(/999\d{7}/g) ?? [];
    expect(numbers.filter((number) => !given.includes(number))).toEqual([]);
    for (const other of Object.keys(SERVICES))
      if (other !== name && !given.includes(`"${other}`))
        expect(all, other).not.toMatch(new RegExp(`\\b${other}\\b`));
    const ids = [...valuesIn(body)].filter((value) => value.includes('-') && value.length === 36);
    const tasks = (await told.find('Task', '', name)).map(({ id }) => id);
    const own = [told.journey, ...tasks, ...Object.keys(SERVICES).map(told.serviceOf)];
    expect(ids.filter((id) => !own.includes(id) && !given.includes(id))).toEqual([]);
  });

  test('is the same in a second pair of eyes beside it, and for a system that says who it is', async () => {
    const [perinatal, camhs] = ['northlight', 'littlebay'].map(told.serviceOf);
    const { body } = await get(`/pages/journey/${told.journey}?as=${perinatal}&beside=${camhs}`);
    const own = await get(`/pages/journey/${told.journey}`, { 'x-skein-system': 'littlebay' });
    const rows = (html: string) =>
      html.match(/<tr role="row" class="nhsuk-table__row">[\s\S]*?<\/tr>/g) ?? [];
    const [right] = body.split('app-side--b').slice(1);
    const twin = (html: string) => rows(partOf(html, 'app-twin', '<p class="app-same">'));
    expect(twin(right ?? '').length).toBeGreaterThan(2);
    expect(twin(right ?? '')).toEqual(twin(own.body));
    expect(own.body).not.toContain('See it as another service');
  });
});

test('picture and table have the same numbers, all of them, in order', async () => {
  for (const name of ['northlight', 'littlebay', null]) {
    const { body } = await pageFor(name);
    const pictures = [...body.matchAll(/<svg class="app-lanes[\s\S]*?<\/svg>/g)].map(([svg]) =>
      [...svg.matchAll(/class="app-item__n"[^>]*>(\d+)</g)].map(([, n]) => Number(n)).sort((a, b) => a - b),
    );
    const table = [...body.matchAll(/Number <\/span><span class="app-cell">(\d+)</g)].map(([, n]) =>
      Number(n),
    );
    expect(pictures).toHaveLength(2);
    expect(table).toEqual(table.map((_, place) => place + 1));
    for (const numbers of pictures) expect(numbers).toEqual(table);
  }
});

test('the lane and the card of a partner are the same for every service that sees the family', async () => {
  const bodies = await Promise.all(
    ['northlight', 'littlebay', 'talkwell'].map(async (name) => (await pageFor(name)).body),
  );
  const cards = bodies.map((body) =>
    partOf(body, '<section class="app-person app-person--partner"', '</section>'),
  );
  const lanes = bodies.map((body) => {
    const lane = partOf(body, '<g class="app-lane app-lane--partner">', '</g>');
    const height = /height="([\d.]+)"/.exec(lane)?.[1];
    return [height, wordsOf(lane)];
  });
  expect(new Set(cards).size).toBe(1);
  expect(cards[0]).toContain('Nobody is shown here.');
  expect(new Set(lanes.map(String)).size).toBe(1);
});

test('each row says why it is shown: level, rule, and of its own messages whose and when', async () => {
  const { body } = await pageFor('northlight');
  const reasons = [...body.matchAll(/Why am I shown this\?<\/summary><p>([^<]*)</g)].map(([, text]) => text);
  expect(reasons.length).toBeGreaterThan(4);
  expect(reasons).toContainEqual(
    expect.stringMatching(/^From northlight, message of .+\. Rule: what your service sent/),
  );
  expect(reasons).toContainEqual(
    expect.stringContaining('Rule: infant of a family of yours, who is involved: Summary.'),
  );
  expect(reasons).toContainEqual(expect.stringContaining('Rule: own patient, who is involved: Full.'));
});

describe('how to reach somebody', () => {
  const safe = async (parameter: object[]) => {
    const [mother] = await told.find('Patient', `&given=${MOTHER.given}`, 'northlight');
    const body = JSON.stringify({ resourceType: 'Parameters', parameter });
    const headers = { 'content-type': 'application/fhir+json', 'x-skein-system': 'northlight' };
    const path = `/fhir/Patient/${mother?.id}/$safe-contact`;
    expect((await told.skein.send('POST', path, headers, body)).status).toBe(200);
  };

  test('is not known until somebody said so: then it comes before any number', async () => {
    const before = (await pageFor('northlight')).body;
    expect(before).toContain('Not known how to contact Tamsin safely. Ask, and record it.');
    expect(before).not.toContain('Show telephone and address');
    await safe([
      { name: 'how', valueCode: 'text' },
      { name: 'name', valueString: 'Tam' },
    ]);
    const { body } = await pageFor('northlight');
    expect(wordsOf(body)).toContain(
      'Before you contact Tamsin Send a text message No voicemail, no letters Ask for “Tam”',
    );
    // The instruction is told to whom it may help; the numbers behind it are for her own services.
    expect((await pageFor('littlebay')).body).toContain('Ask for “Tam”');
    expect((await pageFor('littlebay')).body).not.toContain('Show telephone and address');
  });

  test('has no number where she is not to be contacted directly', async () => {
    await safe([{ name: 'how', valueCode: 'none' }]);
    const { body } = await pageFor(null);
    expect(body).toContain('Do not contact directly');
    expect(body).not.toContain('Show telephone and address');
  });
});

describe('what is not there', () => {
  const neutral = (body: string) => body.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID');

  test('and what may not be seen are one page, one status and one wording', async () => {
    const hidden = await pageFor('faraway');
    const absent = await pageFor('faraway', randomUUID());
    const none = await pageFor('faraway', 'no-id-at-all');
    expect([hidden, absent, none].map(({ statusCode }) => statusCode)).toEqual([404, 404, 404]);
    expect(neutral(hidden.body)).toBe(neutral(absent.body));
    expect(neutral(none.body)).toBe(neutral(absent.body));
    const elsewhere = await get(`/pages/nothing/at/all?as=${told.serviceOf('faraway')}`);
    expect(neutral(elsewhere.body)).toBe(neutral(absent.body));
    const { 'content-length': _a, date: _b, ...headers } = hidden.headers;
    expect(absent.headers).toMatchObject(headers);
  });

  test('includes services that nobody registered', async () => {
    expect((await get(`/pages/families?as=${randomUUID()}`)).statusCode).toBe(404);
  });
});

describe('the audit', () => {
  const lastRow = async () =>
    (
      await told.database.pool.query(
        'select kind, outcome, name, interaction, ids, persons from audit order by id desc limit 1',
      )
    ).rows[0];

  test('has a row of every page before it is given: who looked, as whom, and about whom', async () => {
    const { body } = await pageFor('northlight');
    expect(body).toContain('Tamsin');
    const row = await lastRow();
    expect(row).toMatchObject({ kind: 'read', outcome: '200', name: 'loopback, as northlight' });
    expect(row.interaction).toBe('pages/journey/:id');
    expect(row.ids).toContain(told.journey);
    expect(row.persons).toHaveLength(2);
    await pageFor('faraway');
    expect(await lastRow()).toMatchObject({ kind: 'refusal', outcome: '404', name: 'loopback, as faraway' });
  });

  test('that cannot be written lets no page go', async () => {
    const { pool } = told.database;
    await pool.query('alter table audit add constraint full_up check (false) not valid');
    const { statusCode, body } = await pageFor('northlight');
    await pool.query('alter table audit drop constraint full_up');
    expect(statusCode).toBe(503);
    expect(body).not.toContain('Tamsin');
  });
});

test('a page of the journey is made in less than a second, and is no larger than 100 kB', async () => {
  const started = performance.now();
  const { body } = await pageFor('northlight');
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(body.length).toBeLessThan(100_000);
});

describe('what is new', () => {
  const path = (name: string) => `/pages/journey/${told.journey}?as=${told.serviceOf(name)}`;
  const seen = async (name: string) => {
    const { body } = await get(path(name));
    const at = /name="at" value="([^"]*)"/.exec(body)?.[1] ?? '';
    return told.app.inject({
      method: 'POST',
      url: path(name).replace('?', '/seen?'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ at }).toString(),
    });
  };
  const news = async (name: string) =>
    wordsOf(partOf((await get(path(name))).body, 'id="news"', '</section>'));

  test('is counted from when somebody said that they had seen it, not from when they opened it', async () => {
    expect(await news('northlight')).toContain('You have not said yet');
    expect((await seen('northlight')).statusCode).toBe(303);
    expect(await news('northlight')).toContain('Nothing that is shown here');
    await say(told, care('northlight', MOTHER, { start: ago(24), contact: ago(2) }));
    await told.settle();
    for (const _ of [1, 2]) expect(await news('northlight')).toMatch(/New since[\s\S]*northlight/);
    expect(wordsOf((await get(path('northlight'))).body)).toMatch(/Number \d+ New/);
    await seen('northlight');
    expect(await news('northlight')).toContain('Nothing that is shown here');
  });

  test('is not for who sees nothing of it, nor for whoever runs Skein, and is no look of another', async () => {
    expect((await seen('faraway')).statusCode).toBe(404);
    expect((await pageFor(null)).body).not.toContain('id="news"');
    expect(await news('littlebay')).toContain('You have not said yet');
  });

  test('tells each service what itself is shown, and no more', async () => {
    await seen('littlebay');
    await say(told, care('northlight', MOTHER, { start: ago(24), contact: ago(1) }));
    await told.settle();
    expect(await news('northlight')).toContain('northlight');
    expect(await news('littlebay')).not.toMatch(/northlight|Tamsin/);
  });
});
