/** Secrets at rest: what is in the database is no secret to whoever reads it, and nothing is sent without the key. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subscription } from '@medplum/fhirtypes';
import { Webhook } from 'standardwebhooks';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { startDelivery } from '../../src/deliver/send/worker.ts';
import { registerSubscriptions, SECRET_URL } from '../../src/deliver/subscribe/routes.ts';
import { startSequencer } from '../../src/publish/sequencer.ts';
import { readKey } from '../../src/store/pool.ts';
import { openVault } from '../../src/store/vault.ts';
import { appendEvents, episodeEvent, loopbackContext, subscriptionTo } from '../deliver/support.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';

const newKey = () => randomBytes(32).toString('base64');
const [first, second] = [newKey(), newKey()];
const HEADER = 'Authorization: Bearer planted-in-a-header';
let database: TestDatabase;

beforeEach(async () => {
  database = await testDatabase();
});

async function skein(command: string, env: Record<string, string> = {}) {
  const program = runProgram(['bin/skein.js', ...command.split(' ')], { DATABASE_URL: database.url, ...env });
  return { code: await program.exit(), output: program.output() };
}

/** Everything that holds a secret, as somebody who reads the database has it. */
async function dump(): Promise<string> {
  const { rows } = await database.pool.query(
    "select (select string_agg(s::text, ' ') from subscription s) as a, (select value from setting where name = 'key') as b",
  );
  return JSON.stringify(rows);
}

/** Subscribes by HTTP, with a header of its own; `env` as the process has it. */
async function subscriber(env: Record<string, string> = {}) {
  const ctx = { ...loopbackContext(database, env), vault: openVault(env) };
  const app = buildApp(ctx, [registerSubscriptions]);
  const receiver = await startReceiver();
  onTestFinished(async () => {
    await app.close();
    await receiver.close();
  });
  const ask = async (method: 'GET' | 'POST', url: string, body?: object) => {
    const headers = body ? { 'content-type': 'application/fhir+json' } : {};
    const given = { method, url: `/fhir/Subscription${url}`, headers, ...(body ? { payload: body } : {}) };
    return (await app.inject(given)).json() as Subscription;
  };
  const create = () => {
    const wanted = subscriptionTo(`${receiver.url}/hook`) as Subscription;
    return ask('POST', '', { ...wanted, channel: { ...wanted.channel, header: [HEADER] } });
  };
  const work = async () => {
    const [delivery, sequencer] = [await startDelivery(ctx), startSequencer(ctx)];
    onTestFinished(() => delivery.stop());
    onTestFinished(() => sequencer.stop());
  };
  return { ctx, receiver, ask, create, work };
}
const secretIn = ({ extension }: Subscription) =>
  extension?.find(({ url }) => url === SECRET_URL)?.valueString ?? '';

test('what signs and what headers say is not to be read in the database, and is sent as ever', async () => {
  const { ctx, receiver, ask, create, work } = await subscriber({ SECRET_KEY: first });
  const made = await create();
  const rotated = await ask('POST', `/${made.id}/$rotate-secret`);
  const found = await dump();
  for (const planted of ['whsec_', 'planted-in-a-header', secretIn(made).slice(6)])
    expect(found).not.toContain(planted);
  expect((await ask('GET', `/${made.id}`)).channel.header).toEqual([HEADER]);
  await work();
  await receiver.until((posts) => posts.length > 0);
  await appendEvents(database.pool, [episodeEvent()]);
  ctx.signals.emit('committed');
  const [, post] = await receiver.until((posts) => posts.length > 1);
  expect(post?.headers.authorization).toBe('Bearer planted-in-a-header');
  for (const secret of [secretIn(made), secretIn(rotated)])
    new Webhook(secret).verify(post?.body ?? '', post?.headers as Record<string, string>);
});

