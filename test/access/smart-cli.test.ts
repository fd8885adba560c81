/** Clients as an operator registers, changes, disables and examines them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { moveSector } from '../../src/access/register/clients.ts';
import { findActive } from '../../src/access/register/systems.ts';
import { explainAssertion } from '../../src/admin/auth.ts';
import { type KeyFlags, readCredentials } from '../../src/admin/credentials.ts';
import { WrongUse } from '../../src/command/wrong-use.ts';
import { Config } from '../../src/config.ts';
import {
  formOf,
  inSeconds,
  keysServed,
  makeAssertion,
  newPair,
  type Pair,
  type Parts,
  setOf,
  startKeyServer,
} from '../support/clients.ts';
import { runCommand } from '../support/command-line.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';
import { startSkein } from '../support/skein.ts';

const PUBLIC_URL = 'https://skein.test';
const AUDIENCE = `${PUBLIC_URL}/oauth2/token`;
const HEADERS = { 'content-type': 'application/x-www-form-urlencoded' };
const SCOPES = 'system/*.rs system/Subscription.cruds';
const HV = ['--name', 'hv', '--ods', 'RYY', '--team', 'hv', '--sector', 'health-visiting'];

let database: TestDatabase;
let folder: string;
let server: Awaited<ReturnType<typeof startSkein>>;
const first = newPair('first');
const second = newPair('second', 'RS384');

beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  server = await startSkein(database, {
    AUTH: 'smart',
    ROLES: 'api',
    PUBLIC_URL,
    WEBHOOK_ALLOW: '127.0.0.1',
  });
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

const env = () => ({
  ...{ DATABASE_URL: database.url, AUTH: 'smart', PUBLIC_URL },
  WEBHOOK_ALLOW: '127.0.0.1',
});
const skein = (...args: string[]) => runCommand(args, env());

/** What the command does, without a program of its own. */
async function examine(file: string, scope = '') {
  const config = Config.parse({ AUTH: 'smart', PUBLIC_URL, WEBHOOK_ALLOW: '127.0.0.1' });
  const { code = 0, text } = await explainAssertion(testContext(database, { config }), file, scope);
  return { code, text };
}

async function keep(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
const keySet = (...pairs: Pair[]) => keep('jwks.json', JSON.stringify(setOf(...pairs)));
const assertion = (pair: Pair, parts?: Parts, client = 'hv') =>
  makeAssertion({ client, audience: AUDIENCE, pair }, parts);
const ask = (text: string) => server.send('POST', '/oauth2/token', HEADERS, formOf(text));
const read = async (token: unknown) =>
  (await server.send('GET', '/fhir/Patient', { authorization: `Bearer ${token}` })).status;

test('a client is registered with its keys, gets tokens by them, and none is printed', async () => {
  const jwks = await keySet(first);
  const added = await skein('system', 'add', ...HV, '--jwks', jwks, '--scopes', SCOPES);
  expect(added.output).toContain('client_id: hv\n');
  expect(added.output).not.toMatch(/token/);
  const reply = await ask(assertion(first));
  expect([reply.status, reply.body.scope]).toEqual([200, SCOPES]);
  const { output } = await skein('system', 'list');
  expect(output).toContain(
    `hv: RYY hv, sector health-visiting, source none, held AE, keys first, scopes ${SCOPES}\n`,
  );
});

test('what cannot be registered is refused before anything is changed', async () => {
  const { privateKey } = newPair('own');
  const secret = { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'own' }] };
  const jwks = await keep('private.json', JSON.stringify(secret));
  const other = ['--name', 'other', '--ods', 'RYY', '--team', 'other'];
  const refused = await skein('system', 'add', ...other, '--jwks', jwks);
  expect(refused).toEqual({ code: 2, output: expect.stringContaining('is a private key') });
  expect(await findActive(database.pool, 'other')).toBeNull();
});

test.each<[KeyFlags, string]>([
  [{ jwks: 'keys.json', 'jwks-url': 'https://hv.example/jwks' }, 'not both'],
  [{ 'jwks-url': 'ftp://hv.example/jwks' }, '--jwks-url is an https:// URL'],
  [{ 'jwks-url': 'https://user:word@hv.example/jwks' }, 'without user'],
  [{ 'jwks-url': 'https://hv.example/jwks#1' }, 'fragment'],
  [{ scopes: 'system/Patient.read' }, '--scopes is a list such as'],
  [{ scopes: 'system/Practitioner.rs' }, '--scopes is a list such as'],
])('%j is used wrongly', async (flags, said) => {
  await expect(readCredentials(flags)).rejects.toThrow(said);
  await expect(readCredentials(flags)).rejects.toThrow(WrongUse);
});

