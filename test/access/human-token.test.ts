/** Who a person is, beside the system that asks: taken from a token of a configured issuer, and from nothing else. */
import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { encode, inSeconds, startKeyServer } from '../support/clients.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import {
  AUDIENCE,
  askingPeople,
  type HumanParts,
  humanToken,
  ISSUER,
  newHumanPair,
} from '../support/humans.ts';
import { startSkein } from '../support/skein.ts';

const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
};
const midwife = { sub: '910000000101', organisation: 'RXM', role: 'R8000' };
const ROLES = [
  { organisation: 'RXM', role: 'R8000', team: 'maternity', may: ['clinician'] },
  { organisation: 'RXM', role: 'R9000', team: 'theatre', may: ['clinician'] },
  { organisation: 'RXV', role: 'R8000', team: 'visiting', may: ['clinician', 'reviewer'] },
];
const first = newHumanPair('first');
const rsa = newHumanPair('rsa', 'RS256');
const stranger = newHumanPair('first');
const SECRET = Buffer.from(String(createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'pem' })));

let household: Household;
let settings: Record<string, string>;
beforeAll(async () => {
  const others = (['RS384', 'RS512', 'PS256', 'ES384'] as const).map((alg) => newHumanPair(alg, alg));
  pairs.push(...others);
  settings = await askingPeople(pairs, ROLES);
  household = await gather(SERVICES, settings);
}, 60_000);
afterAll(() => household.stop());
const pairs = [first, rsa];

const ask = (headers: Record<string, string>, system = 'maternity', skein = household.skein) =>
  skein.send('GET', '/fhir/Patient', { ...(system ? { 'x-skein-system': system } : {}), ...headers });
const asking = (token: string, system?: string) => ask({ 'x-skein-user': `Bearer ${token}` }, system);
const rowOf = async () => {
  const sql = 'select kind, outcome, name, human from audit order by id desc limit 1';
  return (await household.database.pool.query(sql)).rows[0];
};

test('a person is recorded beside the system: subject, role and organisation, and no name', async () => {
  expect((await asking(humanToken(first, { ...midwife, name: 'Zuleika Canary' }))).status).toBe(200);
  const human = { issuer: ISSUER, subject: midwife.sub, role: 'R8000', organisation: 'RXM' };
  expect(await rowOf()).toEqual({ kind: 'read', outcome: '200', name: 'maternity', human });
  expect((await ask({})).status).toBe(200);
  expect((await rowOf()).human).toBeNull();
});

test.each(['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384'])(
  'a token that is signed by %s is taken',
  async (alg) => {
    const pair = pairs.find((one) => one.alg === alg);
    expect((await asking(humanToken(pair as typeof first, midwife))).status).toBe(200);
  },
);

/** A good token with one thing wrong, by what is wrong. */
const WRONG: [string, () => string][] = [
  ['no JWT', () => 'a.b'],
  ['one with a part too many', () => `${humanToken(first, midwife)}.x`],
  ['one of 9,000 characters', () => good({ claims: { name: 'x'.repeat(9_000) } })],
  ['alg none, unsigned', () => good({ header: { alg: 'none' }, as: 'none' })],
  ['alg none, signed', () => good({ header: { alg: 'none' } })],
  ['alg None, in other letters', () => good({ header: { alg: 'nOnE' } })],
  [
    'HS256 with the public key as its secret',
    () => humanToken(rsa, midwife, { header: { alg: 'HS256' }, as: SECRET }),
  ],
  ['HS512', () => good({ header: { alg: 'HS512' }, as: Buffer.from('secret') })],
  ['RS256 for a key of EC', () => good({ header: { alg: 'RS256' } })],
  ['ES384 for a key of P-256', () => good({ header: { alg: 'ES384' } })],
  [
    'PS256 for a key that is for RS256',
    () => humanToken(rsa, midwife, { header: { alg: 'PS256' }, as: 'PS256' }),
  ],
  ['no kid', () => good({ header: { kid: undefined } })],
  ['an unknown kid', () => good({ header: { kid: 'second' } })],
  ['a key of its own in the header', () => humanToken(stranger, midwife, { header: { jwk: stranger.jwk } })],
  ['a URL of keys in the header', () => good({ header: { jku: 'https://keys.test/jwks.json' } })],
  ['crit', () => good({ header: { crit: ['exp'] } })],
  ['another typ', () => good({ header: { typ: 'logout+jwt' } })],
  ['another signer’s key', () => humanToken(stranger, midwife)],
  ['a signature of other bytes', () => changed()],
  ['another issuer', () => good({ claims: { iss: 'https://identity.test/realms/other' } })],
  ['an issuer that only begins so', () => good({ claims: { iss: `${ISSUER}/` } })],
  ['no issuer', () => good({ claims: { iss: undefined } })],
  ['another audience', () => good({ claims: { aud: 'other' } })],
  ['an audience among others', () => good({ claims: { aud: [AUDIENCE, 'other'] } })],
  ['no audience', () => good({ claims: { aud: undefined } })],
  ['one that has expired', () => good({ claims: { exp: inSeconds(-31) } })],
  ['no exp', () => good({ claims: { exp: undefined } })],
  ['an exp that is no number', () => good({ claims: { exp: String(inSeconds(60)) } })],
  ['one for an hour', () => good({ claims: { exp: inSeconds(3_600) } })],
  [
    'one that was issued longer ago than a quarter of an hour before its end',
    () => good({ claims: { iat: inSeconds(-600), exp: inSeconds(600) } }),
  ],
  ['one that is not valid yet', () => good({ claims: { nbf: inSeconds(60) } })],
  ['one that was issued in the future', () => good({ claims: { iat: inSeconds(60) } })],
  ['no iat', () => good({ claims: { iat: undefined } })],
  ['no sub', () => good({ claims: { sub: undefined } })],
  ['an empty sub', () => good({ claims: { sub: '' } })],
  ['no role selected', () => good({ claims: { selected_roleid: undefined } })],
  ['a role selected that it does not have', () => good({ claims: { selected_roleid: '556' } })],
  ['a claim twice', () => twice()],
];
const good = (parts: HumanParts) => humanToken(first, midwife, parts);
const changed = () => {
  const token = humanToken(first, midwife);
  return token.slice(0, -6) + (token.endsWith('AAAAAA') ? 'BBBBBA' : 'AAAAAA');
};
function twice(): string {
  const [header = '', claims = '', signature = ''] = humanToken(first, midwife).split('.');
  const text = Buffer.from(claims, 'base64url').toString().replace('{', '{"sub":"910000000999",');
  return [header, encode(text), signature].join('.');
}