test('what is in the clear is encrypted at the first start with a key, and nothing starts without it any more', async () => {
  const { create } = await subscriber();
  const secret = secretIn(await create());
  const key = (await readKey(database.pool)).toString('hex');
  expect(await dump()).toContain(secret);
  expect((await skein('doctor')).output).toContain('trial: secrets are kept in the clear');
  expect((await skein('doctor', { SECRET_KEY: first })).output).not.toContain('in the clear');
  const found = await dump();
  for (const planted of [secret, key, 'planted-in-a-header']) expect(found).not.toContain(planted);
  expect((await readKey(database.pool, openVault({ SECRET_KEY: first }))).toString('hex')).toBe(key);
  for (const wrong of ['', second]) {
    const server = runProgram(['src/main.ts'], {
      ...{ DATABASE_URL: database.url, PORT: '0', MLLP_PORT: '0' },
      SECRET_KEY: wrong,
    });
    expect(await server.exit()).toBe(1);
    const said = server.output().trim().split('\n').at(-1);
    expect(said).toMatch(/^skein: SECRET_KEY: the secrets of this store are sealed by the key [0-9a-f]{8}/);
    expect(server.output()).not.toContain(second);
  }
  expect(await dump()).toBe(found);
});

test('a key is rotated: the former one is needed until then, and not afterwards', async () => {
  const { create } = await subscriber({ SECRET_KEY: first });
  const secret = secretIn(await create());
  await skein('system list', { SECRET_KEY: first });
  const sealed = await dump();
  expect((await skein('system list', { SECRET_KEY: `${second},${first}` })).code).toBe(0);
  // A start does not rotate: processes that know the former key alone go on.
  expect(await dump()).toBe(sealed);
  expect((await skein('secrets rotate', { SECRET_KEY: first })).output).toMatch(/^0 secrets/);
  const done = await skein('secrets rotate', { SECRET_KEY: `${second},${first}` });
  expect(done).toMatchObject({ code: 0, output: expect.stringMatching(/^\d secrets encrypted again/) });
  expect((await skein('system list', { SECRET_KEY: first })).code).toBe(1);
  const folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'keys');
  await writeFile(file, `${second}\n`);
  expect((await skein('system list', { SECRET_KEY_FILE: file })).code).toBe(0);
  const { rows } = await database.pool.query('select id, secret from subscription');
  const vault = openVault({ SECRET_KEY: second });
  expect(vault.open(rows[0].secret, `subscription ${rows[0].id}`)).toBe(secret);
  // Moved to another subscription it is opened nowhere.
  expect(() => vault.open(rows[0].secret, 'subscription other')).toThrow();
});

test('a worker without the key signs nothing with anything else, and one with it goes on', async () => {
  const owner = await subscriber({ SECRET_KEY: first });
  const secret = secretIn(await owner.create());
  await (await subscriber()).work();
  const tried = async () => (await database.pool.query('select from attempt')).rowCount;
  await expect.poll(tried, { timeout: 30_000 }).toBeGreaterThan(0);
  await owner.work();
  const active = "select from subscription where status = 'active'";
  await expect.poll(async () => (await database.pool.query(active)).rowCount, { timeout: 30_000 }).toBe(1);
  expect(owner.receiver.posts).not.toEqual([]);
  for (const { body, headers } of owner.receiver.posts)
    new Webhook(secret).verify(body, headers as Record<string, string>);
});

test('whoever serves others without a key is warned at the start, and told by doctor', async () => {
  const env = { AUTH: 'token', HOST: '0.0.0.0' };
  const server = runProgram(['src/main.ts'], {
    ...{ DATABASE_URL: database.url, PORT: '0', ROLES: 'worker' },
    ...env,
  });
  await server.says(/"event":"ready"/);
  expect(server.output()).toContain('SECRET_KEY is not set');
  server.child.kill('SIGTERM');
  await server.exit();
  const told = await skein('doctor', env);
  expect(told).toMatchObject({ code: 1, output: expect.stringContaining('secrets: SECRET_KEY is not set') });
});

test.each(['short', `${first.slice(0, 40)}`, `${first},nonsense`])(
  'a key that is none ends the start: %#',
  async (text) => {
    const { code, output } = await skein('system list', { SECRET_KEY: text });
    expect([code, output]).toEqual([
      1,
      'skein: SECRET_KEY: a key is 32 bytes in base64 (openssl rand -base64 32)\n',
    ]);
  },
);
