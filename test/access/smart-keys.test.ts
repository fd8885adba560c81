/** Keys that a client keeps at a URL of its own, and keys that are registered. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKeySets } from '../../src/access/authenticate/key-sets.ts';
import { type Client, findClient, setKeys, setScopes } from '../../src/access/register/clients.ts';
import { readKeySet } from '../../src/access/register/key-set.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import {
  formOf,
  keysServed,
  makeAssertion,
  newPair,
  type Parts,
  setOf,
  startKeyServer,
} from '../support/clients.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { startSkein } from '../support/skein.ts';

const PUBLIC_URL = 'https://skein.test';
const AUDIENCE = `${PUBLIC_URL}/oauth2/token`;
const first = newPair('first');
const second = newPair('second', 'RS384');

let database: TestDatabase;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

let registered = 0;
async function clientAt(jwksUrl: string): Promise<Client> {
  const name = `client ${++registered}`;
  const team = { name, ods: 'RXX', team: name, sector: 'gp', kind: null, source: null };
  await addSystem(database.pool, database.key, team);
  await setKeys(database.pool, name, { jwksUrl });
  await setScopes(database.pool, name, ['system/Patient.rs']);
  return (await findClient(database.pool, name)) as Client;
}

async function serverOf(...given: Parameters<typeof keysServed>) {
  const server = await startKeyServer(() => keysServed(...given));
  stops.push(server.close);
  return server;
}

/** The fetching of one process, by a clock that the test moves. */
function setsAt(allow = ['127.0.0.1']) {
  const clock = { seconds: 0 };
  const sets = openKeySets(allow, () => clock.seconds * 1_000);
  stops.push(() => sets.close());
  const kids = async (client: Client, kid: string) =>
    (await sets.find(client, kid)).keys.map((key) => key.kid);
  return { clock, sets, kids };
}

describe('over HTTP', () => {
  const start = async (settings: object) => {
    const skein = await startSkein(database, { AUTH: 'smart', ROLES: 'api', PUBLIC_URL, ...settings });
    stops.push(skein.stop);
    return skein;
  };
  const ask = async (skein: Awaited<ReturnType<typeof start>>, client: Client, parts: Parts = {}) => {
    const text = makeAssertion({ client: client.system.name, audience: AUDIENCE, pair: first }, parts);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return (await skein.send('POST', '/oauth2/token', headers, formOf(text))).status;
  };

  test('a key at the registered URL counts, with a jku that is exactly that URL or none', async () => {
    const { url } = await serverOf([first]);
    const client = await clientAt(url);
    const skein = await start({ WEBHOOK_ALLOW: '127.0.0.1' });
    expect(await ask(skein, client)).toBe(200);
    expect(await ask(skein, client, { header: { jku: url } })).toBe(200);
    for (const jku of [`${url}?`, url.toUpperCase(), url.replace('127.0.0.1', 'localhost'), ''])
      expect(await ask(skein, client, { header: { jku } }), jku).toBe(401);
  });

  test('a URL at an address that is not public is not asked', async () => {
    const server = await serverOf([first]);
    const skein = await start({});
    expect(await ask(skein, await clientAt(server.url))).toBe(401);
    expect(server.asked).toBe(0);
  });
});

test.each([
  [
    'a redirect',
    { status: 302, headers: { location: 'https://elsewhere.example/' }, body: '' },
    /answers 302/,
  ],
  ['a fault of its own', { status: 500, headers: {}, body: '' }, /answers 500/],
  ['no JSON', { status: 200, headers: {}, body: '<html>' }, /not valid JSON/],
  ['no key set', { status: 200, headers: {}, body: '{"keys":{}}' }, /JWK Set/],
  ['more than is read', { status: 200, headers: {}, body: ' '.repeat(70_000) }, /und_err|size/],
])('a URL that answers %s gives no key, and a reason for the operator', async (_name, served, reason) => {
  const server = await startKeyServer(() => served);
  stops.push(server.close);
  const { sets } = setsAt();
  const found = await sets.find(await clientAt(server.url), 'first');
  expect(found).toEqual({ keys: [], problem: expect.stringMatching(reason) });
});

test('an address of this network is refused, by name too', async () => {
  const { sets } = setsAt([]);
  for (const host of ['127.0.0.1', '[::1]', 'localhost', '169.254.169.254'])
    expect((await sets.find(await clientAt(`https://${host}/jwks`), 'first')).problem).toMatch(
      /WEBHOOK_ALLOW/,
    );
});

test.each<[string, Record<string, string>, number]>([
  ['for five minutes where it does not say', {}, 300],
  ['for as long as it says', { 'cache-control': 'public, max-age=120' }, 120],
  ['for an hour at most', { 'cache-control': 'max-age=86400' }, 3_600],
])('a set is kept %s', async (_name, headers, seconds) => {
  const server = await serverOf([first], headers);
  const client = await clientAt(server.url);
  const { clock, kids } = setsAt();
  await kids(client, 'first');
  clock.seconds = seconds - 1;
  expect([await kids(client, 'first'), server.asked]).toEqual([['first'], 1]);
  clock.seconds = seconds;
  expect([await kids(client, 'first'), server.asked]).toEqual([['first'], 2]);
});

