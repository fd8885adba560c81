/** People sign in to the pages by their organisation's issuer, and see what their service may see. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { returnTo } from '../../src/access/sign-in/return-to.ts';
import { freePort } from '../support/free-port.ts';
import type { Skein } from '../support/household.ts';
import type { MayDo, Who } from '../support/humans.ts';
import { newHumanPair } from '../support/humans.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { startSkein } from '../support/skein.ts';
import { hidden, type Shown, Visitor } from '../support/visitor.ts';
import { type Told, tellFamily } from '../web/pages/family.ts';

const CLINICIAN: Who = { sub: 'uuid-1', organisation: 'RXP', role: 'R8000', name: 'Merryn Sample' };
const OPERATOR: Who = { sub: 'uuid-2', organisation: 'RXH', role: 'R8008', name: 'Denzel Sample' };
const ROLES: MayDo[] = [
  { organisation: 'RXP', role: 'R8000', team: 'northlight', may: ['clinician'] },
  { organisation: 'RXP', role: 'R8001', team: '*', may: ['clinician', 'reviewer'] },
  { organisation: 'RXP', role: 'R8003', team: 'northlight', may: ['engineer'] },
  { organisation: 'RXH', role: 'R8008', team: '*', may: ['operator'] },
  { organisation: 'RXH', role: 'R8009', team: '*', may: ['governance'] },
];

let told: Told;
let issuer: TestIssuer;
let skein: Skein;
let secure: Skein;

beforeAll(async () => {
  told = await tellFamily();
  issuer = await startIssuer(CLINICIAN, ROLES);
  const port = await freePort();
  const settings = { AUTH: 'token', ROLES: 'api', ...issuer.settings };
  const here = { PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` };
  skein = await startSkein(told.database, { ...settings, ...here });
  secure = await startSkein(told.database, { ...settings, PUBLIC_URL: 'https://skein.test' });
});
afterAll(async () => {
  await secure?.stop();
  await skein?.stop();
  await issuer?.stop();
  await told?.stop();
});
beforeEach(() => {
  issuer.saying = { who: CLINICIAN, claims: {}, provedBefore: 1, signer: issuer.pair };
});

const at = (path: string) => `${skein.url}${path}`;

async function signIn(who: Who, visitor = new Visitor()): Promise<{ visitor: Visitor; shown: Shown }> {
  issuer.saying.who = who;
  return { visitor, shown: await visitor.visit(at('/pages/sign-in/start')) };
}

/** What the issuer answers is not taken: nobody is signed in. */
async function expectRefused({ visitor, shown }: { visitor: Visitor; shown: Shown }, status: number) {
  expect(shown.status).toBe(status);
  expect([...visitor.jar.keys()]).toEqual([]);
  expect((await visitor.ask(at('/pages'))).status).toBe(303);
}

/** As if so much time had passed for everybody who is signed in. */
const later = (interval: string, column = 'seen_at') =>
  told.database.pool.query(`update session set ${column} = ${column} - $1::interval`, [interval]);

async function countSessions(): Promise<number> {
  return (await told.database.pool.query('select count(*)::int as n from session')).rows[0].n;
}

