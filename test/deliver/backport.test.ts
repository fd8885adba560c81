/** What the Backport guide asks of notifications and of answers, by content level: docs/conformance/subscriptions.csv. */
import type { Bundle, Resource, Subscription } from '@medplum/fhirtypes';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { registerSubscriptions } from '../../src/deliver/subscribe/routes.ts';
import type { Node } from '../../src/formats/tree.ts';
import { registerRead } from '../../src/read/routes.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { validateResource } from '../../src/validate/validate-resource.ts';
import { testDatabase } from '../support/database.ts';
import { type Posted, statusIn, typeOf } from '../support/receiver.ts';
import { receiving } from './receiving.ts';
import {
  type Ask,
  appendEvents,
  episodeEvent,
  eventually,
  loopbackContext,
  storeFocuses,
  subscriptionRow,
  subscriptionTo,
} from './support.ts';

const database = await testDatabase();
const { pool } = database;
const ctx = loopbackContext(database, { PUBLIC_URL: 'https://skein.example' });
const app = buildApp(ctx, [registerRead, registerSubscriptions]);
const profiles = ownProfiles();
const at = receiving(ctx, database);

beforeEach(() => at.work());
afterAll(() => app.close());

async function ask<T extends Resource>(method: 'GET' | 'POST' | 'DELETE', url: string, body?: object) {
  const response = await app.inject({
    ...{ method, url: `/fhir/${url}` },
    ...(body ? { headers: { 'content-type': 'application/fhir+json' }, payload: JSON.stringify(body) } : {}),
  });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: (response.body ? response.json() : null) as T,
  };
}

/** One that is active, with one event told. */
async function told(wish: Ask): Promise<{ id: string; made: Subscription; posts: Posted[] }> {
  const body = subscriptionTo(`${at.receiver.url}/hook`, wish);
  const made = (await ask<Subscription>('POST', 'Subscription', body)).body;
  const id = made.id as string;
  await eventually(
    () => subscriptionRow(pool, id),
    ({ status }) => status === 'active',
  );
  const event = episodeEvent();
  await storeFocuses(pool, [event]);
  await appendEvents(pool, [event]);
  ctx.signals.emit('committed');
  const posts = await at.receiver.until((all) => all.some((post) => typeOf(post) === 'event-notification'));
  return { id, made, posts };
}

const eventOf = (posts: Posted[]): Bundle =>
  posts.find((post) => typeOf(post) === 'event-notification')?.bundle as Bundle;
const partsOf = (bundle: Bundle) =>
  statusIn(bundle).parameter?.find(({ name }) => name === 'notification-event')?.part ?? [];
const focusOf = (bundle: Bundle) =>
  partsOf(bundle).find(({ name }) => name === 'focus')?.valueReference?.reference;

const errorsIn = (resource: object) =>
  validateResource(resource as Node, profiles).faults.filter(
    // A focus is stored by the test, as roughly as nobody would send it.
    ({ severity, expression }) => severity === undefined && !/^Bundle.entry\[[1-9]/.test(expression),
  );

test.each(['empty', 'id-only', 'full-resource'])(
  'every notification and every answer is valid, its status first: %s',
  async (content) => {
    const { id, posts, made } = await told({ content, heartbeat: 60 });
    await pool.query('update subscription set heartbeat = 1, due_at = now()');
    await at.receiver.until((all) => all.some((post) => typeOf(post) === 'heartbeat'));
    const kinds = new Set(posts.map(typeOf));
    expect(kinds).toEqual(new Set(['handshake', 'event-notification', 'heartbeat']));
    for (const { bundle } of posts) {
      expect(errorsIn(bundle)).toEqual([]);
      expect([bundle.type, statusIn(bundle).resourceType]).toEqual(['history', 'Parameters']);
      for (const { fullUrl, request, response } of bundle.entry ?? [])
        expect([fullUrl, request?.method, response?.status]).toEqual([expect.any(String), 'GET', '200']);
      expect(bundle.entry?.[0]?.request?.url).toBe(`https://skein.example/fhir/Subscription/${id}/$status`);
      const names = statusIn(bundle).parameter?.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['subscription', 'status', 'type']));
      expect(names?.includes('topic')).toBe(content !== 'empty');
    }
    const urls = ['', '/$status', '/$events'].map((path) => `Subscription/${id}${path}`);
    const others = [
      'Subscription',
      'Subscription?status=off',
      'Subscription/$status',
      'Subscription/$status?status=off',
    ];
    for (const url of [...urls, ...others]) {
      const { status, body } = await ask('GET', url);
      expect([url, status, errorsIn(body)]).toEqual([url, 200, []]);
    }
    const snapshot = await ask('POST', `Subscription/${id}/$snapshot`);
    expect([snapshot.status, errorsIn(snapshot.body)]).toEqual([200, []]);
    expect(errorsIn(made)).toEqual([]);
  },
);

