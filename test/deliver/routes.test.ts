import { existsSync, readFileSync } from 'node:fs';
import type { Bundle, OperationOutcome, Subscription } from '@medplum/fhirtypes';
import { Webhook } from 'standardwebhooks';
import { afterAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { tidy } from '../../src/deliver/send/worker.ts';
import { describeUnreachable } from '../../src/deliver/subscribe/endpoints.ts';
import { registerSubscriptions, SECRET_URL } from '../../src/deliver/subscribe/routes.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';
import { numbersOf, statusIn, typeOf } from '../support/receiver.ts';
import { receiving } from './receiving.ts';
import {
  type Ask,
  appendEvents,
  BACKPORT,
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
const app = buildApp(ctx, [registerSubscriptions]);
const perinatal = await register(database, 'specialist-perinatal');
const charity = await register(database, 'third-sector');
const at = receiving(ctx, database);

afterAll(() => app.close());

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
async function call<T>(
  method: Method,
  url: string,
  { as, body, headers = {} }: { as?: string; body?: object; headers?: Record<string, string> } = {},
) {
  const response = await app.inject({
    ...{ method, url: `/fhir/${url}`, ...(body ? { payload: JSON.stringify(body) } : {}) },
    headers: {
      host: 'localhost',
      ...(body ? { 'content-type': 'application/fhir+json' } : {}),
      ...(as ? { 'x-skein-system': as } : {}),
      ...headers,
    },
  });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: (response.body ? response.json() : null) as T,
  };
}
const create = (ask: Ask = {}, as?: string) =>
  call<Subscription>('POST', 'Subscription', {
    body: subscriptionTo(`${at.receiver.url}/hook`, ask),
    ...(as ? { as } : {}),
  });
const statusOf = async (id: string) => (await call<Subscription>('GET', `Subscription/${id}`)).body.status;
const countOf = (bundle: Bundle) =>
  statusIn(bundle).parameter?.find(({ name }) => name === 'events-since-subscription-start')?.valueString;

async function createActive(ask: Ask = {}): Promise<string> {
  const { body } = await create(ask);
  await eventually(
    () => statusOf(body.id as string),
    (status) => status === 'active',
  );
  return body.id as string;
}

async function tell(count: number): Promise<void> {
  await appendEvents(
    pool,
    Array.from({ length: count }, () => episodeEvent()),
  );
  ctx.signals.emit('committed');
}

test('what WEBHOOK_ALLOW allowed and does no longer is named, by system and id; what is off is not', async () => {
  const name = (await register(database, 'health-visiting')).name;
  const { body } = await create({}, name);
  expect(await describeUnreachable(pool, ['127.0.0.1'])).toEqual([]);
  expect(await describeUnreachable(pool, [])).toEqual([
    expect.stringMatching(new RegExp(`^WEBHOOK_ALLOW: .* to ${name} by Subscription/${body.id}: `)),
  ]);
  expect((await call('DELETE', `Subscription/${body.id}`, { as: name })).status).toBe(204);
  expect(await describeUnreachable(pool, [])).toEqual([]);
});

test('creating answers requested with the secret, once; the handshake is signed with it and makes it active', async () => {
  const { status, headers, body } = await create({ header: ['Authorization: Bearer abc'] });
  expect(status).toBe(201);
  expect(body.status).toBe('requested');
  expect(headers.location).toBe(`https://skein.example/fhir/Subscription/${body.id}`);
  const secret = body.extension?.find(({ url }) => url === SECRET_URL)?.valueString as string;
  await at.work();
  const [post] = await at.receiver.until((posts) => posts.length === 1);
  expect(post && typeOf(post)).toBe('handshake');
  expect(post?.headers).toMatchObject({
    authorization: 'Bearer abc',
    'content-type': 'application/fhir+json',
  });
  new Webhook(secret).verify(post?.body as string, post?.headers as Record<string, string>);
  await eventually(
    () => statusOf(body.id as string),
    (now) => now === 'active',
  );
  const read = await call<Subscription>('GET', `Subscription/${body.id}`);
  expect(JSON.stringify(read.body)).not.toContain('whsec_');
  expect(read.headers.etag).toBe('W/"1"');
});

test.each<[string, (resource: Subscription) => void, number, string]>([
  [
    'another topic',
    (r) => {
      r.criteria = 'http://hl7.org/SubscriptionTopic/admission';
    },
    422,
    'Subscription.criteria',
  ],
  [
    'another channel',
    (r) => {
      r.channel.type = 'email';
    },
    422,
    'Subscription.channel.type',
  ],
  [
    'another payload',
    (r) => {
      r.channel.payload = 'application/fhir+xml';
    },
    422,
    'Subscription.channel.payload',
  ],
  [
    'no content level',
    (r) => {
      Object.assign(r.channel, { _payload: {} });
    },
    422,
    "Subscription.channel.payload.extension('backport-payload-content')",
  ],
  [
    'another scheme',
    (r) => {
      r.channel.endpoint = 'ftp://127.0.0.1/';
    },
    422,
    'Subscription.channel.endpoint',
  ],
  [
    'a private address',
    (r) => {
      r.channel.endpoint = 'https://10.0.0.1/hook';
    },
    422,
    'Subscription.channel.endpoint',
  ],
  [
    'plain http to the public',
    (r) => {
      r.channel.endpoint = 'http://8.8.8.8/hook';
    },
    422,
    'Subscription.channel.endpoint',
  ],
  [
    'a header of ours',
    (r) => {
      r.channel.header = ['Host: elsewhere'];
    },
    422,
    'Subscription.channel.header[0]',
  ],
  [
    'a channel type of another vocabulary',
    (r) => {
      Object.assign(r.channel, {
        _type: { extension: [{ url: `${BACKPORT}/backport-channel-type`, valueCoding: { code: 'zulip' } }] },
      });
    },
    422,
    'Subscription.channel.type',
  ],
  [
    'a topic version that there is not',
    (r) => {
      r.criteria = `${r.criteria}|9.0.0`;
    },
    422,
    'Subscription.criteria',
  ],
  [
    'a heartbeat beyond what FHIR can hold',
    (r) => {
      r.channel.extension = [
        { url: `${BACKPORT}/backport-heartbeat-period`, valueUnsignedInt: 99_999_999_999 },
      ];
    },
    422,
    "Subscription.channel.extension('backport-heartbeat-period')",
  ],
  [
    'a modifier extension',
    (r) => {
      r.modifierExtension = [{ url: 'https://elsewhere.example/only-if', valueBoolean: true }];
    },
    422,
    'Subscription.modifierExtension',
  ],
  [
    'no channel',
    (r) => {
      Object.assign(r, { channel: undefined });
    },
    400,
    'Subscription.channel',
  ],
])('%s is refused, naming the element', async (_name, spoil, wanted, expression) => {
  const resource = subscriptionTo(`${at.receiver.url}/hook`);
  spoil(resource);
  const { status, body } = await call<{ issue: { expression: string[] }[] }>('POST', 'Subscription', {
    body: resource,
  });
  expect(status).toBe(wanted);
  expect(body.issue.flatMap((issue) => issue.expression)).toContain(expression);
});

test.each([
  'colour=red',
  'patient:missing=true',
  'event=birthday',
  'patient=me',
  'event=loss&event=encounter',
])('the filter %s is refused', async (filter) => {
  expect((await create({ filters: [filter] })).status).toBe(422);
});

test('a service may not ask for more than its sector receives', async () => {
  const levels = ['empty', 'id-only', 'full-resource'];
  const statuses = async (as: string) =>
    Promise.all(levels.map(async (content) => (await create({ content }, as)).status));
  expect(await statuses(perinatal.name)).toEqual([201, 201, 422]);
  expect(await statuses(charity.name)).toEqual([201, 422, 422]);
});

test('a system reaches its own subscriptions only, the operator all', async () => {
  const { body } = await create({}, perinatal.name);
  const path = `Subscription/${body.id}`;
  for (const url of [path, `${path}/$status`, `${path}/$events`]) {
    expect((await call('GET', url, { as: charity.name })).status).toBe(404);
    expect((await call('GET', url, { as: perinatal.name })).status).toBe(200);
    expect((await call('GET', url)).status).toBe(200);
  }
  expect((await call('DELETE', path, { as: charity.name })).status).toBe(404);
  expect((await call<Bundle>('GET', 'Subscription', { as: charity.name })).body.entry).toBe(undefined);
  expect((await call<Bundle>('GET', 'Subscription/$status', { as: charity.name })).body.entry).toBe(
    undefined,
  );
});

test('search finds by url, status and id, a page at a time', async () => {
  const made = [await create(), await create(), await create()].map(({ body }) => body.id as string).sort();
  const found = async (query: string) => (await call<Bundle>('GET', `Subscription?${query}`)).body;
  const ids = ({ entry = [] }: Bundle) => entry.map(({ resource }) => resource?.id);
  expect(ids(await found(`url=${encodeURIComponent(`${at.receiver.url}/hook`)}`))).toEqual(made);
  expect(ids(await found('status=active,error'))).toEqual([]);
  expect(ids(await found(`_id=${made[1]}`))).toEqual([made[1]]);
  const first = await found('status=requested&_count=2');
  const next = first.link?.find(({ relation }) => relation === 'next')?.url as string;
  expect(ids(first)).toEqual(made.slice(0, 2));
  expect(ids(await found(next.split('?')[1] as string))).toEqual(made.slice(2));
  const small = await found('status=requested&_count=1');
  const rest = small.link?.find(({ relation }) => relation === 'next')?.url.split('?')[1];
  expect(ids(await found(`${rest}&_count=1000`))).toEqual(made.slice(1));
});

test.each(['_count=x', '_count=-1', 'criteria=x', '_id=a&_id=b', 'url=%00'])(
  'the search %s is refused',
  async (query) => {
    expect((await call('GET', `Subscription?${query}`)).status).toBe(400);
    expect(
      (await call('GET', `Subscription?${query.split('=')[0]}`, { headers: { prefer: 'handling=lenient' } }))
        .status,
    ).toBeLessThan(500);
  },
);

test('what cannot be stored or read is answered as that', async () => {
  const { body } = await create();
  const path = `Subscription/${body.id}`;
  const nul = { ...subscriptionTo(`${at.receiver.url}/hook`), reason: 'a\u0000b' };
  expect((await call('POST', 'Subscription', { body: nul })).status).toBe(400);
  const other = { ...subscriptionTo(`${at.receiver.url}/hook`), id: 'another' };
  expect((await call('PUT', path, { body: other })).status).toBe(400);
  const parameters = { resourceType: 'Parameters', parameter: [null] };
  expect((await call('POST', `${path}/$events`, { body: parameters })).status).toBe(400);
  expect((await call('GET', 'Subscription/$status?constructor=x&__proto__=y')).status).toBe(400);
});

test('a failed handshake is an error until the client asks again', async () => {
  at.receiver.respond = () => 500;
  const { body } = await create();
  const id = body.id as string;
  await at.work();
  await eventually(
    () => statusOf(id),
    (status) => status === 'error',
  );
  const failed = (await call<Subscription>('GET', `Subscription/${id}`)).body;
  expect(failed.error).toBe('http-500');
  await tell(2);
  await eventually(
    async () => countOf((await call<Bundle>('GET', `Subscription/${id}/$status`)).body),
    (count) => count === '2',
  );
  // Asked about, it is probed again; nothing else is sent to an endpoint that never answered.
  await at.receiver.until((posts) => posts.length === 2);
  expect(at.receiver.posts.map(typeOf)).toEqual(['handshake', 'handshake']);
  expect(
    (await call('PUT', `Subscription/${id}`, { body: failed, headers: { 'if-match': 'W/"7"' } })).status,
  ).toBe(412);
  at.receiver.respond = () => 200;
  const again = await call<Subscription>('PUT', `Subscription/${id}`, {
    body: { ...failed, status: 'requested' },
  });
  expect([again.status, again.body.status, again.headers.etag]).toEqual([200, 'requested', 'W/"2"']);
  await at.receiver.until((posts) => numbersOf(posts).length === 2);
  await expect.poll(() => statusOf(id)).toBe('active');
  expect(numbersOf(at.receiver.posts)).toEqual([1, 2]);
});

test('of changes that name the same version one is made, and the others leave no trace', async () => {
  const { body, headers } = await create();
  const path = `Subscription/${body.id}`;
  const change = (name: string) =>
    call<Subscription>('PUT', path, {
      body: { ...subscriptionTo(`${at.receiver.url}/${name}`), id: body.id as string },
      headers: { 'if-match': headers.etag as string },
    });
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(change));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412, 412]);
  const made = answers.find(({ status }) => status === 200);
  expect(made?.headers.etag).toBe('W/"2"');
  const stored = await call<Subscription>('GET', path);
  expect([stored.headers.etag, stored.body.channel]).toEqual(['W/"2"', made?.body.channel]);
});