test('rotated keys take the place of the old, and a token that is rotated is printed once', async () => {
  const { access_token } = (await ask(assertion(first))).body;
  expect(await read(access_token)).toBe(200);
  expect((await skein('system', 'rotate', '--name', 'hv')).output).toContain('give the new ones');
  expect((await skein('system', 'rotate', '--name', 'hv', '--jwks', await keySet(second))).code).toBe(0);
  expect(await read(access_token)).toBe(401);
  expect([(await ask(assertion(first))).status, (await ask(assertion(second))).status]).toEqual([401, 200]);
  const add = ['system', 'add', '--name', 'epr', '--ods', 'RYY', '--team', 'epr', '--json'];
  const { token } = JSON.parse((await skein(...add)).output);
  expect(await read(token)).toBe(200);
  const fresh = JSON.parse((await skein('system', 'rotate', '--name', 'epr', '--json')).output);
  expect([await read(token), await read(fresh.token)]).toEqual([401, 200]);
  expect((await skein('system', 'rotate')).code).toBe(2);
  expect((await skein('system', 'rotate', '--name', 'nobody')).code).toBe(1);
});

test('a client that keeps its keys at a URL has them read anew when it is rotated', async () => {
  const keys = await startKeyServer(() => keysServed([first], { 'cache-control': 'max-age=3600' }));
  const at = ['--name', 'url', '--ods', 'RYY', '--team', 'url', '--jwks-url', keys.url, '--scopes', SCOPES];
  expect((await skein('system', 'add', ...at)).output).toContain(`keys at ${keys.url}`);
  expect((await ask(assertion(first, {}, 'url'))).status).toBe(200);
  keys.serve = () => keysServed([second]);
  expect((await ask(assertion(second, {}, 'url'))).status).toBe(401);
  expect((await skein('system', 'rotate', '--name', 'url')).code).toBe(0);
  expect((await ask(assertion(second, {}, 'url'))).status).toBe(200);
  expect((await ask(assertion(first, {}, 'url'))).status).toBe(401);
  await keys.close();
});

test('a system that is disabled is refused at once and sent nothing, until it is let in again', async () => {
  const { access_token } = (await ask(assertion(second))).body;
  const insert = `insert into subscription (id, system_id, secret, status, resource, content, endpoint, origin, headers, timeout, max_count, clauses, encounters)
    select gen_random_uuid(), id, 'x', 'active', '{}', 'empty', 'https://hv.example/', 'https://hv.example', '{}', 10, 1, 0, false
    from system where name = 'hv'`;
  await database.pool.query(insert);
  const statuses = async () => (await database.pool.query('select status, version from subscription')).rows;
  expect(await statuses()).toEqual([{ status: 'active', version: 1 }]);
  expect((await skein('system', 'disable', '--name', 'hv')).output).toContain('refused from now on');
  expect(await read(access_token)).toBe(401);
  expect((await ask(assertion(second))).status).toBe(401);
  expect(await statuses()).toEqual([{ status: 'off', version: 2 }]);
  expect((await skein('system', 'list')).output).toMatch(/^hv: .*, disabled, keys second/m);
  expect((await skein('system', 'disable', '--name', 'hv', '--undo')).code).toBe(0);
  expect((await ask(assertion(second))).status).toBe(200);
  expect(await statuses()).toEqual([{ status: 'off', version: 2 }]);
});