describe('signing in', () => {
  test('who is not signed in is sent there from any page, and comes back to it', async () => {
    const visitor = new Visitor();
    const first = await visitor.ask(at(`/pages/journey/${told.journey}?window=whole`));
    expect(first.status).toBe(303);
    expect(first.body).not.toContain('Penrose');
    const page = await visitor.ask(at(first.headers.get('location') ?? ''));
    expect(page.status).toBe(200);
    const start =
      /href="(\/pages\/sign-in\/start[^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const shown = await visitor.visit(at(start));
    expect(shown.url).toBe(at(`/pages/journey/${told.journey}?window=whole`));
    expect(shown.body).toContain('Tamsin and Kit Penrose');
    expect(shown.body).toContain('Merryn Sample');
  });

  test('asks with PKCE, state and nonce, new each time, and keeps none of them where a page could read it', async () => {
    await signIn(CLINICIAN);
    await signIn(CLINICIAN);
    const [one, two] = issuer.asked.slice(-2) as [URLSearchParams, URLSearchParams];
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.get(name)?.length).toBeGreaterThan(40);
      expect(one.get(name)).not.toBe(two.get(name));
    }
    expect(one.get('code_challenge_method')).toBe('S256');
    expect(one.get('scope')).toContain('nationalrbacaccess');
  });

  test('one sees what the own service sees: the same names, the same sentence, and nobody else’s families', async () => {
    const { visitor } = await signIn(CLINICIAN);
    const families = await visitor.ask(at('/pages/families'));
    expect(families.body).toContain('Tamsin and Kit Penrose');
    expect(families.body).not.toContain('Zennor');
    const as = `/pages/journey/${told.journey}?as=${told.serviceOf('northlight')}`;
    const trial = (await told.app.inject({ method: 'GET', url: as })).body;
    const own = (await visitor.ask(at(`/pages/journey/${told.journey}`))).body;
    const main = (html: string) =>
      html
        .slice(html.indexOf('<main'), html.indexOf('</main>'))
        .replaceAll(/ (href|action)="[^"]*"|<input type="hidden"[^>]*>/g, '');
    expect(main(own)).toBe(main(trial));
  });

  test('nobody sees through other eyes by asking for it', async () => {
    const { visitor } = await signIn(CLINICIAN);
    const other = told.serviceOf('midwives');
    for (const more of [`as=${other}`, 'as=operator', `as=${other}&beside=${told.serviceOf('talkwell')}`])
      expect((await visitor.ask(at(`/pages/families?${more}`))).body).not.toContain('Zennor');
    const headers = { 'x-skein-system': 'midwives' };
    expect((await fetch(at('/pages/families'), { headers, redirect: 'manual' })).status).toBe(303);
  });

  test('what was looked at is on record with who looked, by what their issuer calls them, and no name', async () => {
    const { visitor } = await signIn(CLINICIAN);
    await visitor.ask(at(`/pages/journey/${told.journey}`));
    const { rows } = await told.database.pool.query(
      `select a.system_id, a.service, a.human, a.persons, a::text as whole from audit a
       where interaction = 'pages/journey/:id' order by id desc limit 1`,
    );
    expect(rows[0]).toMatchObject({
      system_id: null,
      service: told.serviceOf('northlight'),
      human: { issuer: issuer.url, subject: 'uuid-1', role: 'R8000', organisation: 'RXP' },
    });
    expect(rows[0].persons.length).toBeGreaterThan(1);
    expect(rows[0].whole).not.toContain('Merryn');
    const came = await told.database.pool.query(
      "select human ->> 'subject' as who from audit where interaction = 'sign-in' order by id desc limit 1",
    );
    expect(came.rows).toEqual([{ who: 'uuid-1' }]);
  });
});

