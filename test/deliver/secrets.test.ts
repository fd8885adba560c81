/** What a subscriber does about its own webhook: another secret, a look at the attempts; and a test of it. */
import type { Parameters, Subscription } from '@medplum/fhirtypes';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { registerSubscriptions, SECRET_URL } from '../../src/deliver/subscribe/routes.ts';
import { sendTest } from '../../src/deliver/subscribe/test-event.ts';
import type { Node } from '../../src/formats/tree.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { validateResource } from '../../src/validate/validate-resource.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';
import { numbersOf, type Posted, statusIn, typeOf } from '../support/receiver.ts';
import { receiving } from './receiving.ts';
import {
  appendEvents,
  episodeEvent,
  eventually,
  loopbackContext,
  subscriptionRow,
  subscriptionTo,
} from './support.ts';

const database = await testDatabase();
const { pool } = database;
const ctx = loopbackContext(database, { PUBLIC_URL: 'https://skein.example' });
const app = buildApp(ctx, [registerSubscriptions]);
const stranger = await register(database, 'specialist-perinatal');
const at = receiving(ctx, database);

beforeEach(() => at.work());
afterAll(() => app.close());

async function ask<T>(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  { body, as }: { body?: object; as?: string } = {},
) {
  const headers = {
    ...(body ? { 'content-type': 'application/fhir+json' } : {}),
    ...(as ? { 'x-skein-system': as } : {}),
  };
  const payload = body ? { payload: JSON.stringify(body) } : {};
  const response = await app.inject({ method, url: `/fhir/Subscription${url}`, headers, ...payload });
  return { status: response.statusCode, body: response.json() as T };
}

const secretIn = ({ extension }: Subscription) =>
  extension?.find(({ url }) => url === SECRET_URL)?.valueString ?? '';

async function createActive(): Promise<{ id: string; secret: string }> {
  const { body } = await ask<Subscription>('POST', '', { body: subscriptionTo(`${at.receiver.url}/hook`) });
  const id = body.id as string;
  await eventually(
    () => subscriptionRow(pool, id),
    ({ status, lease_owner }) => status === 'active' && lease_owner === null,
  );
  return { id, secret: secretIn(body) };
}

/** The notification of the next event. */
async function tell(): Promise<Posted> {
  const before = at.receiver.posts.length;
  await appendEvents(pool, [episodeEvent()]);
  ctx.signals.emit('committed');
  const posts = await at.receiver.until((all) => all.length > before);
  return posts[before] as Posted;
}