test('an empty notification has neither a reference nor a further entry', async () => {
  const { posts } = await told({ content: 'empty' });
  const bundle = eventOf(posts);
  expect(bundle.entry).toHaveLength(1);
  expect(partsOf(bundle).map(({ name }) => name)).toEqual(['event-number', 'timestamp']);
});

test('an id-only notification refers to its focus, and has no resource of it', async () => {
  const { posts } = await told({ content: 'id-only' });
  const bundle = eventOf(posts);
  expect(focusOf(bundle)).toMatch(/^https:\/\/skein\.example\/fhir\/EpisodeOfCare\/[0-9a-f-]{36}$/);
  expect((bundle.entry ?? []).slice(1).filter(({ resource }) => resource)).toEqual([]);
});

test('a full-resource notification refers to its focus and has it as an entry', async () => {
  const { posts } = await told({ content: 'full-resource' });
  const bundle = eventOf(posts);
  const [, entry] = bundle.entry ?? [];
  expect(entry?.fullUrl).toBe(focusOf(bundle));
  expect(entry?.resource?.resourceType).toBe('EpisodeOfCare');
});

test('the events since the start count events alone, and without a period no heartbeat is due', async () => {
  const { id, posts } = await told({ content: 'id-only' });
  const counts = posts.map(({ bundle }) => [
    statusIn(bundle).parameter?.find(({ name }) => name === 'type')?.valueCode,
    statusIn(bundle).parameter?.find(({ name }) => name === 'events-since-subscription-start')?.valueString,
  ]);
  expect(counts).toEqual([
    ['handshake', '0'],
    ['event-notification', '1'],
  ]);
  const row = await eventually(
    () => subscriptionRow(pool, id),
    ({ lease_owner }) => lease_owner === null,
  );
  expect([row.heartbeat, row.due_at]).toEqual([null, null]);
});

test('$status of one subscription ignores ids and statuses', async () => {
  const { id } = (await ask('POST', 'Subscription', subscriptionTo(`${at.receiver.url}/hook`))).body;
  const { body } = await ask<Bundle>('GET', `Subscription/${id}/$status?id=another&status=off`);
  expect(body.entry).toHaveLength(1);
});

test('where it was made is where it is read, until it is deleted: then it is gone, and found no more', async () => {
  const { headers, body } = await ask('POST', 'Subscription', subscriptionTo(`${at.receiver.url}/hook`));
  const path = String(headers.location).split('/fhir/')[1] as string;
  expect(path).toBe(`Subscription/${body.id}`);
  expect((await ask('GET', path)).status).toBe(200);
  expect((await ask('DELETE', path)).status).toBe(204);
  for (const url of [path, `${path}/$status`, `${path}/$events`])
    expect((await ask('GET', url)).status).toBe(410);
  expect((await ask('POST', `${path}/$snapshot`)).status).toBe(410);
  expect((await ask('DELETE', path)).status).toBe(204);
  for (const url of ['Subscription', 'Subscription/$status'])
    expect((await ask<Bundle>('GET', url)).body.entry).toBe(undefined);
});

test('the CapabilityStatement lists what works, and says what there is not', async () => {
  const { body } = await ask('GET', 'metadata');
  const statement = body as Extract<Resource, { resourceType: 'CapabilityStatement' }>;
  const own = statement.rest?.[0]?.resource?.find(({ type }) => type === 'Subscription');
  expect(own?.documentation).toContain('no websocket');
  expect(own?.searchRevInclude).toBe(undefined);
  expect(own?.searchInclude).toBe(undefined);
  const { id } = (await ask('POST', 'Subscription', subscriptionTo(`${at.receiver.url}/hook`))).body;
  for (const { name } of own?.searchParam ?? [])
    expect((await ask('GET', `Subscription?${name}=${id}`)).status).toBe(200);
  const known = own?.interaction?.map(({ code }) => code).sort();
  expect(known).toEqual(['create', 'delete', 'read', 'search-type', 'update']);
  expect(own?.operation?.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['status', 'events', 'snapshot']),
  );
});
