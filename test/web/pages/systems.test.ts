/** Systems as pages: a new one from the form to its first message, and what is refused on the way. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adt } from '../../support/messages.ts';
import { nhsNumber } from '../../support/records.ts';
import { type Told, tellFamily, wordsOf } from './family.ts';

let told: Told;
beforeAll(async () => {
  told = await tellFamily();
});
afterAll(() => told.stop());

const FIELDS = {
  ...{ name: 'new-ward', ods: 'rxn', team: 'ward', service: 'Newhaven Neonatal', sector: 'neonatal' },
  ...{ kind: '', source: 'hl7v2-adt' },
};
async function send(fields: Record<string, string>, act: string) {
  const { statusCode, body } = await told.app.inject({
    method: 'POST',
    url: '/pages/systems/new',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ ...fields, act }).toString(),
  });
  return { status: statusCode, body, words: wordsOf(body.replace(/<select[\s\S]*?<\/select>/g, '')) };
}
const get = async (url: string) => {
  const { statusCode, body } = await told.app.inject(url);
  return { status: statusCode, body, words: wordsOf(body.replace(/<select[\s\S]*?<\/select>/g, '')) };
};

test('one is looked at before it is registered, then told what to type, and its list fills itself', async () => {
  const looked = await send(FIELDS, 'check');
  expect(looked.words).toMatch(/Is this right\?[\s\S]*Newhaven Neonatal, rxn\|ward Sector Neonatal/);
  expect((await get('/pages/systems')).words).not.toContain('new-ward');
  const added = await send(FIELDS, 'register');
  expect(added.words).toMatch(
    /it is registered[\s\S]*X-Skein-System: new-ward[\s\S]*POST http.*\/intake\/new-ward/,
  );
  expect(added.words).toContain('To do: A message came');
  const message = adt(
    { nhs: nhsNumber(971), given: 'Jenna', family: 'Pascoe', born: '2026-10-10', local: 'N1' },
    { visit: 'V-1', id: 'A-1' },
  );
  expect((await told.skein.intake('new-ward', 'application/hl7-v2', message)).status).toBe(200);
  const { body } = await get('/pages/systems');
  const path = /href="(\/pages\/systems\/\d+)">new-ward</.exec(body)?.[1] ?? '';
  const { words } = await get(path);
  expect(words).toMatch(/Done: A message came/);
  expect(words).toMatch(/Done: A message was accepted 1 message so far/);
  expect(words).toContain('To do: It subscribes');
  expect(words).not.toMatch(/Jenna|Pascoe/);
});

test('what cannot be is said at its field, and nothing is registered', async () => {
  const none = await send({ ...FIELDS, name: '' }, 'check');
  expect(none.status).toBe(422);
  expect(none.body).toContain('href="#name"');
  const police = await send({ ...FIELDS, name: 'beat', team: 'x', sector: 'police' }, 'register');
  expect(police.status).toBe(422);
  expect(police.words).toContain('police is never registered');
  const taken = await send({ ...FIELDS, name: 'midwives', team: 'y' }, 'register');
  expect(taken.status).toBe(422);
  expect(taken.words).toContain('is registered');
  expect((await get('/pages/systems')).words).not.toContain('beat');
});

test('to a service, and for what is no id, it is not there', async () => {
  for (const path of ['/pages/systems', '/pages/systems/new', '/pages/systems/1'])
    expect((await get(`${path}?as=${told.serviceOf('midwives')}`)).status).toBe(404);
  for (const path of ['/pages/systems/0', '/pages/systems/x', '/pages/systems/99999999999'])
    expect((await get(path)).status).toBe(404);
});