function isSignedBy(secret: string, { body, headers }: Posted): boolean {
  try {
    new Webhook(secret).verify(body, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

test('a new secret is told once, and for a day notifications are signed by the former one, too', async () => {
  const { id, secret } = await createActive();
  const rotated = await ask<Subscription>('POST', `/${id}/$rotate-secret`);
  const fresh = secretIn(rotated.body);
  expect([rotated.status, fresh === secret, fresh.slice(0, 6)]).toEqual([200, false, 'whsec_']);
  expect(JSON.stringify((await ask('GET', `/${id}`)).body)).not.toContain('whsec_');
  const both = await tell();
  expect(String(both.headers['webhook-signature']).split(' ')).toHaveLength(2);
  expect([isSignedBy(secret, both), isSignedBy(fresh, both)]).toEqual([true, true]);
  await pool.query(`update subscription set former_until = former_until - interval '24 hours'`);
  const one = await tell();
  expect([isSignedBy(secret, one), isSignedBy(fresh, one)]).toEqual([false, true]);
});

test('a secret before the former one signs no more, and nobody else changes it', async () => {
  const { id, secret } = await createActive();
  const second = secretIn((await ask<Subscription>('POST', `/${id}/$rotate-secret`)).body);
  expect((await ask('POST', `/${id}/$rotate-secret`, { as: stranger.name })).status).toBe(404);
  const body = { resourceType: 'Parameters', parameter: [{ name: 'secret', valueString: 'whsec_AAAA' }] };
  expect((await ask('POST', `/${id}/$rotate-secret`, { body })).status).toBe(400);
  const third = secretIn((await ask<Subscription>('POST', `/${id}/$rotate-secret`)).body);
  const post = await tell();
  expect([secret, second, third].map((one) => isSignedBy(one, post))).toEqual([false, true, true]);
});

type Value = string | number | undefined;
const valuesOf = ({ parameter = [] }: Parameters): Record<string, Value> =>
  Object.fromEntries(
    parameter
      .filter(({ name }) => name !== 'attempt')
      .map(({ name, valueString, valueCode, valueInteger, valueInstant }) => [
        name,
        valueString ?? valueCode ?? valueInteger ?? valueInstant,
      ]),
  );
const attemptsIn = ({ parameter = [] }: Parameters) =>
  parameter
    .filter(({ name }) => name === 'attempt')
    .map(({ part = [] }) => valuesOf({ resourceType: 'Parameters', parameter: part }));

test('a subscriber sees its attempts, the last error and the next try, and nobody else does', async () => {
  const { id } = await createActive();
  at.receiver.respond = () => 503;
  await tell();
  await pool.query(`update subscription set next_attempt_at = now() + interval '1 hour' where id = $1`, [id]);
  const { body } = await eventually(
    () => ask<Parameters>('GET', `/${id}/$attempts`),
    ({ body }) => (valuesOf(body)['failures-in-a-row'] ?? 0) !== 0,
  );
  expect(valuesOf(body)).toMatchObject({
    ...{ status: 'active', 'last-error': 'http-503', 'last-number': 1, 'delivered-number': 0 },
    'next-try': expect.stringMatching(/^\d{4}-/),
  });
  const [last, first] = [attemptsIn(body)[0], attemptsIn(body).at(-1)];
  expect(last).toMatchObject({
    kind: 'event-notification',
    'first-number': 1,
    outcome: 'http-503',
    'http-status': 503,
  });
  expect(first).toMatchObject({ kind: 'handshake', outcome: 'ok', 'http-status': 200 });
  expect(attemptsIn((await ask<Parameters>('GET', `/${id}/$attempts?_count=1`)).body)).toHaveLength(1);
  expect(validateResource(body as unknown as Node, ownProfiles()).faults).toEqual([]);
  expect((await ask('GET', `/${id}/$attempts`, { as: stranger.name })).status).toBe(404);
  expect((await ask('GET', `/${id}/$attempts?colour=red`)).status).toBe(400);
});

test('a test is signed, says that it is one, and is outside of the numbers', async () => {
  const { id, secret } = await createActive();
  await tell();
  await eventually(
    () => subscriptionRow(pool, id),
    ({ delivered_number }) => delivered_number === '1',
  );
  const before = at.receiver.posts.length;
  expect(await sendTest(ctx, id)).toMatchObject({ ok: true, status: 200 });
  const post = at.receiver.posts[before] as Posted;
  expect([typeOf(post), numbersOf([post]), isSignedBy(secret, post)]).toEqual([
    'event-notification',
    [0],
    true,
  ]);
  const event = statusIn(post.bundle).parameter?.find(({ name }) => name === 'notification-event');
  expect(event?.extension).toEqual([
    { url: 'https://skein.example/fhir/StructureDefinition/test-event', valueBoolean: true },
  ]);
  expect(validateResource(post.bundle as unknown as Node, ownProfiles()).faults).toEqual([]);
  expect(numbersOf([await tell()])).toEqual([2]);
  const { body } = await ask<Parameters>('GET', `/${id}/$attempts`);
  expect(attemptsIn(body)).toContainEqual(expect.objectContaining({ kind: 'test', outcome: 'ok' }));
});

test('a test that is not answered well changes nothing, and one of what is off or gone is not sent', async () => {
  const { id } = await createActive();
  at.receiver.respond = () => 410;
  expect(await sendTest(ctx, id)).toMatchObject({ ok: false, status: 410, outcome: 'http-410' });
  expect(await subscriptionRow(pool, id)).toMatchObject({ status: 'active', attempts: 0, lease_owner: null });
  await pool.query(`update subscription set status = 'off' where id = $1`, [id]);
  await expect(sendTest(ctx, id)).rejects.toMatchObject({ status: 422 });
  await pool.query('update subscription set deleted_at = now() where id = $1', [id]);
  for (const none of [id, 'nonsense'])
    await expect(sendTest(ctx, none)).rejects.toMatchObject({ status: 404 });
  expect(at.receiver.posts.filter((post) => typeOf(post) === 'event-notification')).toHaveLength(1);
});