test('a deletion of a version that is there no more is refused, and it goes on', async () => {
  const { body } = await create();
  const remove = (etag: string) =>
    call('DELETE', `Subscription/${body.id}`, { headers: { 'if-match': etag } });
  for (const etag of ['W/"7"', 'nonsense']) expect((await remove(etag)).status).toBe(412);
  expect(await statusOf(body.id as string)).toBe('requested');
  expect((await remove('W/"3", W/"1"')).status).toBe(204);
  const gone = await call<OperationOutcome>('GET', `Subscription/${body.id}`);
  expect([gone.status, gone.body.issue[0]?.code]).toEqual([410, 'deleted']);
  expect((await remove('W/"1"')).status).toBe(412);
  expect((await remove('*')).status).toBe(204);
});

test('410 is an error at once and off when said again after an hour; no more tries make an error', async () => {
  await at.work();
  const [gone, tired] = [await createActive(), await createActive()];
  await pool.query('update subscription set attempts = 54 where id = $1', [tired]);
  at.receiver.respond = ({ bundle }) => (JSON.stringify(bundle).includes(gone) ? 410 : 500);
  await tell(1);
  await expect.poll(() => statusOf(gone), { timeout: 10_000 }).toBe('error');
  await pool.query(
    `update subscription set gone_at = gone_at - interval '1 hour', soon_at = soon_at - interval '1 hour' where id = $1`,
    [gone],
  );
  await expect.poll(() => statusOf(gone), { timeout: 10_000 }).toBe('off');
  await expect.poll(() => statusOf(tired), { timeout: 10_000 }).toBe('error');
});

