/** The worklist as pages: who sees what of an item, and what is done with it, over HTTP and in a browser. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BROWSER, isLeftOut, openBrowser } from '../../support/browser.ts';
import { freePort } from '../../support/free-port.ts';
import { gather, type Household, type Skein } from '../../support/household.ts';
import type { MayDo, Who } from '../../support/humans.ts';
import { startIssuer, type TestIssuer } from '../../support/issuer.ts';
import { adt } from '../../support/messages.ts';
import { nhsNumber } from '../../support/records.ts';
import { startSkein } from '../../support/skein.ts';
import { ago } from '../../support/telling.ts';
import { chart, episodeOf, transactionOf } from '../../support/transactions.ts';
import { hidden, type Shown, Visitor } from '../../support/visitor.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const SCRIPT = '<img src=x onerror=alert(1)>';
const TAMSIN = {
  nhs: nhsNumber(131),
  given: 'Tamsin',
  family: 'Penrose',
  born: '1994-03-02',
  postcode: 'LS1 1AA',
  local: 'M1',
};
/** The same by all but a number, at a service that gave none. */
const UNNUMBERED = {
  given: 'Tamsin',
  family: 'Penrose',
  born: '1994-03-02',
  postcode: 'LS1 1AA',
  local: 'P-77',
};
const REVIEWER: Who = { sub: 'uuid-1', organisation: 'RXM', role: 'R8001', name: 'Loveday Sample' };
const OPERATOR: Who = { sub: 'uuid-2', organisation: 'RXH', role: 'R8008', name: 'Denzel Sample' };
const ROLES: MayDo[] = [
  { organisation: 'RXM', role: 'R8001', team: 'maternity', may: ['reviewer'] },
  { organisation: 'RXM', role: 'R8000', team: 'maternity', may: ['clinician'] },
  { organisation: 'RXO', role: 'R8001', team: 'ward', may: ['reviewer'] },
  { organisation: 'RXH', role: 'R8008', team: '*', may: ['operator'] },
];

let household: Household;
let issuer: TestIssuer;
let skein: Skein;

