/** SMART Backend Services as a client meets them: https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Checking, examine } from '../../src/access/authenticate/assertion.ts';
import { openKeySets } from '../../src/access/authenticate/key-sets.ts';
import { sweepTokens } from '../../src/access/authenticate/tokens.ts';
import { renew, setDisabled, setKeys, setScopes } from '../../src/access/register/clients.ts';
import { readKeySet } from '../../src/access/register/key-set.ts';
import { addSystem } from '../../src/access/register/systems.ts';
import {
  encode,
  formOf,
  inSeconds,
  JWT_BEARER,
  makeAssertion,
  newPair,
  type Pair,
  type Parts,
  setOf,
} from '../support/clients.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { type Reply, startSkein } from '../support/skein.ts';

const AUDIENCE = 'https://skein.test/oauth2/token';
const SETTINGS = { AUTH: 'smart', ROLES: 'api', PUBLIC_URL: 'https://skein.test' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const SCOPES = ['system/Patient.rus', 'system/Subscription.cruds'];

type Skein = Awaited<ReturnType<typeof startSkein>>;
let database: TestDatabase;
let skein: Skein;
let other: Skein;
let pair: Pair;

beforeAll(async () => {
  database = await testDatabase();
  pair = newPair('first');
  await register('hv', [pair], SCOPES);
  skein = await startSkein(database, SETTINGS);
  other = await startSkein(database, SETTINGS);
});
afterAll(async () => {
  await skein.stop();
  await other.stop();
});

const setFrom = (pairs: Pair[]) => readKeySet(Buffer.from(JSON.stringify(setOf(...pairs))));

async function register(name: string, pairs: Pair[], scopes: string[] | null): Promise<string> {
  const { pool, key } = database;
  const team = { name, ods: 'RXX', team: name, sector: 'health-visiting', kind: null, source: null };
  const { token } = await addSystem(pool, key, team);
  if (pairs.length > 0) await setKeys(pool, name, { jwks: await setFrom(pairs) });
  await setScopes(pool, name, scopes);
  return token;
}

const assertion = (parts?: Parts, client = 'hv', by = pair) =>
  makeAssertion({ client, audience: AUDIENCE, pair: by }, parts);
const post = (body: string, headers: Record<string, string> = FORM, at = skein) =>
  at.send('POST', '/oauth2/token', headers, body);
const ask = (text: string, more?: Record<string, string>, at = skein) => post(formOf(text, more), FORM, at);
const tokenOf = ({ body }: Reply) => String(body.access_token);
const read = (token: string, path = '/fhir/Patient', at = skein) =>
  at.send('GET', path, { authorization: `Bearer ${token}` });

test('a client that signs as it registered gets a token of five minutes, for what it asked and may have', async () => {
  const reply = await ask(assertion(), { scope: 'system/Patient.s system/Subscription.cr' });
  expect(reply.status).toBe(200);
  expect(reply.body).toEqual({
    access_token: expect.stringMatching(/^at\.[\w-]{43}$/),
    token_type: 'bearer',
    expires_in: 300,
    scope: 'system/Patient.s system/Subscription.cr',
  });
  expect(reply.headers.get('cache-control')).toBe('no-store');
  expect(reply.headers.get('pragma')).toBe('no-cache');
  expect((await read(tokenOf(reply))).status).toBe(200);
  expect((await read(tokenOf(reply), '/fhir/Patient', other)).status).toBe(200);
});

test.each(['RS384', 'ES384', 'RS512'] as const)(
  '%s is taken, and a client that names no scope has all it may have',
  async (alg) => {
    const own = newPair(`key-of-${alg}`, alg);
    await register(alg, [own], SCOPES);
    const reply = await ask(assertion({}, alg, own), { client_id: alg });
    expect([reply.status, reply.body.scope]).toEqual([200, SCOPES.join(' ')]);
  },
);

test('of a token and of an assertion nothing is stored by which either could be used', async () => {
  const jti = `jti-${randomUUID()}`;
  const token = tokenOf(await ask(assertion({ claims: { jti } })));
  const { rows } = await database.pool.query(
    'select a::text as row from access_token a union all select u::text from used_assertion u',
  );
  expect(rows.length).toBeGreaterThan(1);
  const all = JSON.stringify(rows);
  for (const part of [token, token.slice(3), jti]) expect(all).not.toContain(part);
});

type Bad = { code: string; parts?: Parts; text?: (good: string) => string; by?: () => Pair; client?: string };
const stranger = newPair('first');

/** Each is good but for what its name says. */
const BAD: Record<string, Bad> = {
  'no JWT at all': { code: 'malformed', text: () => 'nonsense' },
  'two parts': { code: 'malformed', text: (good) => good.split('.').slice(0, 2).join('.') },
  'four parts': { code: 'malformed', text: (good) => `${good}.e30` },
  'an empty signature': { code: 'malformed', text: (good) => good.replace(/[^.]+$/, '') },
  'padding after the signature': { code: 'malformed', text: (good) => `${good}=` },
  'a header that is no JSON': { code: 'malformed', text: (good) => good.replace(/^[^.]+/, encode('{')) },
  'claims that are a list': {
    code: 'malformed',
    text: (good) => good.replace(/\.[^.]+\./, `.${encode('[]')}.`),
  },
  'a claim said twice': {
    code: 'malformed',
    text: (good) => good.replace(/\.[^.]+\./, `.${encode('{"iss":"hv","iss":"hv"}')}.`),
  },
  'alg none': { code: 'malformed', parts: { header: { alg: 'none' }, as: 'none' } },
  'alg None, with a signature': { code: 'alg', parts: { header: { alg: 'None' } } },
  'HS384 by the public key': {
    code: 'alg',
    parts: { header: { alg: 'HS384' }, as: Buffer.from('as if it were a secret') },
  },
  'ES256, which is not taken': { code: 'alg', parts: { header: { alg: 'ES256' } } },
  'RS256, which is not taken': { code: 'alg', parts: { header: { alg: 'RS256' } } },
  'PS384, which is not taken': { code: 'alg', parts: { header: { alg: 'PS384' } } },
  'an alg of another kind of key': { code: 'key-alg', parts: { header: { alg: 'RS384' } } },
  'no kid': { code: 'kid-missing', parts: { header: { kid: undefined } } },
  'a kid that is not registered': { code: 'kid-unknown', parts: { header: { kid: 'second' } } },
  crit: { code: 'crit', parts: { header: { crit: ['exp'] } } },
  'crit of what a library knows': { code: 'crit', parts: { header: { crit: ['b64'], b64: true } } },
  'typ of another thing': { code: 'typ', parts: { header: { typ: 'at+jwt' } } },
  'a jku that is not registered': {
    code: 'jku',
    parts: { header: { jku: 'https://elsewhere.example/jwks.json' } },
  },
  'a key of its own in the header': {
    code: 'signature',
    parts: { header: { jwk: stranger.jwk } },
    by: () => stranger,
  },
  'another private key': { code: 'signature', by: () => stranger },
  'the signature of another assertion': {
    code: 'signature',
    text: (good) => good.replace(/[^.]+$/, assertion().split('.')[2] as string),
  },
  'aud of the FHIR base': { code: 'aud', parts: { claims: { aud: 'https://skein.test/fhir' } } },
  'aud with a slash at its end': { code: 'aud', parts: { claims: { aud: `${AUDIENCE}/` } } },
  'aud of several': { code: 'aud', parts: { claims: { aud: [AUDIENCE, 'https://elsewhere.example'] } } },
  'no aud': { code: 'aud', parts: { claims: { aud: undefined } } },
  'exp in the past': { code: 'exp-past', parts: { claims: { exp: inSeconds(-1) } } },
  'exp more than five minutes ahead': { code: 'exp-far', parts: { claims: { exp: inSeconds(330) } } },
  'exp as a text': { code: 'malformed', parts: { claims: { exp: String(inSeconds(240)) } } },
  'no exp': { code: 'exp-missing', parts: { claims: { exp: undefined } } },
  'nbf still to come': { code: 'nbf', parts: { claims: { nbf: inSeconds(60) } } },
  'no jti': { code: 'jti-missing', parts: { claims: { jti: undefined } } },
  'an empty jti': { code: 'malformed', parts: { claims: { jti: '' } } },
  'a jti that is a number': { code: 'malformed', parts: { claims: { jti: 7 } } },
  'sub of another': { code: 'sub', parts: { claims: { sub: 'elsewhere' } } },
  'no sub': { code: 'sub', parts: { claims: { sub: undefined } } },
  'iss of a client that is not registered': { code: 'client-unknown', client: 'nobody' },
  'iss of a client without keys': { code: 'client-keyless', client: 'keyless' },
  'iss of a client that is disabled': { code: 'client-disabled', client: 'disabled' },
  'iss of another client': { code: 'signature', client: 'another' },
};