test('who was told nothing for months and then fails is probed for thirty days from the failure', async () => {
  await at.work();
  const id = await createActive();
  await pool.query(
    `update subscription set sent_at = now() - interval '200 days', created_at = now() - interval '200 days'`,
  );
  at.receiver.respond = () => 500;
  await pool.query('update subscription set attempts = 54 where id = $1', [id]);
  await tell(1);
  const statusIs = (wanted: string) =>
    eventually(
      () => statusOf(id),
      (status) => status === wanted,
    );
  await statusIs('error');
  await tidy(pool);
  expect(await statusOf(id)).toBe('error');
  await pool.query(`update subscription set updated_at = now() - interval '31 days' where id = $1`, [id]);
  await tidy(pool);
  expect(await statusOf(id)).toBe('off');
});

test('deleting ends what is in flight: after the answer nothing arrives any more', async () => {
  await at.work();
  const id = await createActive();
  at.receiver.respond = () => 'hang';
  await tell(3);
  await at.receiver.until((posts) => numbersOf(posts).length === 1);
  const began = performance.now();
  expect((await call('DELETE', `Subscription/${id}`)).status).toBe(204);
  expect(performance.now() - began).toBeLessThan(2_000);
  const { rows } = await pool.query('select lease_owner, status from subscription where id = $1', [id]);
  expect(rows).toEqual([{ lease_owner: null, status: 'off' }]);
  await tell(1);
  await eventually(
    () => pool.query('select 1 from outbox'),
    ({ rowCount }) => rowCount === 0,
  );
  expect(numbersOf(at.receiver.posts)).toEqual([1]);
});

