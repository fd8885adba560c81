import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { testDatabase } from '../support/database.ts';
import { type Program, runProgram } from '../support/process.ts';
import { redisWithPolicy } from '../support/redis-server.ts';

async function start(env: Record<string, string> = {}): Promise<Program> {
  const { url } = await testDatabase();
  return runProgram(['src/main.ts'], { DATABASE_URL: url, PORT: '0', MLLP_PORT: '0', ...env });
}

const READY = /"event":"ready","url":"(http:[^"]+)"/;
const urlOf = (output: string): string => READY.exec(output)?.[1] as string;

test('it says when it is ready, answers, and leaves with 0 on SIGTERM', async () => {
  const skein = await start();
  const url = urlOf(await skein.says(READY));
  expect(await (await fetch(`${url}/health/ready`)).json()).toEqual({ status: 'ready', reasons: [] });
  const { rest } = (await (await fetch(`${url}/fhir/metadata`)).json()) as CapabilityStatement;
  expect(rest?.[0]?.security?.description).toContain('this machine alone is answered');
  expect(skein.output()).toContain('AUTH=none: nobody is asked who they are');
  skein.child.kill('SIGTERM');
  expect(await skein.exit()).toBe(0);
  expect(skein.output()).toContain('"event":"stopped"');
});

test('nobody reads its log any more: it goes on serving, and leaves with 0 on SIGTERM', async () => {
  const skein = await start({ LOG_LEVEL: 'debug' });
  const url = urlOf(await skein.says(READY));
  skein.child.stdout?.destroy();
  for (const path of ['/nothing', '/fhir/metadata', '/health/ready', '/nothing'])
    expect((await fetch(`${url}${path}`)).status).toBe(path === '/nothing' ? 404 : 200);
  skein.child.kill('SIGTERM');
  expect(await skein.exit()).toBe(0);
});

