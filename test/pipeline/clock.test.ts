/** `skein clock`: a trial goes through the months of a family, and whoever is concerned is told on the way. */
import type { Task } from '@medplum/fhirtypes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { setClock, showClock } from '../../src/admin/clock.ts';
import { endTrial, followClock } from '../../src/store/clock.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';
import { ago, MATERNITY, say } from '../support/telling.ts';

let household: Household;
beforeEach(async () => {
  household = await gather({
    ...MATERNITY,
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    hub: ['family-hub', 'LA1', 'fhir-r4'],
  });
});
afterEach(async () => {
  await setClock(context(), null);
  await household.stop();
});

const context = () => testContext(household.database);
const inMonths = (months: number): string => {
  const date = new Date();
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.toISOString().slice(0, 10);
};
async function go(months: number) {
  const before = household.told('perinatal').length;
  const done = await setClock(context(), inMonths(months));
  await household.settle();
  return { ...done, told: household.told('perinatal').slice(before).sort() };
}
const prompts = async (system: string) =>
  ((await household.find('Task', '&status=requested', system)) as unknown as Task[]).flatMap(
    ({ code }) => code?.coding?.[0]?.code ?? '',
  );
const stageNow = async (system: string) => JSON.stringify(await household.find('Group', '', system));

test('a family goes from its birth to hand-over and past 24 months', async () => {
  const [mother, baby] = [person(471, 'Demelza', 'Rowe', '1992-04-04'), person(472, 'Kitto', 'Rowe', 20)];
  await say(household, ward(baby, { mother: mother.nhs }));
  await say(household, care('camhs', baby, { start: ago(10) }));
  await say(household, care('perinatal', mother, { start: ago(12) }));
  await say(household, care('hub', mother, { start: ago(12) }));
  await household.settle();
  expect(await stageNow('hub')).toContain('birth-12m');
  expect(await go(13)).toMatchObject({ data: { day: inMonths(13) }, told: ['stage-changed'] });
  expect(await stageNow('hub')).toContain('12-24m');
  expect((await go(20)).told).toContain('prompt-raised');
  expect(await prompts('camhs')).toContain('hand-over');
  expect((await go(25)).told).toEqual(expect.arrayContaining(['prompt-cleared', 'stage-changed']));
  expect(await prompts('camhs')).not.toContain('hand-over');
  expect((await showClock(context())).text).toContain(`${inMonths(25)}, set for a trial`);
});

test('it goes back only where that is asked for, and says what is known already', async () => {
  await say(household, ward(person(473, 'Tamsyn', 'Rowe', 20)));
  await go(13);
  await expect(setClock(context(), inMonths(2))).rejects.toThrow(/is before \d{4}-\d\d-\d\d; with --back/);
  expect((await setClock(context(), inMonths(2), true)).text).toContain(
    'nothing that was told is taken back',
  );
  await expect(setClock(context(), ago(3))).rejects.toThrow('1 messages were received after it');
  for (const day of ['2027-02-30', 'soon', '2027-3-1'])
    await expect(setClock(context(), day)).rejects.toThrow('is no day');
});

test('it is refused wherever real families may be, and ends where a trial does', async () => {
  const { config, ...ctx } = context();
  for (const AUTH of ['token', 'smart'] as const)
    await expect(setClock({ ...ctx, config: { ...config, AUTH } }, inMonths(2))).rejects.toThrow(
      `with AUTH=${AUTH}`,
    );
  const DATABASE_URL = 'postgres://db.example/skein';
  await expect(setClock({ ...ctx, config: { ...config, DATABASE_URL } }, inMonths(2))).rejects.toThrow(
    'on another machine',
  );
  await go(13);
  // A process that asks people who they are goes by the real day, whatever is in the store.
  expect(await followClock({ ...ctx, config: { ...config, AUTH: 'token' } })).toBeNull();
  expect(await endTrial(ctx.db)).toBe(inMonths(13));
  expect(await followClock({ ...ctx, config })).toBeNull();
});
