/** A subscriber's first hour: `skein listen`, and the receivers that the documentation shows, as they stand there. */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Subscription } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { listen } from '../../src/listen/listen.ts';
import { secretIn, subscription } from '../../src/listen/receiver.ts';
import { gather, type Household } from '../support/household.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at } from '../support/roll.ts';
import { chart, episodeOf, transactionOf } from '../support/transactions.ts';

let household: Household;
let people = 0;
beforeAll(async () => {
  household = await gather({ perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'] });
});
afterAll(() => household.stop());

async function beginCare(): Promise<void> {
  const n = ++people;
  const whom = chart('perinatal', {
    nhs: nhsNumber(700 + n),
    given: `Una${n}`,
    family: 'Tregear',
    born: '1990-01-01',
  });
  const said = [whom, episodeOf(whom, 'perinatal', { id: `L${n}`, start: ago(3) })];
  expect((await household.skein.transaction(transactionOf(said, at(ago(2))), 'perinatal')).status).toBe(200);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 400; turn++) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error('it did not come within 10 s');
}

/** `skein listen` in this process, ended as by Ctrl-C. */
function start(...args: string[]) {
  const said = { out: '', error: '' };
  const left = Promise.withResolvers<void>();
  const code = listen(['listen', ...args], {
    out: (text) => {
      said.out += text;
    },
    error: (text) => {
      said.error += text;
    },
    left: left.promise,
  });
  const end = () => {
    left.resolve();
    return code;
  };
  return { said, end, code };
}
const own = ['--system', 'perinatal'];

test('listen shows what comes, numbered, named and with what may be read of it; and ends what it began', async () => {
  const url = ['--url', household.skein.url];
  const { said, end } = start(...own, ...url);
  await until(() => said.out.includes('handshake'));
  await beginCare();
  await until(() =>
    /#1 .*episode-started\n {4}EpisodeOfCare\/[0-9a-f-]+: active, from .*, of Patient\//.test(said.out),
  );
  expect(said.out).not.toMatch(/Una|Tregear/);
  expect(await end()).toBe(0);
  const [, id] = /Subscription\/([0-9a-f-]+)/.exec(said.error) ?? [];
  const { status } = await household.skein.get(`/fhir/Subscription/${id}`, 'perinatal');
  expect(status).toBe(410);
});

test('listen --json gives each notification as it came', async () => {
  const { said, end } = start(...own, '--json', '--url', household.skein.url, '--content', 'empty');
  await until(() => said.out.includes('\n'));
  expect(JSON.parse(said.out.trim())).toMatchObject({ resourceType: 'Bundle', type: 'history' });
  expect(await end()).toBe(0);
});

test.each([
  [[], 2, '--system NAME'],
  [['--system', 'perinatal', '--port', 'x'], 2, '--port "x" is no port'],
  [
    ['--system', 'perinatal', '--frobnicate'],
    2,
    'there is no option --frobnicate here: it is one of --help, --json, --system',
  ],
  [['--system', 'perinatal', 'now'], 2, 'takes no "now"'],
])('listen %j is used wrongly, and says how it is used', async (args, code, words) => {
  const { said, code: done } = start(...args);
  expect(await done).toBe(code);
  expect(said.error).toContain(words);
  expect(said.error).toContain('skein listen --help');
});

test('listen says in words of its own that nothing answers, and in Skein’s what is refused', async () => {
  await expect(start(...own, '--url', 'http://127.0.0.1:9').code).rejects.toThrow('no Skein answers at');
  const refused = start(...own, '--url', household.skein.url, '--filter', 'colour=red').code;
  await expect(refused).rejects.toThrow(/answered 422: .*colour/);
});

const hasPython = (() => {
  try {
    return (
      execFileSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 9))']).toString().trim() ===
      'True'
    );
  } catch {
    return false;
  }
})();
const RECEIVERS = [
  { language: 'ts', program: process.execPath, file: 'receiver.ts' },
  { language: 'python', program: 'python3', file: 'receiver.py' },
];

test.each(RECEIVERS)(
  'the receiver in $language that docs/subscriptions.md shows verifies and takes what is sent',
  async (one) => {
    const { language, program, file } = one;
    const skip = language === 'python' && !hasPython;
    if (skip && process.env.REQUIRE_SERVICES === '1')
      throw new Error('no python3 of version 3.9 or later was found');
    const text = await readFile('docs/subscriptions.md', 'utf8');
    const [, source = ''] = new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(text) ?? [];
    expect(source.split('\n').length).toBeLessThan(45);
    if (skip) return;
    const folder = await mkdtemp(join(tmpdir(), 'skein-receiver-'));
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, file), source);

    const port = await freePort();
    const wish = { endpoint: `http://127.0.0.1:${port}/`, content: 'id-only' };
    const create = JSON.stringify(subscription({ ...wish, status: 'off' }));
    const headers = { 'content-type': 'application/fhir+json', 'x-skein-system': 'perinatal' };
    const made = (await household.skein.send('POST', '/fhir/Subscription', headers, create))
      .body as unknown as Subscription;
    const env = { ...process.env, SKEIN_SECRET: secretIn(made), PORT: String(port) };
    const child = spawn(program, [file], { cwd: folder, env });
    onTestFinished(() => void child.kill());
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk;
      });
    await until(() =>
      fetch(wish.endpoint, { method: 'POST', body: '{}' }).then(
        ({ status }) => status === 401,
        () => false,
      ),
    );

    const path = `/fhir/Subscription/${made.id}`;
    const asked = JSON.stringify({ ...subscription({ ...wish, status: 'requested' }), id: made.id });
    expect((await household.skein.send('PUT', path, headers, asked)).status).toBe(200);
    await until(async () => (await household.skein.get(path, 'perinatal')).body.status === 'active');
    await beginCare();
    await until(() => /1 episode-started \S+\/EpisodeOfCare\//.test(said));
    const forged = { 'webhook-id': randomUUID(), 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' };
    expect((await fetch(wish.endpoint, { method: 'POST', body: '{}', headers: forged })).status).toBe(401);
    expect((await household.skein.send('DELETE', path, { 'x-skein-system': 'perinatal' })).status).toBe(204);
  },
);

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}
