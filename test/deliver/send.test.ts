import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { judge } from '../../src/deliver/send/retry.ts';
import { openSender, type Reply } from '../../src/deliver/send/send.ts';
import { newSecret, sign, signingKey, verify } from '../../src/deliver/send/sign.ts';
import { guardAddresses, guardLookup } from '../../src/doors/address-guard.ts';
import { startReceiver } from '../support/receiver.ts';

const sender = openSender(['127.0.0.1']);
const guarded = openSender([]);
const secret = newSecret();
const target = { headers: ['content-type', 'application/fhir+json'], key: signingKey(secret), timeout: 1 };
const parcel = { id: 'one', body: '{"entry":[]}' };
const receiver = await startReceiver();

afterEach(() => {
  receiver.respond = () => 200;
});
afterAll(async () => {
  await Promise.all([sender.close(), guarded.close(), receiver.close()]);
});

const send = (endpoint: string, from = sender, abort = new AbortController()) => {
  const { origin, pathname } = new URL(endpoint);
  return from.send({ ...target, origin, path: pathname }, parcel, abort);
};

describe('the address guard', () => {
  const { permits } = guardAddresses(['192.168.7.0/24', '::1']);

  test.each([
    ...[
      '127.0.0.1',
      '10.1.2.3',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '255.255.255.255',
    ],
    ...[
      '198.18.0.1',
      '224.0.0.1',
      '::',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::127.0.0.1',
      '64:ff9b::a00:1',
      'fc00::1',
    ],
    ...['fe80::1%eth0', 'ff02::1', '2002:7f00:1::', '2001:db8::1', '2001::1', 'fec0::1', 'localhost', ''],
  ])('denies %j', (address) => {
    expect(permits(address, 'https:')).toBe(false);
  });

  test('lets the public be reached by https only, and what is allowed by either', () => {
    const tried = ['8.8.8.8', '2a00:1450::1', '192.168.7.9', '::ffff:192.168.7.9', '::1'];
    expect(tried.map((address) => permits(address, 'https:'))).toEqual([true, true, true, true, true]);
    expect(tried.map((address) => permits(address, 'http:'))).toEqual([false, false, true, true, true]);
  });

  test('refuses a name when one of its addresses is denied', async () => {
    const answers = [
      { address: '8.8.8.8', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ];
    const resolver = ((_host: string, _options: object, done: (error: null, found: typeof answers) => void) =>
      done(null, answers)) as never;
    const lookup = guardLookup(permits, 'https:', resolver);
    const error = await new Promise((resolve) => lookup('two-faced.example', { all: true }, resolve));
    expect(error).toMatchObject({ name: 'AddressRefused' });
  });

  test.each([
    'http://127.0.0.1:9',
    'https://127.0.0.1:9',
    'http://[::1]:9',
    'http://localhost:9',
    'http://2130706433:9',
    'http://0x7f.1:9',
  ])('a webhook to %s never leaves', async (endpoint) => {
    expect(await send(`${endpoint}/hook`, guarded)).toMatchObject({ ok: false, outcome: 'address-refused' });
  });

  test('an allow list that says nothing sensible is refused at start', () => {
    expect(() => guardAddresses(['everywhere'])).toThrow(/WEBHOOK_ALLOW/);
  });
});

describe('sending', () => {
  test('redirects are failures and are not followed', async () => {
    receiver.respond = ({ path }) =>
      path === '/moved' ? { status: 302, headers: { location: `${receiver.url}/elsewhere` } } : 200;
    expect(await send(`${receiver.url}/moved`)).toMatchObject({ ok: false, outcome: 'http-302' });
    expect(receiver.posts.at(-1)?.path).toBe('/moved');
  });

  test('the deadline is total: headers alone do not extend it', async () => {
    const server = createServer((_request, response) => response.writeHead(500).write('x')).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    const began = performance.now();
    await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(performance.now() - began).toBeLessThan(2_500);
    receiver.respond = () => 'hang';
    expect(await send(`${receiver.url}/hangs`)).toMatchObject({
      ok: false,
      status: null,
      outcome: 'timeout',
    });
    server.closeAllConnections();
    server.close();
  });

  test('what its owner takes back ends at once, before and after it was begun', async () => {
    receiver.respond = () => 'hang';
    const begun = new AbortController();
    const sending = send(`${receiver.url}/taken-back`, sender, begun);
    await receiver.until((posts) => posts.some(({ path }) => path === '/taken-back'));
    begun.abort();
    expect(await sending).toMatchObject({ ok: false, status: null, outcome: 'aborted' });
    const before = new AbortController();
    before.abort();
    const reply = await send(`${receiver.url}/never`, sender, before);
    expect(reply).toMatchObject({ ok: false, status: null, outcome: 'aborted' });
    expect(receiver.posts.map(({ path }) => path)).not.toContain('/never');
  });

  test('a large answer is cut off and its status still counts', async () => {
    receiver.respond = () => ({ status: 200, body: 'x'.repeat(1_000_000) });
    expect(await send(`${receiver.url}/large`)).toMatchObject({ ok: true, status: 200 });
  });

  test('Retry-After is read in seconds and as a date', async () => {
    receiver.respond = () => ({ status: 503, headers: { 'retry-after': '77' } });
    expect((await send(`${receiver.url}/later`)).retryAfter).toBe(77);
    receiver.respond = () => ({
      status: 503,
      headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() },
    });
    expect((await send(`${receiver.url}/later`)).retryAfter).toBeGreaterThan(55);
  });

  test('the signature is one that the reference library and our own verifier accept', () => {
    const timestamp = Math.floor(Date.now() / 1000);
    const signature = sign(signingKey(secret), { ...parcel, timestamp });
    const headers = {
      'webhook-id': parcel.id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    };
    expect(new Webhook(secret).verify(parcel.body, headers)).toEqual({ entry: [] });
    const received = { id: parcel.id, timestamp: String(timestamp), signature: `v1,old ${signature}` };
    expect(verify(secret, received, parcel.body)).toBe(true);
    expect(verify(secret, received, `${parcel.body} `)).toBe(false);
    expect(verify(secret, received, parcel.body, timestamp + 400)).toBe(false);
  });
});