describe('whatever is wrong with a token, it is refused in the same words', () => {
  test.each(WRONG)('%s', async (_what, token) => {
    const { status, body, headers } = await asking(token());
    expect([status, body.resourceType]).toEqual([401, 'OperationOutcome']);
    expect(headers.get('www-authenticate')).toBe('Bearer');
    expect(JSON.stringify(body)).toContain('X-Skein-User does not hold a token that is taken here');
    expect(JSON.stringify(body)).not.toMatch(/910000000|RXM|first|ES256|Sample/);
    expect(await rowOf()).toMatchObject({ kind: 'refusal', outcome: '401', name: 'maternity', human: null });
  });
  test.each(['Basic eHg6eHg=', 'Bearer', 'x'])('a header that holds no bearer token: %s', async (value) => {
    expect((await ask({ 'x-skein-user': value })).status).toBe(401);
  });
  test('two tokens', async () => {
    const token = humanToken(first, midwife);
    expect((await ask({ 'x-skein-user': `Bearer ${token}, Bearer ${token}` })).status).toBe(401);
  });
});

test('clocks may differ by half a minute', async () => {
  for (const claims of [{ exp: inSeconds(-20) }, { nbf: inSeconds(20) }, { iat: inSeconds(20) }])
    expect((await asking(good({ claims }))).status).toBe(200);
});

describe('a person who is known and does not act for the service that asks is refused', () => {
  test.each([
    ['of another organisation', { ...midwife, organisation: 'RXV' }, 'maternity'],
    ['in a role that nobody mapped', { ...midwife, role: 'R1111' }, 'maternity'],
    ['of another team of the same organisation', { ...midwife, role: 'R9000' }, 'maternity'],
    ['at a system of another organisation', midwife, 'visiting'],
    ['where no system asks', midwife, ''],
  ])('%s', async (_what, who, system) => {
    const { status, body } = await asking(humanToken(first, who), system);
    expect(status).toBe(403);
    expect(JSON.stringify(body)).not.toMatch(/910000000|RXM|RXV|R8000|R1111/);
  });
});

test('where no issuer is configured a token of a person is refused, and not left unread', async () => {
  const plain = await startSkein(household.database, { ROLES: 'api' });
  const headers = { 'x-skein-user': `Bearer ${humanToken(first, midwife)}` };
  expect((await ask(headers, 'maternity', plain)).status).toBe(401);
  expect((await ask({}, 'maternity', plain)).status).toBe(200);
  await plain.stop();
});

test('keys of the issuer are read at its URL, and again for a kid that is new', async () => {
  const served = { keys: [first.jwk] };
  const keys = await startKeyServer(() => ({
    ...{ status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' } },
    body: JSON.stringify(served),
  }));
  const skein = await startSkein(household.database, {
    ...settings,
    ROLES: 'api',
    HUMAN_JWKS: keys.url,
    WEBHOOK_ALLOW: '127.0.0.1',
  });
  const status = async (pair: typeof first) =>
    (await ask({ 'x-skein-user': `Bearer ${humanToken(pair, midwife)}` }, 'maternity', skein)).status;
  expect(await status(first)).toBe(200);
  expect(await status(rsa)).toBe(401);
  served.keys = [rsa.jwk];
  expect(await status(rsa)).toBe(200);
  expect(await status(first)).toBe(401);
  await skein.stop();
  await keys.close();
});

test('half of the settings, or a file that is none, ends the start by name', async () => {
  const { HUMAN_ROLES: _left, ...half } = settings;
  expect(() => readConfig(half)).toThrow(/HUMAN_ISSUER.*are needed together/);
  expect(() => readConfig({ ...settings, HUMAN_ISSUER: 'http://identity.example' })).toThrow(/HUMAN_ISSUER/);
  for (const name of ['HUMAN_ROLES', 'HUMAN_JWKS'])
    await expect(
      startSkein(household.database, { ...settings, ROLES: 'api', [name]: '/nowhere/file' }),
    ).rejects.toThrow(name);
});