test('a heartbeat comes after its period without events and is not counted', async () => {
  await at.work();
  const id = await createActive({ heartbeat: 60 });
  await pool.query('update subscription set heartbeat = 1, due_at = now()');
  await at.receiver.until((posts) => posts.filter((post) => typeOf(post) === 'heartbeat').length >= 2);
  await tell(1);
  await at.receiver.until((posts) => numbersOf(posts).length === 1);
  expect(numbersOf(at.receiver.posts)).toEqual([1]);
  expect(countOf((await call<Bundle>('GET', `Subscription/${id}/$status`)).body)).toBe('1');
});

test('one in error owes no heartbeat: it is looked at when it is probed, whatever waits for it', async () => {
  await at.work();
  const id = await createActive({ heartbeat: 60 });
  await pool.query(
    `update subscription set status = 'error', sent_at = now() - interval '3 days', due_at = now(),
      soon_at = now() + interval '1 hour' where id = $1`,
    [id],
  );
  const posts = at.receiver.posts.length;
  await appendEvents(pool, [episodeEvent()]);
  await eventually(
    () => pool.query('select from pending where subscription_id = $1', [id]),
    ({ rowCount }) => rowCount === 1,
  );
  // Another that is due is sent to meanwhile, so that workers have looked.
  const other = await createActive();
  await tell(1);
  await expect.poll(async () => (await subscriptionRow(pool, other)).delivered_number).toBe('1');
  expect(await subscriptionRow(pool, id)).toMatchObject({ last_number: '0', attempts: 0, lease_owner: null });
  expect(at.receiver.posts.slice(posts).map(typeOf)).toEqual(['handshake', 'event-notification']);
});

