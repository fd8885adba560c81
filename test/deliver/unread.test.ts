/** What is not read of a Subscription, or of the parameters of an operation, is refused: nothing widens in silence. */
import type { Subscription } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { registerSubscriptions } from '../../src/deliver/subscribe/routes.ts';
import { readSubscription } from '../../src/deliver/subscribe/subscription.ts';
import { Rejected } from '../../src/errors.ts';
import { testDatabase } from '../support/database.ts';
import { BACKPORT, loopbackContext, subscriptionTo } from './support.ts';

const ENDPOINT = 'https://receiver.example/hook';
type Tree = { [name: string]: unknown };

/** With everything in it that is read. */
const whole = (): Tree => ({
  ...subscriptionTo(ENDPOINT, {
    ...{ filters: ['event=loss', 'stage=pregnancy'], maxCount: 5, timeout: 20, heartbeat: 60 },
    header: ['Authorization: Bearer x'],
  }),
  meta: {
    versionId: '3',
    lastUpdated: '2026-01-01T00:00:00Z',
    profile: [`${BACKPORT}/backport-subscription`],
  },
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">ours</div>' },
  contact: [{ system: 'phone', value: '01632 960100' }],
  end: '2999-01-01T00:00:00Z',
});

/** Every object in it, each with its path as FHIRPath names it. */
function placesIn(value: unknown, path: string): { path: string; object: Tree }[] {
  if (Array.isArray(value)) return value.flatMap((one, index) => placesIn(one, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  const own = Object.entries(value).flatMap(([name, child]) =>
    placesIn(child, `${path}.${name.replace(/^_/, '')}`),
  );
  return [{ path, object: value as Tree }, ...own];
}

function refusalOf(body: unknown): { status: number; places: string[] } | null {
  try {
    readSubscription(body, 'full-resource');
    return null;
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return { status: error.status, places: error.issues.flatMap(({ expression }) => expression ?? []) };
  }
}

test('what has every element that is read is taken', () => {
  expect(refusalOf(whole())).toBe(null);
});

const unknownName = fc
  .oneof(
    fc.constantFrom('filterBy', 'topic', 'parameter', 'implicitRules', 'contained', 'modifierExtension'),
    fc.constantFrom('valueInteger', 'valueBoolean', 'content', 'heartbeatPeriod', 'maxCount', 'timeout'),
    fc.stringMatching(/^[a-z]{12,16}$/),
  )
  .filter((name) => name !== 'constructor');

test('an element that is not known is refused wherever it stands, naming its place', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      unknownName,
      fc.boolean(),
      fc.jsonValue({ maxDepth: 2 }),
      (at, name, beside, value) => {
        const body = whole();
        const all = placesIn(body, 'Subscription');
        const { path, object } = all[at % all.length] as (typeof all)[number];
        object[beside ? `_${name}` : name] = value;
        const refused = refusalOf(body);
        expect([400, 422]).toContain(refused?.status);
        const places = refused?.places ?? [];
        expect(places.some((place) => place === `${path}.${name}` || place === `${path}._${name}`)).toBe(
          true,
        );
      },
    ),
    { numRuns: 500 },
  );
});

const unknownUrl = fc.oneof(
  fc.constantFrom(
    'http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.filterBy',
    'http://hl7.org/fhir/5.0/subscriptions-backport/StructureDefinition/backport-filter-criteria',
    'http://hl7.org/fhir/4.3/StructureDefinition/extension-Subscription.criteria',
    `${BACKPORT}/backport-maxcount`,
    `${BACKPORT}/backport-additional-criteria`,
    `${BACKPORT}/backport-notification-url-location`,
  ),
  fc.webUrl(),
);