describe('an assertion is refused as invalid_client, in the same words, that has', () => {
  beforeAll(async () => {
    await register('keyless', [], SCOPES);
    await register('another', [newPair('first')], SCOPES);
    await register('disabled', [pair], SCOPES);
    await setDisabled(database.pool, 'disabled', true);
    checking = { db: database.pool, keySets: openKeySets([]), audience: AUDIENCE };
  });
  let checking: Omit<Checking, 'now'>;

  test.each(Object.entries(BAD))('%s', async (_name, { code, parts, text, by, client }) => {
    const made = assertion(parts, client, by?.());
    const sent = text ? text(made) : made;
    const reply = await ask(sent);
    expect([reply.status, reply.body]).toEqual([
      401,
      { error: 'invalid_client', error_description: 'the client could not be authenticated' },
    ]);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    // Refused for this alone.
    const faults = await Array.fromAsync(examine({ ...checking, now: Date.now() }, sent));
    expect(faults.map((fault) => fault.code)).toEqual([code]);
  });

  test('a client_id that is not its iss', async () => {
    const reply = await ask(assertion(), { client_id: 'another' });
    expect([reply.status, reply.body.error]).toEqual([401, 'invalid_client']);
  });
});

const good = () => Object.fromEntries(new URLSearchParams(formOf(assertion())));
const without = (name: string) => new URLSearchParams({ ...good(), [name]: '' }).toString();
test.each<[string, () => string, Record<string, string>, string]>([
  ['no body', () => '', FORM, 'invalid_request'],
  ['JSON', () => JSON.stringify(good()), { 'content-type': 'application/json' }, 'invalid_request'],
  ['no grant_type', () => without('grant_type'), FORM, 'invalid_request'],
  [
    'another grant_type',
    () => formOf(assertion(), { grant_type: 'password' }),
    FORM,
    'unsupported_grant_type',
  ],
  [
    'the jwt-bearer grant',
    () => formOf(assertion(), { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' }),
    FORM,
    'unsupported_grant_type',
  ],
  ['no assertion', () => without('client_assertion'), FORM, 'invalid_request'],
  ['no type of it', () => without('client_assertion_type'), FORM, 'invalid_request'],
  [
    'another type of it',
    () => formOf(assertion(), { client_assertion_type: `${JWT_BEARER}s` }),
    FORM,
    'invalid_request',
  ],
  [
    'a parameter twice',
    () => `${formOf(assertion())}&grant_type=client_credentials`,
    FORM,
    'invalid_request',
  ],
  ['a body too large', () => formOf('x'.repeat(40_000)), FORM, 'invalid_request'],
  [
    'another way of saying who it is as well',
    () => formOf(assertion()),
    { ...FORM, authorization: 'Basic aHY6aHY=' },
    'invalid_request',
  ],
  [
    'a scope that is not granted',
    () => formOf(assertion(), { scope: 'system/Patient.rs system/Group.r' }),
    FORM,
    'invalid_scope',
  ],
  [
    'more letters than are granted',
    () => formOf(assertion(), { scope: 'system/Patient.cruds' }),
    FORM,
    'invalid_scope',
  ],
  ['all types', () => formOf(assertion(), { scope: 'system/*.rs' }), FORM, 'invalid_scope'],
  ['letters out of order', () => formOf(assertion(), { scope: 'system/Patient.sr' }), FORM, 'invalid_scope'],
  ['a scope of SMART 1', () => formOf(assertion(), { scope: 'system/Patient.read' }), FORM, 'invalid_scope'],
  ['a scope of a user', () => formOf(assertion(), { scope: 'user/Patient.rs' }), FORM, 'invalid_scope'],
  [
    'a scope by parameters',
    () => formOf(assertion(), { scope: 'system/Patient.rs?name=x' }),
    FORM,
    'invalid_scope',
  ],
  [
    'a type that is not served',
    () => formOf(assertion(), { scope: 'system/Practitioner.rs' }),
    FORM,
    'invalid_scope',
  ],
])('a request with %s is refused in the words of OAuth 2', async (_name, body, headers, error) => {
  const reply = await post(body(), headers);
  expect([reply.status, reply.body]).toEqual([400, { error, error_description: expect.any(String) }]);
  expect(reply.headers.get('cache-control')).toBe('no-store');
});

test('a client that was granted no scope gets no token', async () => {
  const own = newPair('own');
  await register('scopeless', [own], null);
  expect((await ask(assertion({}, 'scopeless', own))).body.error).toBe('invalid_scope');
});

test('an assertion sent to two processes at once is taken exactly once', async () => {
  for (let round = 0; round < 5; round++) {
    const same = assertion();
    const replies = await Promise.all([skein, other, skein, other].map((at) => ask(same, {}, at)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
  }
});

test('the same jti of two clients is two', async () => {
  const own = newPair('own');
  await register('like', [own], SCOPES);
  const claims = { jti: randomUUID() };
  expect((await ask(assertion({ claims }))).status).toBe(200);
  expect((await ask(assertion({ claims }, 'like', own))).status).toBe(200);
});

test('no assertion in which any byte was changed yields a token, and the unchanged one does', async () => {
  for (const alg of ['ES384', 'RS384'] as const) {
    const [name, own] = [`flipped-${alg}`, newPair('own', alg)];
    await register(name, [own], SCOPES);
    const text = assertion({}, name, own);
    const flip = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 0, max: 127 }));
    await fc.assert(
      fc.asyncProperty(flip, async ([at, code]) => {
        const byte = String.fromCharCode(code);
        fc.pre(byte !== text[at]);
        const reply = await ask(text.slice(0, at) + byte + text.slice(at + 1));
        return reply.status !== 200 && !('access_token' in reply.body);
      }),
      { numRuns: 150, examples: [...'ABCDwxyz'].map((byte) => [[text.length - 1, byte.charCodeAt(0)]]) },
    );
    expect((await ask(text)).status).toBe(200);
  }
});

describe('a token is refused at the next request, in every process,', () => {
  const tokenFor = async (name: string, own: Pair) => {
    await register(name, [own], SCOPES);
    const token = tokenOf(await ask(assertion({}, name, own)));
    expect((await read(token, '/fhir/Patient', other)).status).toBe(200);
    return token;
  };
  const refused = async (token: string) => {
    for (const at of [skein, other]) {
      const reply = await read(token, '/fhir/Patient', at);
      expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
  };

  test('of a client that was disabled; let in again, it needs another', async () => {
    const own = newPair('own');
    const token = await tokenFor('out', own);
    await setDisabled(database.pool, 'out', true);
    await refused(token);
    expect((await ask(assertion({}, 'out', own))).status).toBe(401);
    await setDisabled(database.pool, 'out', false);
    await refused(token);
    expect((await ask(assertion({}, 'out', own))).status).toBe(200);
  });

  test('of a client whose keys were replaced, and so is the old key', async () => {
    const [old, fresh] = [newPair('old'), newPair('fresh')];
    const token = await tokenFor('rotated', old);
    await setKeys(database.pool, 'rotated', { jwks: await setFrom([fresh]) });
    await refused(token);
    expect((await ask(assertion({}, 'rotated', old), {}, other)).status).toBe(401);
    expect((await ask(assertion({}, 'rotated', fresh), {}, other)).status).toBe(200);
  });

  test('of a client whose scopes were changed', async () => {
    const own = newPair('own');
    const token = await tokenFor('narrowed', own);
    await setScopes(database.pool, 'narrowed', ['system/Group.r']);
    await refused(token);
    expect((await ask(assertion({}, 'narrowed', own))).body.scope).toBe('system/Group.r');
  });

  test('after its five minutes, and is swept away', async () => {
    const own = newPair('own');
    const token = await tokenFor('late', own);
    const count = async () => (await database.pool.query('select from access_token')).rowCount;
    const before = await count();
    await database.pool.query(
      "update access_token set expires_at = now() where system_id = (select id from system where name = 'late')",
    );
    await refused(token);
    await sweepTokens(database.pool);
    expect(await count()).toBe(before);
    await database.pool.query(
      "update access_token set expires_at = now() - interval '6 minutes' where expires_at <= now()",
    );
    await sweepTokens(database.pool);
    expect(await count()).toBe((before ?? 0) - 1);
  });
});

test('a token that was given at registration works beside, until its system is given keys or another token', async () => {
  const token = await register('epr', [], null);
  expect((await read(token)).status).toBe(200);
  const fresh = (await renew(database.pool, 'epr')) as string;
  expect([(await read(token)).status, (await read(fresh)).status]).toEqual([401, 200]);
  await setKeys(database.pool, 'epr', { jwks: await setFrom([newPair('own')]) });
  for (const at of [skein, other]) expect((await read(fresh, '/fhir/Patient', at)).status).toBe(401);
});

test('with AUTH=token no access token is taken, and none is given', async () => {
  const token = tokenOf(await ask(assertion()));
  const plain = await startSkein(database, { AUTH: 'token', ROLES: 'api' });
  try {
    expect((await read(token, '/fhir/Patient', plain)).status).toBe(401);
    expect((await ask(assertion(), {}, plain)).status).toBe(404);
    expect((await plain.get('/fhir/.well-known/smart-configuration')).status).toBe(404);
  } finally {
    await plain.stop();
  }
});

test('how clients prove who they are is told to anybody, by SMART, CapabilityStatement and OpenAPI', async () => {
  const smart = await skein.get('/fhir/.well-known/smart-configuration');
  expect(smart.headers.get('content-type')).toMatch(/^application\/json/);
  expect(smart.body).toEqual({
    token_endpoint: AUDIENCE,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384', 'RS512'],
    scopes_supported: expect.arrayContaining([
      'system/*.cruds',
      'system/Patient.rus',
      'system/Subscription.cruds',
      'system/Task.rus',
      'system/Group.rs',
    ]),
    capabilities: ['client-confidential-asymmetric', 'permission-v2'],
  });
  const { body } = await skein.get('/fhir/metadata');
  const [{ security }] = body.rest as [{ security: Record<string, unknown> }];
  expect(JSON.stringify(security)).toContain(`"extension":[{"url":"token","valueUri":"${AUDIENCE}"}]`);
  expect(JSON.stringify(security)).toContain('"code":"SMART-on-FHIR"');
  const api = (await skein.get('/docs/openapi.json')).body as Record<string, Record<string, unknown>>;
  expect(api.components?.securitySchemes).toMatchObject({
    smart: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: AUDIENCE } } },
  });
  expect(api.paths?.['/oauth2/token']).toMatchObject({ post: { security: [] } });
  expect(api.paths?.['/fhir/Patient']).toMatchObject({
    get: { security: [{ bearer: [] }, { smart: ['system/Patient.s'] }] },
  });
});