describe('$events', () => {
  test('gives what was told between two numbers, both included, and content only narrows', async () => {
    await at.work();
    const id = await createActive();
    await tell(6);
    await at.receiver.until((posts) => numbersOf(posts).includes(6));
    const { body } = await call<Bundle>(
      'GET',
      `Subscription/${id}/$events?eventsSinceNumber=2&eventsUntilNumber=4`,
    );
    const numbers = (bundle: Bundle) => numbersOf([{ bundle, path: '', headers: {}, body: '', at: 0 }]);
    expect(body.type).toBe('history');
    expect(numbers(body)).toEqual([2, 3, 4]);
    expect(countOf(body)).toBe('6');
    expect(JSON.stringify(body)).toContain('"focus"');
    const parameter = [
      { name: 'eventsSinceNumber', valueString: '5' },
      { name: 'content', valueCode: 'empty' },
    ];
    const narrowed = await call<Bundle>('POST', `Subscription/${id}/$events`, {
      body: { resourceType: 'Parameters', parameter },
    });
    expect(numbers(narrowed.body)).toEqual([5, 6]);
    expect(JSON.stringify(narrowed.body)).not.toContain('"focus"');
    const widened = await call<Bundle>('GET', `Subscription/${id}/$events?content=full-resource`);
    expect(widened.body.entry).toHaveLength(1);
    expect((await call('GET', `Subscription/${id}/$events?eventsSinceNumber=x`)).status).toBe(400);
  });

  test('asks access again today: a denied event keeps its number and says nothing', async () => {
    const { body } = await create({}, perinatal.name);
    const [mine, lost] = [episodeEvent(), episodeEvent()];
    const involve = 'insert into involvement (person, service, state) values ($1, $2, $3)';
    for (const event of [mine, lost])
      await pool.query(involve, [event.persons[0], perinatal.service.id, 'open']);
    await storeFocuses(pool, [mine, lost]);
    await appendEvents(pool, [mine, lost]);
    await at.work();
    await eventually(
      async () => countOf((await call<Bundle>('GET', `Subscription/${body.id}/$status`)).body),
      (count) => count === '2',
    );
    await pool.query('delete from involvement where person = $1', [lost.persons[0]]);
    const { body: events } = await call<Bundle>('GET', `Subscription/${body.id}/$events`, {
      as: perinatal.name,
    });
    const told = statusIn(events).parameter?.filter(({ name }) => name === 'notification-event');
    expect(
      told?.map(({ part }) => part?.find(({ name }) => name === 'focus')?.valueReference?.reference),
    ).toEqual([`https://skein.example/fhir/EpisodeOfCare/${mine.focus.id}`, undefined]);
  });
});

test('$status answers for all or some of the caller’s subscriptions', async () => {
  const [first, second] = [(await create()).body.id, (await create()).body.id];
  const ask = async (query: string) => (await call<Bundle>('GET', `Subscription/$status${query}`)).body;
  const all = await ask('');
  expect([all.type, all.entry?.length]).toEqual(['searchset', 2]);
  expect((await ask(`?id=${first},${second}`)).entry).toHaveLength(2);
  expect((await ask(`?id=${first}&status=active`)).entry).toBe(undefined);
  expect((await ask('?status=requested&status=off')).entry).toHaveLength(2);
});

const EXAMPLES = new URL('../../../shared/data/subscriptions-backport/examples/', import.meta.url);
test.skipIf(!existsSync(EXAMPLES))('notifications are built as the published examples are', async () => {
  await at.work();
  await createActive();
  await tell(1);
  await at.receiver.until((posts) => numbersOf(posts).length === 1);
  const [handshake, event] = at.receiver.posts;
  for (const [ours, file] of [
    [handshake, 'handshake'],
    [event, 'id-only'],
  ] as const) {
    const example = JSON.parse(
      readFileSync(new URL(`r4-notification-${file}.json`, EXAMPLES), 'utf8'),
    ) as Bundle;
    expect(shapeOf(ours?.bundle as Bundle)).toEqual(shapeOf(example));
  }
});

/** Names and types of everything in the status entry, in order. */
function shapeOf(bundle: Bundle): unknown {
  const parameters = statusIn(bundle).parameter?.map(({ name, part, extension: _ours, ...value }) => ({
    ...{ name, value: Object.keys(value) },
    part: part?.map(({ name: inner, ...rest }) => ({ name: inner, value: Object.keys(rest) })),
  }));
  const [entry] = bundle.entry ?? [];
  return { type: bundle.type, request: entry?.request?.method, status: entry?.response?.status, parameters };
}
