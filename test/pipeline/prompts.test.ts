/** Prompts as their owners meet them: read, told, answered, and gone again. */
import type { Task } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at, say } from '../support/telling.ts';
import { chart, episodeOf, referralOf, type Said, transactionOf } from '../support/transactions.ts';

const MOTHER = { nhs: nhsNumber(601), given: 'Nerys', family: 'Vaughan', born: '1993-04-05', local: 'N1' };
const OTHER = { nhs: nhsNumber(602), given: 'Carys', family: 'Bowen', born: '1990-07-01', local: 'N2' };
const SERVICES: Services = {
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
};

let household: Household;
beforeAll(async () => {
  household = await gather(SERVICES);
});
afterAll(async () => household.stop());

const pipeline = async () => ({
  ...testContext(household.database),
  mappings: await loadMappings(),
  profiles: ownProfiles(),
});
const send = (system: string, what: Said[], day: string) =>
  say(household, (skein) => skein.transaction(transactionOf(what, at(day)), system));
async function refer(who: typeof MOTHER, id: string, day: string): Promise<void> {
  const whom = chart('visiting', who);
  const to = { id, from: household.serviceOf('visiting'), to: household.serviceOf('perinatal') };
  await send('visiting', [whom, referralOf(whom, to, day)], day);
  await household.settle();
}
const tasks = async (system: string, code = 'referral-unanswered') =>
  (await household.find('Task', `&code=${code}`, system)) as unknown as Task[];
const read = (id: string, system?: string) => household.skein.get(`/fhir/Task/${id}`, system);
async function put(system: string, id: string, said: object, headers: Record<string, string> = {}) {
  const body = JSON.stringify({ resourceType: 'Task', id, intent: 'proposal', ...said });
  const all = { 'content-type': 'application/fhir+json', 'x-skein-system': system, ...headers };
  const reply = await household.skein.send('PUT', `/fhir/Task/${id}`, all, body);
  await household.settle();
  return reply;
}
const reason = (code: string) => ({
  statusReason: { coding: [{ system: 'https://skein.example/fhir/CodeSystem/prompt-reason', code }] },
});
const codesOf = (system: string) => household.told(system).filter((code) => code.startsWith('prompt'));

test('a referral past its limit is a prompt of its referrer and one of its receiver, each told once', async () => {
  await refer(OTHER, 'R-young', ago(5));
  expect(await tasks('visiting')).toEqual([]);
  await refer(MOTHER, 'R-old', ago(40));
  for (const system of ['visiting', 'perinatal']) {
    const [task, ...more] = await tasks(system);
    expect(more).toEqual([]);
    expect(task).toMatchObject({
      ...{ status: 'requested', intent: 'proposal' },
      owner: { reference: `Organization/${household.serviceOf(system)}` },
      focus: { reference: expect.stringMatching(/^ServiceRequest\//) },
      for: { reference: expect.stringMatching(/^Patient\//) },
    });
    expect(codesOf(system)).toEqual(['prompt-raised']);
  }
  expect(await tasks('camhs')).toEqual([]);
});

test('nobody but its owner reads or answers it', async () => {
  const [task] = await tasks('perinatal');
  const id = task?.id ?? '';
  const unknown = '00000000-0000-4000-8000-000000000001';
  for (const system of ['visiting', 'camhs']) {
    const seen = [await read(id, system), await read(unknown, system)];
    expect(seen.map(({ status }) => status)).toEqual([404, 404]);
    const said = { status: 'completed', ...reason('done') };
    const answers = [await put(system, id, said), await put(system, unknown, said)];
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [404, answers[1]?.body],
      [404, answers[0]?.body],
    ]);
  }
  expect((await read(id, 'perinatal')).body).toMatchObject({ status: 'requested' });
});

test('an answer needs a status that ends it and a reason of the list, and of what is known now', async () => {
  const [task] = await tasks('perinatal');
  const id = task?.id ?? '';
  const refused = await Promise.all([
    put('perinatal', id, { status: 'completed' }),
    put('perinatal', id, { status: 'in-progress', ...reason('done') }),
    put('perinatal', id, { status: 'completed', ...reason('because') }),
  ]);
  expect(refused.map(({ status }) => status)).toEqual([422, 422, 422]);
  const stale = await put(
    'perinatal',
    id,
    { status: 'completed', ...reason('done') },
    { 'if-match': 'W/"9-0"' },
  );
  expect(stale.status).toBe(412);
  // What else is a Task is not answered here.
  const [loop] = (await household.find('Task', '&code=fulfill', 'perinatal')) as unknown as Task[];
  expect((await put('perinatal', loop?.id ?? '', { status: 'completed', ...reason('done') })).status).toBe(
    422,
  );
});

test('its owner ends it with a reason: it is told, kept, does not come back, and stands in a rebuild', async () => {
  const [task] = await tasks('perinatal');
  const id = task?.id ?? '';
  const etag = String((await read(id, 'perinatal')).headers.get('etag'));
  const done = { status: 'cancelled', ...reason('in-hand') };
  const reply = await put('perinatal', id, done, { 'if-match': etag });
  expect([reply.status, reply.body.status]).toEqual([200, 'cancelled']);
  expect(reply.headers.get('etag')).not.toBe(etag);
  expect(
    (await put('perinatal', id, { status: 'completed', ...reason('done') }, { 'if-match': etag })).status,
  ).toBe(412);
  expect((await tasks('perinatal')).map(({ status }) => status)).toEqual(['cancelled']);
  expect(codesOf('perinatal')).toEqual(['prompt-raised', 'prompt-cleared']);
  // The referrer's own stands, and is told of nothing.
  expect((await tasks('visiting')).map(({ status }) => status)).toEqual(['requested']);
  expect(codesOf('visiting')).toEqual(['prompt-raised']);
  await send('visiting', [chart('visiting', { ...MOTHER, family: 'Vaughan-Rees' })], ago(2));
  await household.settle();
  expect((await tasks('perinatal')).map(({ status }) => status)).toEqual(['cancelled']);
  expect(await rebuild(await pipeline())).toMatchObject({ statements: 0, changed: 0 });
});

test('it is gone where the referral is answered', async () => {
  const whom = chart('perinatal', MOTHER);
  await send(
    'perinatal',
    [whom, episodeOf(whom, 'perinatal', { id: 'E1', start: ago(1), referral: 'R-old' })],
    ago(1),
  );
  await household.settle();
  const left = await tasks('visiting');
  expect(left.filter(({ status }) => status === 'requested')).toEqual([]);
  expect(codesOf('visiting')).toEqual(['prompt-raised', 'prompt-cleared']);
  // Of what it ended itself nothing more is told.
  expect(codesOf('perinatal')).toEqual(['prompt-raised', 'prompt-cleared']);
});