test('a worker serves health and metrics, and no API', async () => {
  const skein = await start({ ROLES: 'worker' });
  const url = urlOf(await skein.says(READY));
  const status = async (path: string) => (await fetch(`${url}${path}`)).status;
  expect([await status('/health/live'), await status('/metrics'), await status('/fhir/metadata')]).toEqual([
    200, 200, 404,
  ]);
  const beats = async () =>
    (await (await fetch(`${url}/metrics`)).text()).match(/last_success_timestamp_seconds\{loop="\w+"/g);
  await expect.poll(beats, { timeout: 5_000 }).toHaveLength(2);
  skein.child.kill('SIGINT');
  expect(await skein.exit()).toBe(0);
});

test('a port that is taken is one clear line and exit 1', async () => {
  const holder = createServer();
  await once(holder.listen(0, '127.0.0.1'), 'listening');
  const { port } = holder.address() as AddressInfo;
  const skein = await start({ PORT: String(port), LOG_LEVEL: 'silent' });
  expect(await skein.exit()).toBe(1);
  expect(skein.output()).toBe(
    `skein: port ${port} is taken: set PORT or MLLP_PORT, or stop what listens there\n`,
  );
  holder.close();
});

test('MLLP without certificates is refused before any store is started, where senders must be known', async () => {
  const open = runProgram(['src/main.ts'], {
    AUTH: 'token',
    DATA_DIR: '/nowhere/at/all',
    LOG_LEVEL: 'silent',
  });
  expect(await open.exit()).toBe(1);
  expect(open.output()).toMatch(/^skein: with AUTH=token.* set MLLP_TLS_KEY, .*\n$/);
});

test('wrong settings, and a database that refuses us, are one clear line and exit 1', async () => {
  const wrong = runProgram(['src/main.ts'], { PORT: 'eighty', LOG_LEVEL: 'silent' });
  expect(await wrong.exit()).toBe(1);
  expect(wrong.output()).toMatch(/^skein: the configuration is wrong: PORT: .*\n$/);
  const { url } = await testDatabase();
  const refused = runProgram(['src/main.ts'], { DATABASE_URL: `${url}_not_there`, LOG_LEVEL: 'silent' });
  expect(await refused.exit()).toBe(1);
  expect(refused.output()).toMatch(/^skein: DATABASE_URL: database "\w+" does not exist\n$/);
});

test.each([
  [
    { WEBHOOK_ALLOW: '10.0.0.0/99' },
    /^skein: WEBHOOK_ALLOW: "10\.0\.0\.0\/99" is no address or CIDR range\n$/,
  ],
  [
    { MLLP_TLS_KEY: 'package.json', MLLP_TLS_CERT: 'package.json' },
    /^skein: MLLP_TLS_KEY names a file that is no PEM of one\n$/,
  ],
  [{ REDIS_URL: 'nonsense' }, /^skein: the configuration is wrong: REDIS_URL: not a redis:\/\/ URL\n$/],
] as [Record<string, string>, RegExp][])('%j ends the start with a line that names it', async (env, line) => {
  const skein = await start({ LOG_LEVEL: 'silent', ...env });
  expect(await skein.exit()).toBe(1);
  expect(skein.output()).toMatch(line);
});

test('a Redis that does not answer is a line of the log that names its setting, and no reason not to start', async () => {
  const skein = await start({ REDIS_URL: 'redis://127.0.0.1:1' });
  expect(await skein.says(/REDIS_URL: Redis does not answer/)).toContain('"event":"queue.away"');
  expect(READY.test(await skein.says(READY))).toBe(true);
});

test('a Redis that may throw wake-ups away is refused at start, and named', async () => {
  const redis = await redisWithPolicy('allkeys-lru');
  const skein = await start({ REDIS_URL: redis.url, LOG_LEVEL: 'silent' });
  expect(await skein.exit()).toBe(1);
  expect(skein.output()).toBe(
    'skein: REDIS_URL: maxmemory-policy is allkeys-lru, which throws wake-ups away: set it to noeviction\n',
  );
});

test('a Redis that begins to throw away, and one that tells no policy, are told by health and doctor', async () => {
  const redis = await redisWithPolicy('noeviction');
  const { url: DATABASE_URL } = await testDatabase();
  const env = { DATABASE_URL, PORT: '0', MLLP_PORT: '0', REDIS_URL: redis.url };
  const url = urlOf(await runProgram(['src/main.ts'], env).says(READY));
  const reasons = async () =>
    ((await (await fetch(`${url}/health/ready`)).json()) as { reasons: string[] }).reasons;
  await expect.poll(reasons).toEqual([]);
  redis.state.policy = 'volatile-ttl';
  expect(await reasons()).toEqual([expect.stringMatching(/^REDIS_URL: maxmemory-policy is volatile-ttl/)]);
  redis.state.policy = null;
  expect(await reasons()).toEqual([expect.stringMatching(/^REDIS_URL: .*maxmemory-policy is not told/)]);
  const doctor = runProgram(['bin/skein.js', 'doctor'], env);
  expect(await doctor.exit()).toBe(1);
  expect(doctor.output()).toMatch(/^queue: REDIS_URL: .*maxmemory-policy is not told/m);
  redis.state.policy = 'silent';
  expect(await reasons()).toEqual([expect.stringMatching(/^REDIS_URL: the queue does not answer/)]);
});

test.each(['api', 'worker'])(
  'a Redis that does not answer is told by /health/ready of ROLES=%s',
  async (ROLES) => {
    const skein = await start({ ROLES, REDIS_URL: 'redis://127.0.0.1:1' });
    const url = urlOf(await skein.says(READY));
    const response = await fetch(`${url}/health/ready`);
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'ready', reasons: [expect.stringMatching(/^REDIS_URL: the queue does not answer/)] },
    ]);
    skein.child.kill('SIGTERM');
    expect(await skein.exit()).toBe(0);
  },
);

test('a store that a newer version made is refused at start, and named', async () => {
  const { url, pool } = await testDatabase();
  await pool.query("insert into migration (name) values ('999-future.sql')");
  const skein = runProgram(['src/main.ts'], { DATABASE_URL: url, LOG_LEVEL: 'silent' });
  expect(await skein.exit()).toBe(1);
  expect(skein.output()).toMatch(
    /^skein: DATABASE_URL: the store has 999-future\.sql, which this version .*\n$/,
  );
});

test('a store that only reads is refused at start, and named', async () => {
  const { url, name, pool } = await testDatabase();
  await pool.query(`alter database ${name} set default_transaction_read_only = on`);
  const skein = runProgram(['src/main.ts'], { DATABASE_URL: url, LOG_LEVEL: 'silent' });
  expect(await skein.exit()).toBe(1);
  expect(skein.output()).toMatch(/^skein: DATABASE_URL: .*: it is read-only\n$/);
});
