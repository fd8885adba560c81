/** What somebody new wants to know first, by pages alone: each answer is three clicks from home or nearer. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adt } from '../../support/messages.ts';
import { nhsNumber } from '../../support/records.ts';
import { Visitor } from '../../support/visitor.ts';
import { type Told, tellFamily, wordsOf } from './family.ts';

let told: Told;
beforeAll(async () => {
  told = await tellFamily();
  const unread = adt({ nhs: nhsNumber(991), given: 'Ann', family: 'Other', local: 'A9' }, { id: 'HELD-9' });
  await told.skein.intake('midwives', 'application/hl7-v2', unread.replace('ADT^A01', 'ADT^Z99'));
});
afterAll(() => told.stop());

/** A walk from home: each click is a link that the page has, or a form that it sends. */
async function walkFrom(home: string) {
  const visitor = new Visitor();
  let shown = await visitor.visit(`${told.skein.url}${home}`);
  let clicks = 0;
  const go = async (path: string | undefined, what: string) => {
    expect(path, what).toBeDefined();
    clicks++;
    shown = await visitor.visit(`${told.skein.url}${path?.replaceAll('&amp;', '&')}`);
    expect(shown.status).toBe(200);
  };
  return {
    click: (text: string) =>
      go(new RegExp(`href="([^"]*)"[^>]*>(?:<bdi>)?${text}`).exec(shown.body)?.[1], text),
    /** Chooses in the one form that has this field, and sends it. */
    choose: (field: string, value: string) => {
      const form = shown.body.split('<form').find((one) => one.includes(`name="${field}"`)) ?? '';
      expect(form).toContain(`value="${value}"`);
      const action = /action="([^"#]*)/.exec(form)?.[1];
      return go(action && `${action}?${field}=${value}`, field);
    },
    words: () => wordsOf(shown.body),
    clicks: () => clicks,
  };
}

test('who cares for this baby', async () => {
  const walk = await walkFrom(`/pages?as=${told.serviceOf('littlebay')}`);
  await walk.click('My families');
  await walk.click('Tamsin and Kit');
  expect(walk.words()).toMatch(/Who is involved now[\s\S]*littlebay \(you\) For Kit/);
  expect(walk.clicks()).toBeLessThanOrEqual(3);
});

test('why this message is held', async () => {
  const walk = await walkFrom('/pages');
  await walk.click('Held messages');
  await walk.click('HELD-9');
  expect(walk.words()).toMatch(/What is wrong with it[\s\S]*MSH-9/);
  expect(walk.clicks()).toBeLessThanOrEqual(3);
});

test('why a service was not told', async () => {
  const walk = await walkFrom('/pages');
  await walk.click('Messages');
  await walk.click('midwives-Kit');
  await walk.choose('why', 'faraway');
  expect(walk.words()).toMatch(/Why was a system told, or not\?[\s\S]*subscription [0-9a-f-]+: \w/);
  expect(walk.words()).not.toMatch(/Tamsin|Penrose|999\d{7}/);
  expect(walk.clicks()).toBeLessThanOrEqual(3);
});
