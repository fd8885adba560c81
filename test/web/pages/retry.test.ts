/** A held message tried again from its page: looked at first, and taken once its cause is mended. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSystem, changeSystem } from '../../../src/access/register/systems.ts';
import { gather, type Household } from '../../support/household.ts';
import { adt } from '../../support/messages.ts';
import { nhsNumber } from '../../support/records.ts';
import { Visitor } from '../../support/visitor.ts';
import { wordsOf } from './family.ts';

let family: Household;
beforeAll(async () => {
  family = await gather({ midwives: ['maternity', 'RXM', 'hl7v2-adt'] });
  const late = { name: 'late', ods: 'RXL', team: 'late', sector: 'maternity', kind: null };
  await addSystem(family.database.pool, family.database.key, { ...late, source: 'hl7v2-ref' });
});
afterAll(() => family.stop());

test('it says what would come of it, keeps nothing of that, and is accepted once it can be read', async () => {
  const visitor = new Visitor();
  const at = (path: string) => `${family.skein.url}${path}`;
  const whom = { nhs: nhsNumber(981), given: 'Senara', family: 'Trewin', born: '1996-06-06', local: 'L1' };
  const sent = await family.skein.intake('late', 'application/hl7-v2', adt(whom, { visit: 'V', id: 'L-1' }));
  expect(JSON.stringify(sent.body)).not.toContain('MSA|AA');
  const { body } = await visitor.ask(at('/pages/messages?state=held'));
  const path = /href="(\/pages\/messages\/[^"]*)"/.exec(body)?.[1] ?? '';
  const press = async (act: string) => wordsOf((await visitor.ask(at(path), { act })).body);
  expect(await press('look')).toContain('0 of 1 part would be accepted now');
  expect(await press('retry')).toContain('0 of 1 part accepted');
  await changeSystem(family.database.pool, 'late', { source: 'hl7v2-adt' });
  // Other processes know of it within five seconds.
  await expect.poll(() => press('look')).toContain('1 of 1 part would be accepted now');
  expect(await family.find('Patient')).toEqual([]);
  expect(await press('retry')).toContain('1 of 1 part accepted');
  expect(JSON.stringify(await family.find('Patient'))).toContain('Senara');
  expect(await press('retry')).toContain('It is not held any more');
  const service = await visitor.ask(`${at(path)}?as=${family.serviceOf('midwives')}`, { act: 'retry' });
  expect(service.status).toBe(404);
});
