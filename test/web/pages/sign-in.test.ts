/** Signing in and out in a real browser without JavaScript, at the issuer that the demo brings. */
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoIssuer, startIssuer } from '../../../src/demo/issuer.ts';
import type { Person } from '../../../src/demo/people.ts';
import { BROWSER, type Browsing, isLeftOut, openBrowser } from '../../support/browser.ts';
import { freePort } from '../../support/free-port.ts';
import type { Skein } from '../../support/household.ts';
import { startSkein } from '../../support/skein.ts';
import { type Told, tellFamily } from './family.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
type Checked = { violations: { id: string; nodes: { html: string }[] }[] };

const someone = (id: string, name: string, organisation: string, role: string): Person => ({
  ...{ id, name, organisation, role, what: 'of the test' },
});
const PEOPLE = [
  someone('p-1', 'Merryn Sample', 'RXP', 'R8000'),
  someone('p-2', 'Bartholomew-Maximilian Featherstonehaugh-Cholmondeley the Younger', 'RXP', 'R8001'),
  someone('p-3', 'Denzel Sample', 'RXH', 'R8008'),
  someone('p-4', 'Nobody Sample', 'RXZ', 'R8000'),
];
const ROLES = [
  { organisation: 'RXP', role: 'R8000', team: 'northlight', may: ['clinician'] },
  { organisation: 'RXP', role: 'R8001', team: '*', may: ['clinician', 'reviewer'] },
  { organisation: 'RXH', role: 'R8008', team: '*', may: ['operator'] },
];

describe.skipIf(isLeftOut)(`in ${BROWSER ?? 'a browser'}`, () => {
  let told: Told;
  let issuer: DemoIssuer;
  let skein: Skein;
  let browser: Browsing;
  let still: Page;
  const asked = new Set<string>();

  beforeAll(async () => {
    [told, browser] = await Promise.all([tellFamily(), openBrowser()]);
    const base = `http://127.0.0.1:${await freePort()}`;
    issuer = (await startIssuer(await freePort(), base, PEOPLE)) as DemoIssuer;
    const folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
    const [key, roles] = [join(folder, 'key.pem'), join(folder, 'roles.yaml')];
    await writeFile(key, issuer.key.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(roles, JSON.stringify({ roles: ROLES }));
    skein = await startSkein(told.database, {
      ...{ ROLES: 'api', AUTH: 'token', PORT: new URL(base).port, PUBLIC_URL: base },
      ...{ HUMAN_ISSUER: issuer.url, HUMAN_AUDIENCE: 'test', HUMAN_JWKS: `${issuer.url}/jwks` },
      ...{ HUMAN_ROLES: roles, SIGN_IN_CLIENT_ID: issuer.clientId, SIGN_IN_KEY_FILE: key },
      SIGN_IN_KEY_ID: issuer.keyId,
    });
    still = await browser.still.newPage();
    still.on('request', (request) => asked.add(new URL(request.url()).origin));
  });
  afterAll(async () => {
    await browser?.close();
    await skein?.stop();
    await issuer?.close();
    await told?.stop();
  });

  const at = (path: string) => `${skein.url}${path}`;
  const heading = () => still.getByRole('heading', { level: 1 }).textContent();

  async function signIn(page: Page, path: string, name: string): Promise<void> {
    await page.goto(at(path));
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.getByRole('button', { name }).click();
  }

  test('one press at the issuer, and the page that was asked for is there; signed out, back shows nothing', async () => {
    const path = `/pages/journey/${told.journey}`;
    await signIn(still, path, 'Merryn Sample');
    expect(still.url()).toBe(at(path));
    expect(await heading()).toContain('Tamsin and Kit Penrose');
    expect(await still.getByRole('region', { name: 'Signed in' }).textContent()).toContain('northlight');
    await still.getByRole('button', { name: 'Sign out' }).click();
    await still.getByRole('button', { name: 'Sign out here, too' }).click();
    await still.waitForURL(at('/pages/signed-out'));
    expect(await heading()).toBe('You are signed out');
    for (let back = 0; back < 4; back++) {
      await still.goBack();
      expect(await still.content()).not.toContain('Penrose');
    }
    await still.goto(at(path));
    expect(await heading()).toBe('Sign in to Skein');
    // The issuer has forgotten them, too.
    await still.getByRole('link', { name: 'Sign in' }).click();
    expect(await heading()).toBe('Who are you today?');
  });

  test('a search works signed in, and what was typed is in no address', async () => {
    await signIn(still, '/pages/families', 'Merryn Sample');
    await still.getByText('Search for a family').click();
    await still.getByLabel('Name').fill('Tamsin');
    await still.getByRole('button', { name: 'Search' }).click();
    expect(still.url()).toContain('/pages/families?person=');
    expect(await still.getByRole('link', { name: 'Tamsin and Kit Penrose' }).count()).toBe(1);
    await still.context().clearCookies();
  });

  test('with two teams one is chosen, and changed', async () => {
    await signIn(still, '/pages/families', 'Bartholomew-Maximilian');
    expect(await heading()).toBe('What do you act as now?');
    await still.getByRole('button', { name: 'northlight' }).click();
    expect(still.url()).toBe(at('/pages/families'));
    await still.getByRole('link', { name: 'Change what you act as' }).click();
    await still.getByRole('button', { name: 'littlebay' }).click();
    expect(await heading()).toBe('littlebay');
    await still.context().clearCookies();
  });

  describe.each([320, 768, 1280])('%i px wide', (width) => {
    test('no page of signing in breaks a rule of WCAG 2.2 AA, or scrolls sideways', async () => {
      const page = await browser.busy.newPage();
      await page.setViewportSize({ width, height: 800 });
      const check = async () => {
        await page.evaluate(AXE);
        const how = JSON.stringify({ runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations'] });
        const { violations } = await page.evaluate<Checked>(`axe.run(document, ${how})`);
        expect(violations.map(({ id, nodes }) => `${page.url()} ${id} ${nodes[0]?.html}`)).toEqual([]);
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect(wide, page.url()).toBeLessThanOrEqual(width);
        expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
      };
      for (const path of ['/pages', '/pages/sign-in/done?code=1&state=1', '/pages/signed-out']) {
        await page.goto(at(path));
        await check();
      }
      await page.goto(at('/pages/sign-in/start'));
      await check();
      await page.getByRole('button', { name: 'Nobody Sample' }).click();
      await check();
      await page.context().clearCookies();
      await signIn(page, '/pages', 'Denzel Sample');
      await check();
      await page.context().clearCookies();
      await signIn(page, '/pages', 'Bartholomew-Maximilian');
      await check();
      await page.getByRole('button', { name: 'northlight' }).click();
      for (const path of ['/pages', '/pages/families', `/pages/journey/${told.journey}`, '/pages/nothing']) {
        await page.goto(at(path));
        await check();
        await page.screenshot({
          path: `test-results/signed-in-${width}${path.replace(/\W+|[0-9a-f-]{36}/g, '-')}.png`,
        });
      }
      await page.context().clearCookies();
      await page.close();
    });
  });

  test('nothing is asked of any host but ours and the issuer', () => {
    expect(asked).toEqual(new Set([skein.url, issuer.url]));
  });
});