describe('what somebody acts as', () => {
  test('with more than one team they are asked which, and change it when they like', async () => {
    const { visitor, shown } = await signIn({ ...CLINICIAN, role: 'R8001' });
    expect(shown.url).toContain('/pages/acting-as');
    expect(shown.body).toMatch(/littlebay[\s\S]*northlight/);
    const blocked = await visitor.ask(at('/pages/families'));
    expect(blocked.headers.get('location')).toContain('/pages/acting-as');
    const choose = (hat: string) =>
      visitor.visit(at('/pages/acting-as'), { csrf: hidden(shown.body, 'csrf'), hat, to: '/pages/families' });
    expect((await choose(told.serviceOf('northlight'))).body).toContain('Tamsin and Kit Penrose');
    expect((await choose(told.serviceOf('littlebay'))).body).toContain('Kit');
    expect((await choose(told.serviceOf('midwives'))).status).toBe(404);
  });

  test('a page of a role that somebody has not is answered like one that is not there', async () => {
    const allowed: [Who, string[]][] = [
      [CLINICIAN, ['/pages/families', '/pages/referrals']],
      [{ ...CLINICIAN, role: 'R8003' }, ['/pages/messages', '/pages/playground']],
      [
        OPERATOR,
        ['/pages/messages', '/pages/deliveries', '/pages/playground', '/pages/systems', '/pages/figures'],
      ],
      [{ ...OPERATOR, role: 'R8009' }, ['/pages/sharing']],
    ];
    for (const [who, own] of allowed) {
      const { visitor } = await signIn(who);
      expect((await visitor.ask(at('/pages'))).status).toBe(200);
      const missing = (await visitor.ask(at('/pages/nothing-of-the-kind'))).body;
      const journey = `/pages/journey/${told.journey}`;
      for (const path of [
        '/pages/families',
        '/pages/referrals',
        journey,
        '/pages/messages',
        '/pages/deliveries',
      ]) {
        const isOwn =
          own.some((one) => path.startsWith(one)) ||
          (own.length > 0 && who === CLINICIAN && path.includes('journey'));
        for (const written of [path, path.replace('pages', 'p%61ges')]) {
          const { status, body } = await visitor.ask(at(written));
          expect(status, `${who.role} ${written}`).toBe(isOwn ? 200 : 404);
          const main = (html: string) => html.slice(html.indexOf('<main'), html.indexOf('</main>'));
          if (!isOwn) expect(main(body)).toBe(main(missing));
        }
      }
    }
  });

  test('whoever runs Skein sees what is held, and no family', async () => {
    const { visitor, shown } = await signIn(OPERATOR);
    expect(shown.body).toContain('Nothing is held');
    expect(shown.body).not.toContain('Families');
    expect((await visitor.ask(at(`/pages/journey/${told.journey}`))).status).toBe(404);
  });
});

describe('who is not let in', () => {
  test('somebody without any role here is told so, and is not signed in', async () => {
    const stranger = await signIn({ ...CLINICIAN, organisation: 'RXZ' });
    await expectRefused(stranger, 403);
    expect(stranger.shown.body).toContain('Your role opens nothing here');
    await expectRefused(await signIn({ ...CLINICIAN, role: 'R9999' }), 403);
  });

  test.each<[string, object]>([
    ['for another audience', { aud: 'another-client' }],
    ['of another issuer', { iss: 'https://identity.test' }],
    ['of another sign-in', { nonce: 'planted' }],
    ['that has expired', { exp: Math.floor(Date.now() / 1_000) - 600 }],
    ['of somebody else than the issuer goes on to tell of', { sub: 'uuid-9' }],
    ['that selects a role which is none of theirs', { selected_roleid: '556' }],
  ])('an ID token %s signs nobody in', async (_name, claims) => {
    issuer.saying.claims = claims;
    await expectRefused(await signIn(CLINICIAN), 403);
  });

  test('nor one that another key signed', async () => {
    issuer.saying.signer = { ...newHumanPair('issuer-1') };
    await expectRefused(await signIn(CLINICIAN), 403);
  });

  test('a code that was asked for in another browser, or with a state that is not ours, is of no use', async () => {
    const victim = new Visitor();
    const attacker = new Visitor();
    const begun = await attacker.ask(at('/pages/sign-in/start'));
    const back = await attacker.ask(begun.headers.get('location') ?? '');
    const location = back.headers.get('location') ?? '';
    await expectRefused({ visitor: victim, shown: await victim.ask(location) }, 400);
    await victim.ask(at('/pages/sign-in/start'));
    await expectRefused({ visitor: victim, shown: await victim.ask(location) }, 403);
  });

  test('a sign-in is used once, and going back to its address signs nobody in again', async () => {
    const visitor = new Visitor();
    const begun = await visitor.ask(at('/pages/sign-in/start'));
    const location = (await visitor.ask(begun.headers.get('location') ?? '')).headers.get('location') ?? '';
    const underWay = new Map(visitor.jar);
    expect((await visitor.ask(location)).status).toBe(303);
    expect((await visitor.ask(location)).status).toBe(400);
    // Whoever copied all that the browser had finds the code used up.
    const thief = new Visitor();
    for (const [name, value] of underWay) thief.jar.set(name, value);
    await expectRefused({ visitor: thief, shown: await thief.ask(location) }, 403);
  });

  test('an issuer that says no signs nobody in', async () => {
    const visitor = new Visitor();
    const begun = await visitor.ask(at('/pages/sign-in/start'));
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error: 'access_denied', state });
    await expectRefused({ visitor, shown: await visitor.ask(at(`/pages/sign-in/done?${query}`)) }, 403);
  });
});

