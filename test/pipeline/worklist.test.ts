/** `skein worklist`: who may be one person and was not joined, until people decide or it comes together by itself. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { showWorklist } from '../../src/admin/worklist.ts';
import { decideSame, decideTwo, type Said } from '../../src/pipeline/decide.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';
import { adt } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const PLACE = { postcode: 'LS1 1AA' };
const PARTNER = { nhs: nhsNumber(106), given: 'Jago', family: 'Trewin', born: '1990-03-31', local: 'F1' };
const BABY = { nhs: nhsNumber(102), given: 'Kit', family: 'Trewin', born: ago(20), local: 'B1' };
const SAID: Said = { by: 'A. Reviewer', reason: 'seen', undo: false, dry: false };

let household: Household;
beforeEach(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    ward: ['neonatal', 'RXN', 'hl7v2-adt'],
    fathers: ['third-sector-partner', 'RXF', 'third-sector-csv'],
  });
});
afterEach(() => household.stop());

type Item = { question: string; ids: string[]; likely: string; systems: string[]; stops: boolean };
type List = { figures: { items: number; births: number; per: number | null }; items: Item[] };
const list = async () => (await showWorklist(testContext(household.database))).data as List;

async function admit(system: string, who: Parameters<typeof adt>[0], more: Parameters<typeof adt>[1] = {}) {
  const message = adt(
    { ...PLACE, ...who },
    { visit: `V-${who.local}`, id: `${system}-${who.local}`, ...more },
  );
  const { body } = await household.skein.intake(system, 'application/hl7-v2', message);
  expect(body.text).toContain('MSA|AA');
}
async function formOf({ given, family, born }: typeof PARTNER) {
  const row = `reference,first name,last name,dob,postcode,consent\nC-1,${given},${family},${born},${PLACE.postcode},yes\n`;
  const { body } = await household.skein.intake('fathers', 'text/csv', row);
  expect(body).toMatchObject({ status: 'accepted' });
}

test('a charity’s client without a number is asked about, and decided once', async () => {
  expect(await showWorklist(testContext(household.database))).toMatchObject({
    text: 'nothing is to be decided\n',
    data: { figures: { items: 0, per: null } },
  });
  await admit('maternity', PARTNER);
  await formOf(PARTNER);
  const { items } = await list();
  expect(items).toMatchObject([
    { question: 'same person?', systems: ['fathers', 'maternity'], stops: false },
  ]);
  const { text } = await showWorklist(testContext(household.database));
  expect(text).toMatch(/^same person\? [0-9a-f-]{36} [0-9a-f-]{36} \(/);
  expect(text).not.toContain('Jago');
  expect((await list()).figures).toMatchObject({ raised: 0.04, deferred: 0 });

  const pair = items[0]?.ids as [string, string];
  const context = testContext(household.database);
  await decideTwo(context, pair, SAID);
  expect((await list()).items).toEqual([]);
  await decideTwo(context, pair, { ...SAID, undo: true });
  expect((await list()).items).toHaveLength(1);
  await decideSame(context, pair, SAID);
  expect((await list()).items).toEqual([]);
});

test('nobody is asked about who has little in common, and a twin is never the other', async () => {
  await admit('maternity', PARTNER);
  await formOf({ ...PARTNER, given: 'Ross', born: '1971-05-09' });
  await admit('maternity', BABY);
  await admit('maternity', { ...BABY, nhs: nhsNumber(103), given: 'Kat', local: 'B2' });
  expect((await list()).items).toEqual([]);
});

test('who may be an infant that died comes first, and figures are told', async () => {
  await admit('maternity', PARTNER);
  await formOf(PARTNER);
  await admit('maternity', BABY);
  const { nhs: _, ...unnumbered } = BABY;
  await admit('ward', { ...unnumbered, local: 'N1' });
  const before = await list();
  expect(before.items.map(({ stops }) => stops)).toEqual([false, false]);
  const [msh, evn, pid = '', ...rest] = adt(
    { ...PLACE, ...BABY },
    { visit: 'V-B1', id: 'maternity-died', event: 'A08', at: '20261101090000' },
  ).split('\r');
  const fields = Object.assign(pid.split('|'), { 29: ago(2).replaceAll('-', ''), 30: 'Y' });
  const message = [msh, evn, Array.from(fields, (field) => field ?? '').join('|'), ...rest].join('\r');
  const { body } = await household.skein.intake('maternity', 'application/hl7-v2', message);
  expect(body.text).toContain('MSA|AA');
  const after = await list();
  expect(after.items.map(({ stops }) => stops)).toEqual([true, false]);
  expect(after.figures).toMatchObject({ items: 2, births: expect.any(Number) });
});