test('another sector takes two people, by name, each time that it is changed', async () => {
  const set = ['system', 'set', '--name', 'hv', '--sector', 'maternity'];
  const sector = async () => (await findActive(database.pool, 'hv'))?.service.sector;
  const move = (to: string, ...approvers: string[]) =>
    moveSector(database.pool, { name: 'hv', sector: to }, approvers);
  expect(await skein(...set, '--approved-by', 'A. Caldicott')).toEqual({
    code: 1,
    output: expect.stringContaining('needs two approvers'),
  });
  expect(await move('maternity', 'a. caldicott', ' A. CALDICOTT ', '')).toBe(false);
  expect(await sector()).toBe('health-visiting');
  expect((await skein(...set, '--approved-by', 'B. Controller')).output).toContain('skein rebuild');
  expect(await sector()).toBe('maternity');
  expect(await move('health-visiting', 'A. Caldicott', 'B. Controller')).toBe(true);
  expect(await move('maternity')).toBe(false);
  expect(await sector()).toBe('health-visiting');
  await expect(move('police', 'A. Caldicott', 'B. Controller')).rejects.toThrow('never registered');
  await expect(move('astrology', 'A. Caldicott', 'B. Controller')).rejects.toThrow('unknown sector');
});

test.each<[string, Parts, Pair, string[]]>([
  ['nothing', {}, second, ['well: it would be answered with an access token']],
  [
    'another URL',
    { claims: { aud: 'https://x.example/token' } },
    second,
    [`aud: aud is "https://x.example/token": it must be exactly "${AUDIENCE}" (PUBLIC_URL)`],
  ],
  ['an end that is past', { claims: { exp: inSeconds(-3_600) } }, second, ['seconds ago by the clock here']],
  [
    'an end that is far',
    { claims: { exp: inSeconds(3_600) } },
    second,
    ['by the clock here: at most 300 are taken'],
  ],
  [
    'no jti and another sub',
    { claims: { jti: undefined, sub: 'him' } },
    second,
    ['sub: sub is "him" and iss "hv": both are the client id', 'jti-missing: there is no jti'],
  ],
  ['another kid', {}, first, ['kid-unknown: no key of the client has the kid "first"']],
  ['another key', {}, newPair('second', 'RS384'), ['signature: it was not signed by the private half']],
  [
    'another client',
    { claims: { iss: 'nobody', sub: 'nobody' } },
    second,
    ['client-unknown: no system of this name'],
  ],
  [
    'alg none',
    { header: { alg: 'HS256' }, as: Buffer.from('key') },
    second,
    ['alg: alg is "HS256": it must be one of RS384, ES384, RS512'],
  ],
  ['crit', { header: { crit: ['x'] } }, second, ['crit: the header has crit']],
  [
    'a jku',
    { header: { jku: 'https://x.example/jwks' } },
    second,
    ['jku: jku is "https://x.example/jwks", and "no URL" is registered'],
  ],
])('the doctor says what is wrong with an assertion with %s', async (_name, parts, pair, said) => {
  const { code, text: output } = await examine(await keep('assertion.jwt', `${assertion(pair, parts)}\n`));
  expect(output.trim().split('\n')).toEqual(said.map((text) => expect.stringContaining(text)));
  expect(code).toBe(said[0]?.startsWith('well') ? 0 : 1);
});

test('the doctor uses nothing up, and says what was used and what is not granted', async () => {
  const text = assertion(second);
  const file = await keep('assertion.jwt', text);
  expect([(await examine(file)).code, (await examine(file)).code]).toEqual([0, 0]);
  expect((await examine(file, 'system/Patient.u')).text).toBe(
    `scope: system/Patient.u is not granted to it: skein system set --scopes; it has ${SCOPES}\n`,
  );
  expect((await ask(text)).status).toBe(200);
  const found = await skein('auth', 'doctor', file, '--json');
  expect([found.code, JSON.parse(found.output)]).toEqual([
    1,
    [{ code: 'jti-used', words: expect.any(String) }],
  ]);
});

test('the doctor reads standard input, and needs a file or -', async () => {
  const program = runProgram(['bin/skein.js', 'auth', 'doctor', '-'], env());
  const [code, output] = [await program.exit(), program.output()];
  expect([code, output]).toEqual([1, expect.stringMatching(/^malformed: /)]);
  expect((await skein('auth', 'doctor')).code).toBe(2);
});

test('the doctor says why keys cannot be had at their URL', async () => {
  const at = ['--name', 'gone', '--ods', 'RYY', '--team', 'gone', '--jwks-url', 'http://127.0.0.1:9/jwks'];
  await skein('system', 'add', ...at, '--scopes', SCOPES);
  const file = await keep('assertion.jwt', assertion(first, {}, 'gone'));
  expect((await examine(file)).text).toMatch(
    /^keys-unread: no keys can be had at http:\/\/127.0.0.1:9\/jwks: econnrefused\n$/,
  );
});