describe('a session', () => {
  test('has another id each time, and one that was planted counts for nothing', async () => {
    const visitor = new Visitor();
    visitor.jar.set('skein-session', 'planted');
    await signIn(CLINICIAN, visitor);
    const first = visitor.jar.get('skein-session') ?? '';
    expect(first.length).toBeGreaterThan(40);
    const before = await countSessions();
    await signIn(CLINICIAN, visitor);
    expect(visitor.jar.get('skein-session')).not.toBe(first);
    expect(await countSessions()).toBe(before);
    const old = new Visitor();
    old.jar.set('skein-session', first);
    expect((await old.ask(at('/pages'))).status).toBe(303);
  });

  test('given twice by a browser is none: which of the two counts is not ours to choose', async () => {
    const { visitor } = await signIn(CLINICIAN);
    const cookie = `skein-session=planted; skein-session=${visitor.jar.get('skein-session')}`;
    expect((await fetch(at('/pages'), { headers: { cookie }, redirect: 'manual' })).status).toBe(303);
  });

  test('is kept as a hash, in a cookie that no script reads and no other site sends along', async () => {
    const { visitor, shown } = await signIn(CLINICIAN);
    expect(shown.status).toBe(200);
    const { rows } = await told.database.pool.query('select session::text as whole from session');
    for (const { whole } of rows) expect(whole).not.toContain(visitor.jar.get('skein-session'));
    const begun = await new Visitor().ask(at('/pages/sign-in/start'));
    expect(begun.cookies[0]).toMatch(/^skein-sign-in=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  test('over TLS has the prefix that no other host and no plain http can set', async () => {
    const visitor = new Visitor();
    const begun = await visitor.ask(`${secure.url}/pages/sign-in/start`);
    expect(begun.cookies[0]).toMatch(/^__Host-skein-sign-in=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    const back = (await visitor.ask(begun.headers.get('location') ?? '')).headers.get('location') ?? '';
    expect(back).toContain('https://skein.test/pages/sign-in/done?');
    const done = await visitor.ask(back.replace('https://skein.test', secure.url));
    expect(done.cookies.at(-1)).toMatch(
      /^__Host-skein-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect((await visitor.ask(`${secure.url}/pages`)).status).toBe(200);
    const bare = `skein-session=${visitor.jar.get('__Host-skein-session')}`;
    const plain = await fetch(`${secure.url}/pages`, { headers: { cookie: bare }, redirect: 'manual' });
    expect(plain.status).toBe(303);
  });

  test('ends after 15 minutes without a page, and not for who opens one now and then', async () => {
    const { visitor } = await signIn(CLINICIAN);
    for (let turn = 0; turn < 3; turn++) {
      await later('14 minutes');
      expect((await visitor.ask(at('/pages'))).status).toBe(200);
    }
    await later('15 minutes');
    expect((await visitor.ask(at('/pages'))).status).toBe(303);
  });

  test('ends after 8 hours whatever is opened', async () => {
    const { visitor } = await signIn(CLINICIAN);
    await later('7 hours 59 minutes', 'begun_at');
    expect((await visitor.ask(at('/pages'))).status).toBe(200);
    await later('1 minute', 'begun_at');
    expect((await visitor.ask(at('/pages'))).status).toBe(303);
  });
});

describe('a form', () => {
  const search = { name: 'Tamsin', 'born-day': '', 'born-month': '', 'born-year': '', number: '' };

  test('is taken with what only a page of this session holds, and not without it or of another session', async () => {
    const { visitor } = await signIn(CLINICIAN);
    const csrf = hidden((await visitor.ask(at('/pages/families'))).body, 'csrf');
    expect((await visitor.ask(at('/pages/families/search'), { ...search, csrf })).status).toBe(303);
    expect((await visitor.ask(at('/pages/families/search'), search)).status).toBe(403);
    const other = await signIn(CLINICIAN);
    expect((await other.visitor.ask(at('/pages/families/search'), { ...search, csrf })).status).toBe(403);
  });

  test('of another site is refused whatever it holds', async () => {
    const { visitor, shown } = await signIn(CLINICIAN);
    const cookie = [...visitor.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = new URLSearchParams({ csrf: hidden(shown.body, 'csrf') });
    const headers = { cookie, 'sec-fetch-site': 'cross-site' };
    const sent = await fetch(at('/pages/sign-out'), { method: 'POST', body, headers });
    expect(sent.status).toBe(403);
    expect((await visitor.ask(at('/pages'))).status).toBe(200);
  });

  test('of a session that is over leads to sign-in, and what it held is not done', async () => {
    const { visitor } = await signIn(CLINICIAN);
    const csrf = hidden((await visitor.ask(at('/pages/families'))).body, 'csrf');
    await later('16 minutes');
    const sent = await visitor.ask(at('/pages/families/search'), { ...search, csrf });
    expect(sent.headers.get('location')).toBe('/pages/sign-in?to=%2Fpages');
  });
});

describe('signing out', () => {
  test('ends it here and at the issuer, once however often it is pressed, and the back button shows nothing', async () => {
    const { visitor, shown } = await signIn(CLINICIAN);
    const token = visitor.jar.get('skein-session') ?? '';
    const csrf = hidden(shown.body, 'csrf');
    const ended = issuer.ended.length;
    const left = await visitor.ask(at('/pages/sign-out'), { csrf });
    expect(left.status).toBe(200);
    const to = /url=([^"]*)"/.exec(left.body)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const out = await visitor.visit(to);
    expect(out.url).toBe(at('/pages/signed-out'));
    expect(out.body).toContain('You are signed out');
    expect(issuer.ended.length).toBe(ended + 1);
    expect(issuer.ended.at(-1)?.split('.')).toHaveLength(3);
    visitor.jar.set('skein-session', token);
    expect((await visitor.ask(at('/pages/sign-out'), { csrf })).status).toBe(303);
    const back = await visitor.ask(at(`/pages/journey/${told.journey}`));
    expect(back.status).toBe(303);
    expect(shown.headers.get('cache-control')).toBe('no-store');
  });
});

test.each([
  ['/pages/families?stage=pregnancy', '/pages/families?stage=pregnancy'],
  [
    '/pages/journey/0b7f1c9e-0000-4000-8000-000000000000',
    '/pages/journey/0b7f1c9e-0000-4000-8000-000000000000',
  ],
  ['https://evil.example/pages', '/pages'],
  ['//evil.example/pages', '/pages'],
  ['/\\evil.example/pages', '/pages'],
  ['/pages/..//evil.example', '/pages'],
  ['/pages/../../evil.example', '/pages'],
  ['/pages/\t//evil.example', '/pages'],
  ['/pages%2f..%2f..%2fevil', '/pages'],
  ['/fhir/Patient', '/pages'],
  ['/pagesx', '/pages'],
  ['/pages/sign-in/done?code=1', '/pages'],
  ['javascript:alert(1)', '/pages'],
  ['', '/pages'],
  [undefined, '/pages'],
])('after signing in one goes to a page of ours: %s leads to %s', (asked, leads) => {
  expect(returnTo(asked)).toBe(leads);
});

test('without an issuer, and with AUTH, there are no pages', async () => {
  const bare = await startSkein(told.database, { AUTH: 'token', ROLES: 'api' });
  expect((await bare.get('/pages')).status).toBe(401);
  for (const path of ['/pages/sign-in', '/pages/sign-in/start'])
    expect((await bare.get(path)).status).toBe(404);
  await bare.stop();
});