describe('judging a reply', () => {
  const reply = (over: Partial<Reply>): Reply => ({
    ok: false,
    status: 500,
    outcome: '',
    retryAfter: null,
    ...over,
  });

  test('thirteen tries over about 75 hours, every four hours for a week more, then error', () => {
    const delays: number[] = [];
    for (let attempts = 0; ; attempts += 1) {
      const verdict = judge(reply({}), attempts, 0.5);
      if (verdict.kind !== 'retry') {
        expect(verdict).toEqual({ kind: 'stop' });
        break;
      }
      delays.push(verdict.seconds);
    }
    const hours = (from: number[]) => from.reduce((sum, one) => sum + one) / 3600;
    expect(hours(delays.slice(0, 12))).toBeCloseTo(75.6, 1);
    expect(new Set(delays.slice(12))).toEqual(new Set([4 * 3600]));
    expect(hours(delays.slice(12))).toBe(7 * 24);
  });

  test('each delay is jittered by a fifth', () => {
    expect([0, 1].map((random) => judge(reply({}), 4, random))).toEqual([
      { kind: 'retry', seconds: 240, floor: 0 },
      { kind: 'retry', seconds: expect.closeTo(360), floor: 0 },
    ]);
  });

  test('410 is gone, 429 and 503 slow down, Retry-After is honoured up to a day, or four hours at last', () => {
    expect(judge(reply({ status: 410 }), 0)).toEqual({ kind: 'gone' });
    for (const status of [429, 502, 503, 504])
      expect(judge(reply({ status }), 0, 0.5)).toEqual({ kind: 'retry', seconds: 30, floor: 30 });
    const seconds = (retryAfter: number, attempts: number) =>
      judge(reply({ retryAfter }), attempts, 0.5) as { seconds: number };
    expect(seconds(600, 0).seconds).toBe(600);
    expect(seconds(1e9, 0).seconds).toBe(86_400);
    expect(seconds(1e9, 20).seconds).toBe(4 * 3600);
  });
});