test('a set that must not be stored is fetched each time', async () => {
  const server = await serverOf([first], { 'cache-control': 'no-store' });
  const client = await clientAt(server.url);
  const { kids } = setsAt();
  await kids(client, 'first');
  await kids(client, 'first');
  expect(server.asked).toBe(2);
});

test('a kid that is not known has it fetched again, once in a minute', async () => {
  const server = await serverOf([first], { 'cache-control': 'max-age=3000' });
  const client = await clientAt(server.url);
  const { clock, kids } = setsAt();
  expect(await kids(client, 'first')).toEqual(['first']);
  server.serve = () => keysServed([second], { 'cache-control': 'max-age=3000' });
  clock.seconds = 59;
  expect([await kids(client, 'second'), server.asked]).toEqual([[], 1]);
  clock.seconds = 60;
  expect([await kids(client, 'second'), server.asked]).toEqual([['second'], 2]);
  expect([await kids(client, 'first'), server.asked]).toEqual([[], 2]);
});

test('whoever asks at the same time shares one fetch, and one that failed is tried again after five seconds', async () => {
  const server = await startKeyServer(() => ({ status: 503, headers: {}, body: '' }));
  stops.push(server.close);
  const client = await clientAt(server.url);
  const { clock, kids } = setsAt();
  await Promise.all([1, 2, 3].map(() => kids(client, 'first')));
  expect(server.asked).toBe(1);
  server.serve = () => keysServed([first]);
  expect([await kids(client, 'first'), server.asked]).toEqual([[], 1]);
  clock.seconds = 5;
  expect([await kids(client, 'first'), server.asked]).toEqual([['first'], 2]);
});

test('keys that were rotated are read anew, whatever was kept of them', async () => {
  const server = await serverOf([first], { 'cache-control': 'max-age=3000' });
  const { system } = await clientAt(server.url);
  const { kids } = setsAt();
  const current = async () => (await findClient(database.pool, system.name)) as Client;
  expect(await kids(await current(), 'first')).toEqual(['first']);
  server.serve = () => keysServed([second]);
  await setKeys(database.pool, system.name, { jwksUrl: server.url });
  expect(await kids(await current(), 'first')).toEqual([]);
  expect(await kids(await current(), 'second')).toEqual(['second']);
});

test('of a set of others only keys that can check an assertion count: none for encryption, none that is private', async () => {
  const { privateKey } = newPair('private');
  const server = await startKeyServer(() => ({
    ...keysServed([first]),
    body: JSON.stringify({
      keys: [
        { ...second.jwk, use: 'enc' },
        { ...privateKey.export({ format: 'jwk' }), kid: 'private' },
        { kty: 'oct', k: 'c2VjcmV0', kid: 'shared' },
        { ...newPair('short', 'RS384', 1_024).jwk },
        first.jwk,
      ],
    }),
  }));
  stops.push(server.close);
  const client = await clientAt(server.url);
  const { kids } = setsAt();
  for (const kid of ['second', 'private', 'shared', 'short'])
    expect(await kids(client, kid), kid).toEqual([]);
  expect(await kids(client, 'first')).toEqual(['first']);
});

const { jwk } = first;
test.each<[string, unknown, RegExp]>([
  ['no JSON', '{', /not valid JSON/],
  ['no set', jwk, /JWK Set/],
  ['an empty set', { keys: [] }, /JWK Set/],
  [
    'a private key',
    { keys: [{ ...first.privateKey.export({ format: 'jwk' }), kid: 'x' }] },
    /key 1 .* private/,
  ],
  ['a shared key', { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'x' }] }, /private/],
  ['no kid', { keys: [{ ...jwk, kid: undefined }] }, /no kid/],
  ['one kid twice', setOf(first, newPair('first')), /key 2 .* kid of another/],
  ['another curve', { keys: [{ ...jwk, crv: 'P-256' }] }, /no crv/],
  ['a point off its curve', { keys: [{ ...jwk, y: jwk.x }] }, /is no key/],
  ['a short key', setOf(newPair('short', 'RS384', 1_024)), /2048/],
  ['a key for encryption', { keys: [{ ...jwk, use: 'enc' }] }, /no use/],
])('a set to be registered is refused that is %s', async (_name, given, reason) => {
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  await expect(readKeySet(Buffer.from(text))).rejects.toThrow(reason);
});

test('of a set only what checks an assertion is kept', async () => {
  const given = { keys: [{ ...jwk, x5c: ['a certificate'], note: 'of ours' }, second.jwk] };
  const { keys } = await readKeySet(Buffer.from(JSON.stringify(given)));
  expect(keys).toEqual([jwk, second.jwk]);
});