beforeAll(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    ward: ['neonatal', 'RXO', 'hl7v2-adt'],
  });
  const message = adt(TAMSIN, { visit: 'V-1', id: 'A-1' });
  await household.skein.intake('maternity', 'application/hl7-v2', message);
  const whom = chart('perinatal', UNNUMBERED);
  const care = episodeOf(whom, 'perinatal', { id: 'E-1', start: ago(30) });
  await household.skein.transaction(transactionOf([whom, care], `${ago(5)}T09:00:00Z`), 'perinatal');
  await household.settle();
  issuer = await startIssuer(OPERATOR, ROLES);
  const port = await freePort();
  const here = { PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` };
  skein = await startSkein(household.database, { AUTH: 'token', ROLES: 'api', ...issuer.settings, ...here });
});
afterAll(async () => {
  await skein?.stop();
  await issuer?.stop();
  await household?.stop();
});

const at = (path: string) => `${skein.url}${path}`;
const later = (interval: string) =>
  household.database.pool.query('update session set proved_at = proved_at - $1::interval', [interval]);
const itemIn = ({ body }: Shown): string => /href="(\/pages\/worklist\/[0-9a-f-]{36})"/.exec(body)?.[1] ?? '';

async function signIn(who: Who): Promise<Visitor> {
  issuer.saying = { who, claims: {}, provedBefore: 1, signer: issuer.pair };
  const visitor = new Visitor();
  await visitor.visit(at('/pages/sign-in/start'));
  return visitor;
}

/** What decided is taken back, whatever a test before did. */
async function open(): Promise<{ visitor: Visitor; path: string; csrf: string }> {
  const visitor = await signIn(OPERATOR);
  const shown = await visitor.ask(at('/pages/worklist'));
  const onHold = await visitor.ask(at('/pages/worklist?status=on-hold'));
  return { visitor, path: itemIn(shown) || itemIn(onHold), csrf: hidden(shown.body, 'csrf') };
}

let path = '';
beforeEach(async () => {
  const opened = await open();
  path = opened.path || path;
  const word = { csrf: opened.csrf, act: 'undo', reason: 'as it was' };
  if ((await opened.visitor.ask(at('/pages/worklist'))).body.includes(path)) return;
  await opened.visitor.ask(at(path), word);
});

test('a reviewer sees the own patient, levels of the other side, none of its values, and decides nothing', async () => {
  const visitor = await signIn(REVIEWER);
  const list = await visitor.ask(at('/pages/worklist'));
  expect(list.body).toContain('Tamsin Penrose');
  const { body } = await visitor.ask(at(itemIn(list)));
  expect(body).toContain('Is this the same person?');
  expect(body).toMatch(/Birth date[\s\S]*2 March 1994[\s\S]*Same/);
  expect(body).toContain('Why it was not joined automatically');
  for (const other of ['P-77', 'perinatal', 'Your decision', 'From:', 'Reason:'])
    expect(body).not.toContain(other);
  const word = { csrf: hidden(body, 'csrf'), act: 'accept', reason: 'seen' };
  expect((await visitor.ask(at(itemIn(list)), word)).status).toBe(403);
  expect((await visitor.ask(at('/pages/worklist'))).body).toContain('Tamsin Penrose');
});

test('whoever has no part in it, or is no reviewer, finds nothing there', async () => {
  const elsewhere = await signIn({ ...REVIEWER, organisation: 'RXO' });
  expect((await elsewhere.ask(at('/pages/worklist'))).body).toContain('Nothing waits here');
  expect((await elsewhere.ask(at(path))).status).toBe(404);
  const clinician = await signIn({ ...REVIEWER, role: 'R8000' });
  for (const one of ['/pages/worklist', path]) expect((await clinician.ask(at(one))).status).toBe(404);
});

test('whoever runs Skein sees both, and what would follow in counts', async () => {
  const { visitor } = await open();
  const { body } = await visitor.ask(at(path));
  expect(body).toContain('The other record');
  expect(body).toContain('2 people before, 1 person after');
  expect(body).toContain('From: maternity');
});

test('accepted, it is one person, by the name of who is signed in; pressed twice it is done once; and undone it is two', async () => {
  const { visitor, csrf } = await open();
  const persons = async () => (await household.find('Patient', '&active=true&family=Penrose')).length;
  const decisions = async () =>
    (
      await household.database.pool.query(
        "select human ->> 'subject' as who, name, interaction from audit where kind = 'decision' order by id",
      )
    ).rows;
  expect(await persons()).toBe(2);
  const before = (await decisions()).length;
  const word = { csrf, act: 'accept', reason: 'both services say so' };
  const [one, two] = await Promise.all([visitor.ask(at(path), word), visitor.ask(at(path), word)]);
  const third = await visitor.ask(at(path), word);
  for (const { status } of [one, two, third]) expect(status).toBe(303);
  expect(await persons()).toBe(1);
  expect((await decisions()).slice(before)).toEqual([
    { who: 'uuid-2', name: 'Denzel Sample', interaction: 'link' },
  ]);
  expect((await visitor.visit(at(path))).body).toContain('This was decided');
  expect((await visitor.ask(at(path), { csrf, act: 'undo', reason: 'a mistake' })).status).toBe(303);
  expect(await persons()).toBe(2);
});

test('to take apart what was joined asks for proof in the last five minutes, and comes back to the item', async () => {
  const { visitor, csrf } = await open();
  await visitor.ask(at(path), { csrf, act: 'accept', reason: 'both services say so' });
  await later('4 minutes');
  expect((await visitor.ask(at(path))).body).toContain('name="act" value="undo"');
  await later('2 minutes');
  const shown = await visitor.ask(at(path));
  expect(shown.body).not.toContain('name="act" value="undo"');
  const refused = await visitor.ask(at(path), { csrf, act: 'undo', reason: 'a mistake' });
  expect(refused.headers.get('location')).toBe(`/pages/sign-in/start?again=1&to=${encodeURIComponent(path)}`);
  expect((await visitor.ask(at(path))).body).toContain('This was decided');
  // An issuer that knew them from before gives no fresh proof.
  issuer.saying.provedBefore = 3_600;
  const stale = await visitor.visit(at(refused.headers.get('location') ?? ''));
  expect(stale.status).toBe(403);
  issuer.saying.provedBefore = 1;
  const again = await visitor.visit(at(refused.headers.get('location') ?? ''));
  expect(again.url).toBe(at(path));
  expect(issuer.asked.at(-1)?.get('prompt')).toBe('login');
  const fresh = { csrf: hidden(again.body, 'csrf'), act: 'undo', reason: 'a mistake' };
  expect((await visitor.ask(at(path), fresh)).status).toBe(303);
  expect((await visitor.ask(at('/pages/worklist'))).body).toContain(path);
});

test('put off, it is on the other list until its day, or until it is not', async () => {
  const { visitor, csrf } = await open();
  await visitor.ask(at(path), { csrf, act: 'defer', reason: 'asked by letter', weeks: '4' });
  expect((await visitor.ask(at('/pages/worklist'))).body).not.toContain(path);
  expect((await visitor.ask(at('/pages/worklist?status=on-hold'))).body).toContain(path);
  const item = await visitor.ask(at(path));
  expect(item.body).toContain('put off until');
  await visitor.ask(at(path), { csrf, act: 'undo', reason: 'they answered' });
  expect((await visitor.ask(at('/pages/worklist'))).body).toContain(path);
});

test('a form with something missing is shown again with what was typed, and nothing is done', async () => {
  const { visitor, csrf } = await open();
  const shown = await visitor.ask(at(path), { csrf, act: '', reason: SCRIPT });
  expect(shown.status).toBe(422);
  expect(shown.body).toContain('Choose what you decide');
  expect(shown.body).toContain('&lt;img src=x');
  expect(shown.body).not.toContain(SCRIPT);
  expect((await visitor.ask(at(path), { csrf, act: 'accept', reason: '' })).body).toContain(
    'Say how you know',
  );
  expect((await visitor.ask(at(path), { csrf: 'planted', act: 'accept', reason: 'x' })).status).toBe(403);
  expect((await visitor.ask(at('/pages/worklist'))).body).toContain(path);
});

test('what was seen is on record with who saw it, and no name is in an address or a title', async () => {
  const visitor = await signIn(REVIEWER);
  const { body } = await visitor.ask(at(path));
  const { rows } = await household.database.pool.query(
    "select human ->> 'subject' as who, cardinality(persons) as n from audit where interaction = 'pages/worklist/:id' order by id desc limit 1",
  );
  expect(rows).toEqual([{ who: 'uuid-1', n: 1 }]);
  expect(/<title>([^<]*)/.exec(body)?.[1]).toBe('Worklist item – Skein');
  for (const [, href = ''] of body.matchAll(/(?:href|action)="([^"]*)"/g))
    expect(href).not.toMatch(/Tamsin|Penrose|\d{10}/);
});

describe.skipIf(isLeftOut)(`in ${BROWSER ?? 'a browser'}`, () => {
  test('at every width nothing breaks a rule of WCAG 2.2 AA, and a decision needs no script', async () => {
    const browser = await openBrowser();
    const trial = household.skein.url;
    const page = await browser.busy.newPage();
    const as = `as=${household.serviceOf('maternity')}`;
    for (const width of [320, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      for (const [name, one] of Object.entries({
        list: '/pages/worklist',
        item: path,
        own: `${path}?${as}`,
      })) {
        await page.goto(`${trial}${one}`);
        await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
        await page.evaluate(AXE);
        const how = JSON.stringify({ runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations'] });
        const { violations } = await page.evaluate<{
          violations: { id: string; nodes: { html: string }[] }[];
        }>(`axe.run(document, ${how})`);
        expect(violations.map(({ id, nodes }) => `${name} ${id} ${nodes[0]?.html}`)).toEqual([]);
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
          width,
        );
        await page.screenshot({ path: `test-results/worklist-${name}-${width}.png`, fullPage: true });
      }
    }
    const still = await browser.still.newPage();
    await still.goto(`${trial}${path}`);
    await still.getByRole('button', { name: 'Save' }).click();
    await still.getByRole('link', { name: 'Choose what you decide' }).click();
    await still.getByLabel('Different people').check();
    await still.getByLabel('How do you know?').fill('both were asked');
    await still.getByLabel('Your name').fill('A. Reviewer');
    await still.getByRole('button', { name: 'Save' }).click();
    expect(await still.getByRole('heading', { level: 1 }).textContent()).toBe('This was decided');
    await still.getByLabel('How do you know?').fill('it was another');
    await still.getByLabel('Your name').fill('A. Reviewer');
    await still.getByRole('button', { name: 'Take it back' }).click();
    expect(await still.getByRole('heading', { level: 1 }).textContent()).toContain(
      'Is this the same person?',
    );
    await browser.close();
  });
});