test('an extension that is not known is refused wherever it stands, naming its place', () => {
  fc.assert(
    fc.property(fc.nat(), unknownUrl, fc.boolean(), (at, url, first) => {
      const body = whole();
      const primitives = ['status', 'reason', 'end', 'criteria'].map((name) => ({ name, of: body }));
      const ofChannel = ['type', 'endpoint', 'payload'].map((name) => ({ name, of: body.channel as Tree }));
      for (const { name, of } of [...primitives, ...ofChannel]) of[`_${name}`] ??= { extension: [] };
      const all = placesIn(body, 'Subscription');
      const { path, object } = all[at % all.length] as (typeof all)[number];
      const extension = { url, valueString: 'patient=Patient/1' };
      const given = (object.extension ?? []) as unknown[];
      object.extension = first ? [extension, ...given] : [...given, extension];
      const refused = refusalOf(body);
      expect([400, 422]).toContain(refused?.status);
      const place = `${path}.extension`;
      const index = first ? 0 : given.length;
      expect(refused?.places.some((one) => one === place || one === `${place}[${index}]`)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

const CONTENT = `${BACKPORT}/backport-payload-content`;
const FILTER = `${BACKPORT}/backport-filter-criteria`;
const ofChannel = (url: string, value: object) => (body: Tree) =>
  Object.assign(body.channel as Tree, { extension: [{ url: `${BACKPORT}/${url}`, ...value }] });
const ofCriteria = (value: object) => (body: Tree) =>
  Object.assign(body, { _criteria: { extension: [{ url: FILTER, ...value }] } });

test.each<[string, (body: Tree) => void, string]>([
  [
    'the filter on the channel',
    ofChannel('backport-filter-criteria', { valueString: 'event=loss' }),
    'Subscription.channel.extension[0]',
  ],
  [
    'the filter on the Subscription',
    (body) => Object.assign(body, { extension: [{ url: FILTER, valueString: 'event=loss' }] }),
    'Subscription.extension[0]',
  ],
  [
    'a filter of another type',
    ofCriteria({ valueUri: 'event=loss' }),
    'Subscription.criteria.extension[0].valueUri',
  ],
  ['a filter without a value', ofCriteria({}), 'Subscription.criteria.extension[0]'],
  [
    'a filter of one type of resource',
    ofCriteria({ valueString: 'Encounter?patient=Patient/5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f' }),
    'Subscription.criteria.extension[0]',
  ],
  [
    'a heartbeat of another value type',
    ofChannel('backport-heartbeat-period', { valueInteger: 60 }),
    'Subscription.channel.extension[0].valueInteger',
  ],
  [
    'a heartbeat more often than every ten seconds',
    ofChannel('backport-heartbeat-period', { valueUnsignedInt: 9 }),
    "Subscription.channel.extension('backport-heartbeat-period')",
  ],
  [
    'a timeout of no time',
    ofChannel('backport-timeout', { valueUnsignedInt: 0 }),
    "Subscription.channel.extension('backport-timeout')",
  ],
  [
    'two timeouts',
    (body) =>
      Object.assign(body.channel as Tree, {
        extension: [10, 20].map((valueUnsignedInt) => ({
          url: `${BACKPORT}/backport-timeout`,
          valueUnsignedInt,
        })),
      }),
    'Subscription.channel.extension[1]',
  ],
  [
    'two contents',
    (body) =>
      Object.assign(body.channel as Tree, {
        _payload: { extension: ['empty', 'id-only'].map((valueCode) => ({ url: CONTENT, valueCode })) },
      }),
    'Subscription.channel.payload.extension[1]',
  ],
  ['an end in the past', (body) => Object.assign(body, { end: '2020-12-31T12:00:00Z' }), 'Subscription.end'],
  [
    'a list where one is wanted',
    (body) => Object.assign(body, { channel: [body.channel] }),
    'Subscription.channel',
  ],
])('%s is refused, naming its place', (_what, spoil, place) => {
  const body = subscriptionTo(ENDPOINT) as unknown as Tree;
  spoil(body);
  expect(refusalOf(body)?.places).toContain(place);
});

describe('over HTTP', async () => {
  const database = await testDatabase();
  const app = buildApp(loopbackContext(database), [registerSubscriptions]);
  afterAll(() => app.close());
  type Asked = { method: 'GET' | 'POST' | 'PUT'; url: string; body?: object; prefer?: string };
  const ask = async ({ method, url, body, prefer }: Asked) => {
    const headers = {
      ...(body ? { 'content-type': 'application/fhir+json' } : {}),
      ...(prefer ? { prefer } : {}),
    };
    const payload = body ? { payload: JSON.stringify(body) } : {};
    const response = await app.inject({ method, url: `/fhir/${url}`, headers, ...payload });
    return { status: response.statusCode, body: response.json() };
  };
  const local = {
    ...subscriptionTo('http://127.0.0.1:1/hook', { timeout: 60, maxCount: 100, heartbeat: 60 }),
  };

  test('what is done otherwise than it was asked for is answered as it is done', async () => {
    const { status, body } = await ask({
      method: 'POST',
      url: 'Subscription',
      body: { ...local, status: 'active' },
    });
    expect([status, body.status]).toEqual([201, 'requested']);
    const { channel } = body as Subscription;
    const values = channel.extension?.map(({ url, valueUnsignedInt, valuePositiveInt }) => [
      url.replace(/.*backport-/, ''),
      valueUnsignedInt ?? valuePositiveInt,
    ]);
    expect(values).toEqual([
      ['max-count', 50],
      ['timeout', 30],
      ['heartbeat-period', 60],
    ]);
  });

  test('what its creation answered may be sent back, and the secret in it is kept nowhere else', async () => {
    const made = await ask({ method: 'POST', url: 'Subscription', body: local });
    expect(JSON.stringify(made.body)).toContain('whsec_');
    const url = `Subscription/${made.body.id}`;
    expect((await ask({ method: 'PUT', url, body: made.body })).status).toBe(200);
    expect(JSON.stringify((await ask({ method: 'GET', url })).body)).not.toContain('whsec_');
  });

  test.each(['$status?sttus=off', 'ID/$status?state=off', 'ID/$events?eventSinceNumber=3', 'ID/$events?x'])(
    'a parameter that %s does not have is refused, or left out for who prefers that',
    async (path) => {
      const { id } = (await ask({ method: 'POST', url: 'Subscription', body: local })).body;
      const asked = { method: 'GET' as const, url: `Subscription/${path.replace('ID', id)}` };
      expect((await ask(asked)).status).toBe(400);
      expect((await ask({ ...asked, prefer: 'handling=lenient' })).status).toBe(200);
    },
  );

  test.each<[string, object]>([
    ['another resource', { resourceType: 'Patient' }],
    ['an element more', { resourceType: 'Parameters', contained: [] }],
    ['two values', parameters({ valueString: '1', valueInteger: 1 })],
    ['a value with parts', parameters({ part: [{ name: 'x', valueString: '1' }] })],
    ['an extension', parameters({ valueString: '1', extension: [] })],
    ['no value', parameters({})],
    ['another name', { resourceType: 'Parameters', parameter: [{ name: 'since', valueString: '1' }] }],
  ])('a body with %s is refused', async (_what, body) => {
    const { id } = (await ask({ method: 'POST', url: 'Subscription', body: local })).body;
    expect((await ask({ method: 'POST', url: `Subscription/${id}/$events`, body })).status).toBe(400);
  });
});

function parameters(value: object): object {
  return { resourceType: 'Parameters', parameter: [{ name: 'eventsSinceNumber', ...value }] };
}
