/** What keeps prompts from becoming noise: a ceiling for each owner, and a rule that nobody heeds switches itself off. */
import type { Task } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parsePromptRule } from '../../src/access/decide/prompt-rules.ts';
import { examineRules, listRules, switchRuleOn } from '../../src/admin/prompt.ts';
import { readMetrics } from '../../src/observe/scrape.ts';
import { judgeRules } from '../../src/pipeline/prompt-rules.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at, say } from '../support/telling.ts';
import { chart, referralOf, transactionOf } from '../support/transactions.ts';

const MANY = 21;
let household: Household;
beforeAll(async () => {
  household = await gather({
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  });
});
afterAll(async () => household.stop());

async function refer(n: number): Promise<void> {
  const who = {
    nhs: nhsNumber(700 + n),
    given: `Nia${n}`,
    family: `Pugh${n}`,
    born: '1992-02-02',
    local: `N${n}`,
  };
  const whom = chart('visiting', who);
  const to = { id: `R-${n}`, from: household.serviceOf('visiting'), to: household.serviceOf('perinatal') };
  const said = transactionOf([whom, referralOf(whom, to, ago(40))], at(ago(40)));
  await say(household, (skein) => skein.transaction(said, 'visiting'));
}
const tasks = async (system: string) =>
  (await household.find('Task', '&code=referral-unanswered&status=requested', system)) as unknown as Task[];
async function dismiss(system: string, id = ''): Promise<void> {
  const coding = [{ system: 'https://skein.example/fhir/CodeSystem/prompt-reason', code: 'not-needed' }];
  const body = { resourceType: 'Task', status: 'rejected', statusReason: { coding } };
  const headers = { 'content-type': 'application/fhir+json', 'x-skein-system': system };
  const { status } = await household.skein.send('PUT', `/fhir/Task/${id}`, headers, JSON.stringify(body));
  expect(status).toBe(200);
}
const context = () => testContext(household.database);
const metrics = () => readMetrics(household.database.pool);

test('of more than its ceiling an owner finds all and is told of no more in a day', async () => {
  for (let n = 0; n < MANY; n++) await refer(n);
  await household.settle();
  for (const system of ['visiting', 'perinatal']) {
    expect(await tasks(system)).toHaveLength(MANY);
    expect(household.told(system).filter((code) => code === 'prompt-raised')).toHaveLength(20);
  }
});

test('a rule stays on while half of its cases or fewer were dismissed', async () => {
  for (const { id } of await tasks('perinatal')) await dismiss('perinatal', id);
  await judgeRules(context());
  expect(await examineRules(household.database.pool)).toEqual([]);
  expect((await listRules(context())).text).toContain(
    'referral-unanswered: on, 42 raised, 0 completed, 21 dismissed',
  );
});

test('one more, and it switches itself off and says so; what it raised stays', async () => {
  const [one] = await tasks('visiting');
  await dismiss('visiting', one?.id);
  await judgeRules(context());
  expect(await examineRules(household.database.pool)).toEqual([
    expect.stringMatching(/^referral-unanswered switched itself off on .*: 22 of 42 were dismissed; /),
  ]);
  expect(await metrics()).toContain('skein_prompt_rules_off{rule="referral-unanswered"} 1');
  expect(await metrics()).toContain('skein_prompts{rule="referral-unanswered",outcome="dismissed"} 22');
  expect(await tasks('visiting')).toHaveLength(MANY - 1);
});

test('it is switched on by a person, and its cases are counted anew', async () => {
  await expect(switchRuleOn(context(), 'hand-over')).rejects.toThrow('no rule of prompts "hand-over" is off');
  await switchRuleOn(context(), 'referral-unanswered');
  await judgeRules(context());
  expect(await examineRules(household.database.pool)).toEqual([]);
  expect((await listRules(context())).text).toContain('referral-unanswered: on, 0 raised');
});

test('a rule that is wrong is named with its file and line', () => {
  const rule = 'code: hand-over\nmonths: [20, 30]\nsectors: [camhs-0-5]\nofMother: []\nunless: never\n';
  expect(() => parsePromptRule(rule, 'policy/prompts/x.yaml')).toThrow(
    /policy\/prompts\/x\.yaml:2: months\.1: .*\n.*x\.yaml:1: .*unless/,
  );
});
