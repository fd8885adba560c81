/** A change is told where its recipient sees a difference, and not where only tags and versions differ. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newFamily, openRegion, type Region } from '../support/region.ts';
import { ago } from '../support/roll.ts';
import { chart, episodeOf } from '../support/transactions.ts';

let region: Region;
beforeAll(async () => {
  region = await openRegion();
}, 120_000);
afterAll(() => region.stop());

const CHANGED = ['episode-changed', 'encounter'];
const changesIn = (heard: Record<string, string[]>) =>
  Object.fromEntries(
    Object.entries(heard).flatMap(([name, codes]) => {
      const own = codes.filter((code) => CHANGED.includes(code));
      return own.length > 0 ? [[name, own]] : [];
    }),
  );

test('that care has found its journey is no change of that care', async () => {
  const { mother, baby, child } = newFamily();
  // Until the second birth is heard of, it is care after the first.
  await region.maternity({ ...child, born: ago(420) }, { mother });
  await region.care('perinatal', mother);
  await region.care('gp', mother);
  const [before] = await region.find('EpisodeOfCare', `&patient=${await region.idOf(mother)}`, 'perinatal');
  const heard = await region.hearing(() => region.maternity(baby, { mother }));
  const [after] = await region.find('EpisodeOfCare', `&patient=${await region.idOf(mother)}`, 'perinatal');
  expect(before?.id).toBe(after?.id);
  expect(before?.meta).not.toEqual(after?.meta);
  expect(heard.perinatal).toContain('member-linked');
  expect(changesIn(heard)).toEqual({});
});

test('who is told only that there is care hears nothing of what changed in it beyond that', async () => {
  const { mother, baby } = newFamily();
  await region.maternity(baby, { mother });
  await region.care('camhs', baby);
  await region.care('perinatal', mother);
  const said = (rest: object) => {
    const whom = chart('perinatal', mother);
    const spell = episodeOf(whom, 'perinatal', { id: `E-perinatal-${mother.local}`, start: ago(50) });
    Object.assign(spell.resource, rest);
    return region.send('perinatal', [whom, spell], ago(5));
  };
  const type = [{ coding: [{ system: 'https://perinatal.example/types', code: 'home-treatment' }] }];
  expect(changesIn(await region.hearing(() => said({ type })))).toEqual({ perinatal: ['episode-changed'] });
  const held = await region.hearing(() => said({ type, status: 'onhold' }));
  expect(changesIn(held)).toEqual({
    camhs: ['episode-changed'],
    maternity: ['episode-changed'],
    perinatal: ['episode-changed'],
  });
});
