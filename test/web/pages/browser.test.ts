/** Pages in a real browser without JavaScript: nobody is kept out by how they see, read or move. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BROWSER, type Browsing, isLeftOut, openBrowser } from '../../support/browser.ts';
import { type Told, tellFamily } from './family.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const WIDTHS = [320, 768, 1280];

type Violation = { id: string; nodes: { html: string }[] };
type Checked = { violations: Violation[]; passes: unknown[] };

describe.skipIf(isLeftOut)(`in ${BROWSER ?? 'a browser'}`, () => {
  let told: Told;
  let browser: Browsing;
  let page: Page;
  let still: Page;
  let message = '';
  let delivery = '';
  let referral = '';
  let prompt = '';
  let mother = '';
  const asked: string[] = [];
  beforeAll(async () => {
    [told, browser] = await Promise.all([tellFamily(), openBrowser()]);
    await told.skein.intake(
      'midwives',
      'application/hl7-v2',
      'MSH|^~\\&|A|B|||20260101||ADT^A01|H-1|P|2.4\r',
    );
    const listed = (await told.app.inject({ method: 'GET', url: '/pages/messages?system=northlight' })).body;
    message = /href="(\/pages\/messages\/[^"]*)"/.exec(listed)?.[1] ?? '';
    const subscribed = (await told.app.inject({ method: 'GET', url: '/pages/deliveries' })).body;
    delivery = /href="(\/pages\/deliveries\/[^"]*)"/.exec(subscribed)?.[1] ?? '';
    const waits = (await told.app.inject({ method: 'GET', url: `/pages/referrals?${as('talkwell')}` })).body;
    referral = /href="(\/pages\/referrals\/[0-9a-f-]{36}[^"]*)"/.exec(waits)?.[1] ?? '';
    const [asks] = await told.find('Task', '&status=requested&code=partner-offer', 'northlight');
    prompt = `/pages/prompts/${asks?.id}?${as('northlight')}`;
    mother = (await told.find('Patient', '&given=Tamsin', 'northlight'))[0]?.id ?? '';
    page = await browser.busy.newPage();
    still = await browser.still.newPage();
    for (const one of [page, still]) one.on('request', (request) => asked.push(new URL(request.url()).host));
  });
  afterAll(async () => {
    await browser?.close();
    await told?.stop();
  });

  const at = (path: string) => `${told.skein.url}${path}`;
  const as = (name: string) => `as=${told.serviceOf(name)}`;
  const PAGES: Record<string, () => string> = {
    home: () => '/pages',
    families: () => `/pages/families?${as('northlight')}`,
    'no families': () => `/pages/families?${as('faraway')}`,
    'a journey': () => `/pages/journey/${told.journey}?${as('northlight')}`,
    'a journey that a service sees little of': () => `/pages/journey/${told.journey}?${as('littlebay')}`,
    'two services': () =>
      `/pages/journey/${told.journey}?${as('northlight')}&beside=${told.serviceOf('faraway')}`,
    referrals: () => `/pages/referrals?${as('northlight')}`,
    'referrals that were answered': () => `/pages/referrals?show=answered&${as('littlebay')}`,
    'a referral to answer': () => referral,
    'a prompt to answer': () => prompt,
    'a sheet to take home': () => `/pages/helping/${mother}?${as('northlight')}`,
    messages: () => '/pages/messages',
    'a message': () => message,
    'a message for its engineer': () => `${message}?show=text&${as('northlight')}`,
    deliveries: () => '/pages/deliveries',
    'a delivery': () => delivery,
    playground: () => '/pages/playground?mapping=hl7v2-adt',
    systems: () => '/pages/systems',
    'a system': () => '/pages/systems/1',
    'a new system': () => '/pages/systems/new',
    figures: () => '/pages/figures',
    sharing: () => '/pages/sharing',
    'who was told': () => `/pages/sharing/${mother}?service=${told.serviceOf('littlebay')}`,
    nothing: () => '/pages/nothing',
  };

  /** With all that can be opened open. */
  async function check(): Promise<string[]> {
    await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
    await page.evaluate(AXE);
    const how = JSON.stringify({ runOnly: { type: 'tag', values: RULES }, resultTypes: ['violations'] });
    const { violations, passes } = await page.evaluate<Checked>(`axe.run(document, ${how})`);
    expect(passes.length).toBeGreaterThan(8);
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
  }

  describe.each(WIDTHS)('%i px wide', (width) => {
    test.each(Object.keys(PAGES))('%s breaks no rule of WCAG 2.2 AA and scrolls down only', async (name) => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(at(PAGES[name]?.() ?? ''));
      expect(await check()).toEqual([]);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(wide).toBeLessThanOrEqual(width);
    });

    test('one of two pictures is shown', async () => {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(at(PAGES['a journey']?.() ?? ''));
      const shown = await Promise.all(
        ['wide', 'narrow'].map((kind) => page.locator(`.app-lanes--${kind}`).isVisible()),
      );
      expect(shown).toEqual(width > 640 ? [true, false] : [false, true]);
    });
  });

  test('a family is found without a script, and what is wrong in the form is said where it is', async () => {
    await still.goto(at(PAGES.families?.() ?? ''));
    await still.getByText('Search for a family').click();
    await still.getByLabel('NHS number').fill('12');
    await still.getByRole('button', { name: 'Search' }).click();
    expect(await still.getByRole('alert').textContent()).toContain('Enter an NHS number of 10 digits');
    await still.getByLabel('NHS number').fill('');
    await still.getByLabel('Name').fill('Tamsin');
    await still.getByRole('button', { name: 'Search' }).click();
    expect(still.url()).not.toContain('Tamsin');
    await still.getByRole('link', { name: 'Tamsin and Kit Penrose' }).click();
    expect(await still.getByRole('heading', { level: 1 }).textContent()).toContain('Tamsin and Kit Penrose');
    expect(await still.title()).toBe('Family journey – Skein');
  });

  test('a form with something wrong breaks no rule either', async () => {
    await page.goto(at(PAGES.families?.() ?? ''));
    await page.getByText('Search for a family').click();
    await page.getByRole('button', { name: 'Search' }).click();
    expect(await check()).toEqual([]);
  });

  test('what a mapping made of a message breaks no rule, and lights up with the field that it came from', async () => {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(at(PAGES.playground?.() ?? ''));
      await page.getByRole('button', { name: 'Try it' }).click();
      expect(await check()).toEqual([]);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
    const field = page.locator('li#l-2');
    await field.getByRole('link').click();
    const outlineOf = (lit: string) =>
      page.evaluate<string>(`getComputedStyle(document.querySelectorAll("${lit}")[1]).outlineStyle`);
    expect([await outlineOf('.l-2'), await outlineOf('.l-3')]).toEqual(['solid', 'none']);
  });

  test('on paper the table is there, and telephone, address, forms and reasons are not', async () => {
    await page.goto(at(PAGES['a journey']?.() ?? ''));
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByRole('columnheader', { name: 'Shown as' }).isVisible()).toBe(true);
    expect(await page.getByText('Why am I shown this?').first().isVisible()).toBe(false);
    expect(await page.getByText('See it as another service').isVisible()).toBe(false);
    expect(await page.locator('.app-lanes--wide').isVisible()).toBe(true);
    await page.emulateMedia({ media: null });
  });

  test('no page asks anything of another host', () => {
    expect(asked.length).toBeGreaterThan(50);
    expect(new Set(asked)).toEqual(new Set([new URL(told.skein.url).host]));
  });
});
