/** What time alone raises and ends, found by the job that finds what falls due; and what other families show of a system. */
import type { Task } from '@medplum/fhirtypes';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { settleAllDue } from '../../src/pipeline/due.ts';
import { followObserving } from '../../src/pipeline/observing.ts';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';
import { ago, MATERNITY, say } from '../support/telling.ts';
import { contactFor } from '../support/transactions.ts';

const DAY = 86_400_000;
let household: Household;
beforeEach(async () => {
  household = await gather({
    ...MATERNITY,
    camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await household.stop();
});

const context = () => testContext(household.database);
/** The time is so many days from now, and what has fallen due is computed. */
async function in_(days: number): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * DAY });
  await settleAllDue(context());
  vi.useRealTimers();
  await household.settle();
}
const codes = async (system: string) => {
  const tasks = (await household.find('Task', '&status=requested', system)) as unknown as Task[];
  return tasks.flatMap(({ code, intent }) => (intent === 'proposal' ? (code?.coding?.[0]?.code ?? '') : []));
};

test('a hand-over is asked for at 20 months, again at 23, and no more when the journey closes, which is told', async () => {
  const [mother, baby] = [person(461, 'Loveday', 'Rowe', '1992-04-04'), person(462, 'Jago', 'Rowe', 600)];
  await say(household, ward(baby, { mother: mother.nhs }));
  await say(household, care('camhs', baby, { start: ago(300) }));
  await say(household, care('perinatal', mother, { start: ago(500) }));
  await household.settle();
  for (const system of ['camhs', 'perinatal']) expect(await codes(system)).toEqual([]);
  const heard = () => household.told('camhs').filter((code) => /prompt|stage/.test(code));
  const before = heard().length;
  await in_(20);
  for (const system of ['camhs', 'perinatal', 'maternity'])
    expect([system, await codes(system)]).toEqual([system, system === 'maternity' ? [] : ['hand-over']]);
  // Asked again on the same day: nothing is new.
  await in_(20);
  await in_(110);
  expect(await codes('camhs')).toEqual(['hand-over']);
  await in_(140);
  expect(await codes('camhs')).toEqual([]);
  expect(heard().slice(before).sort()).toEqual([
    ...['prompt-cleared', 'prompt-cleared', 'prompt-raised', 'prompt-raised', 'stage-changed'],
  ]);
});

test('a system that begins to record how infants are is asked of those of whom it has recorded nothing', async () => {
  const [mother, baby] = [person(463, 'Demelza', 'Hext', '1990-04-04'), person(464, 'Kitto', 'Hext', 90)];
  await say(household, ward(baby, { mother: mother.nhs }));
  await say(household, care('perinatal', mother, { start: ago(80) }));
  await household.settle();
  await followObserving(context());
  await settleAllDue(context());
  expect(await codes('perinatal')).toEqual([]);
  const [other, infant] = [
    person(465, 'Bryluen', 'Tonkin', '1991-04-04'),
    person(466, 'Cubert', 'Tonkin', 70),
  ];
  await say(household, ward(infant, { mother: other.nhs }));
  const more = (whom: Parameters<typeof contactFor>[0]) => [contactFor(whom, 'perinatal', ago(15), 'infant')];
  await say(household, care('perinatal', other, { start: ago(60), more }));
  await household.settle();
  await followObserving(context());
  await settleAllDue(context());
  await household.settle();
  const [task, ...others] = (await household.find(
    'Task',
    '&code=how-is-the-baby',
    'perinatal',
  )) as unknown as Task[];
  expect(others).toEqual([]);
  const [hers] = await household.find('Patient', `&birthdate=${mother.born}`);
  expect(task?.for).toEqual({ reference: `Patient/${hers?.id}` });
  expect(household.told('perinatal').filter((code) => code === 'prompt-raised')).toHaveLength(1);
});
