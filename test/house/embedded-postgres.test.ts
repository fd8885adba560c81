import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findBinaries, unprivileged } from '../../src/store/binaries.ts';
import { openEmbedded } from '../../src/store/embedded.ts';
import { openPool } from '../../src/store/pool.ts';

let directory: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-test-'));
  await chmod(directory, 0o711);
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await (await openEmbedded(join(directory, 'shared'))).stop();
  await rm(directory, { recursive: true });
});

/** Another process that holds the same store; resolves once it has it. */
async function hold(dataDir: string): Promise<{ child: ChildProcess; url: string }> {
  const script = `import { openEmbedded } from './src/store/embedded.ts';
    const store = await openEmbedded(process.argv[1]);
    process.on('SIGTERM', async () => { await store.stop(); process.exit(0); });
    console.log(store.url);`;
  const args = ['--input-type=module-typescript', '--eval', script, dataDir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  const [url] = await once(createInterface(child.stdout!), 'line');
  return { child, url: String(url) };
}

async function postmaster(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query({ text: sql, rowMode: 'array' });
  await client.end();
  return rows[0]?.[0];
}

test('three processes that start one new store at once share one server, and the last one stops it', async () => {
  const dataDir = join(directory, 'shared');
  const holders = await Promise.all([hold(dataDir), hold(dataDir), hold(dataDir)]);
  expect(new Set(holders.map((holder) => holder.url)).size).toBe(1);
  const url = holders[0]!.url;
  for (const { child } of holders) {
    expect(await ask(url, 'select 1')).toBe(1);
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await expect(ask(url, 'select 1')).rejects.toThrow('ECONNREFUSED');
});

test('a new store is UTF-8, durable, on loopback, with its password in a file for its owner only', async () => {
  const dataDir = join(directory, 'shared');
  const store = await openEmbedded(dataDir);
  expect(await ask(store.url, 'show server_encoding')).toBe('UTF8');
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    expect(await ask(store.url, `show ${name}`)).toBe('on');
  }
  expect(await ask(store.url, 'show listen_addresses')).toBe('127.0.0.1');
  expect((await stat(join(store.home, 'password'))).mode & 0o777).toBe(0o600);
  await expect(ask(store.url.replace(/skein:[^@]+@/, 'skein:wrong@'), 'select 1')).rejects.toThrow(
    'password',
  );
  await store.stop();
});

test('after kill -9 of the process its server is joined, with what was committed', async () => {
  const dataDir = join(directory, 'shared');
  const { child, url } = await hold(dataDir);
  await ask(url, 'create table kept as select 42 as answer');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const store = await openEmbedded(dataDir);
  expect(store.url).toBe(url);
  expect(await ask(store.url, 'select answer from kept')).toBe(42);
  await store.stop();
});

test('after kill -9 of process and server the store starts again', async () => {
  const dataDir = join(directory, 'shared');
  const { child } = await hold(dataDir);
  const pid = await postmaster(dataDir);
  child.kill('SIGKILL');
  process.kill(pid, 'SIGKILL');
  await once(child, 'exit');
  const store = await openEmbedded(dataDir);
  expect(await ask(store.url, 'select answer from kept')).toBe(42);
  await store.stop();
});

test('a server that dies under its holder is started again where it was', async () => {
  const dataDir = join(directory, 'shared');
  const store = await openEmbedded(dataDir);
  const pool = openPool(store.url);
  process.kill(await postmaster(dataDir), 'SIGKILL');
  await expect
    .poll(() => pool.query('select answer from kept').then(({ rows }) => rows[0]), { timeout: 15_000 })
    .toEqual({ answer: 42 });
  await pool.end();
  await store.stop();
});

test('a postmaster.pid whose pid now belongs to another program does not stop the store from starting', async () => {
  const dataDir = join(directory, 'shared');
  await (await openEmbedded(dataDir)).stop();
  const data = join(dataDir, 'data');
  await writeFile(join(data, 'postmaster.pid'), `${process.pid}\n${data}\n1\n5432\n\n127.0.0.1\n\nready\n`);
  const store = await openEmbedded(dataDir);
  expect(await ask(store.url, 'select answer from kept')).toBe(42);
  await store.stop();
});

test('data of another major version are named, not touched', async () => {
  const dataDir = join(directory, 'shared');
  const version = join(dataDir, 'data', 'PG_VERSION');
  await writeFile(version, '17\n');
  await expect(openEmbedded(dataDir)).rejects.toThrow(/made by PostgreSQL 17, this Skein brings 18/);
  await writeFile(version, '18\n');
});

test('a store that others may look into is refused at once, with what mends it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'skein-open-'));
  await chmod(home, 0o755);
  const { version } = await findBinaries(home, await unprivileged(home));
  await mkdir(join(home, 'data'), { mode: 0o755 });
  await writeFile(join(home, 'data', 'PG_VERSION'), /\d+/.exec(version)?.[0] ?? '');
  await expect(openEmbedded(home)).rejects.toThrow(
    /^DATA_DIR: others may look into .* \(755\): chmod -R go-rwx /,
  );
  await rm(home, { recursive: true });
});

test('a DATA_DIR that is no directory is told by the setting that names it', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'skein-file-')), 'file');
  await writeFile(file, '');
  await expect(openEmbedded(join(file, 'store'))).rejects.toThrow(/^DATA_DIR: .* is no directory/);
});

const asRoot = process.getuid?.() === 0;
/** A folder that nobody but root can enter, as a clone under a home directory is. */
async function closedFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-closed-'));
  await chmod(folder, 0o700);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe.skipIf(!asRoot)('started by root in a folder that the server cannot reach', () => {
  test('the data are elsewhere, are found after a move, are not shared with a copy, and are never lost unsaid', async () => {
    const folder = await closedFolder();
    const [before, after, copy] = ['a', 'b', 'c'].map((name) => join(folder, name, '.skein')) as [
      string,
      string,
      string,
    ];
    const said: string[] = [];
    const first = await openEmbedded(before, (text) => said.push(text));
    onTestFinished(() => rm(first.home, { recursive: true, force: true }));
    expect(first.home).not.toBe(before);
    expect(said.join()).toContain(first.home);
    await ask(first.url, 'create table kept as select 42 as answer');
    await first.stop();

    await cp(join(folder, 'a'), join(folder, 'c'), { recursive: true });
    const copied = await openEmbedded(copy);
    onTestFinished(() => rm(copied.home, { recursive: true, force: true }));
    expect(copied.home).not.toBe(first.home);
    await copied.stop();

    await rename(join(folder, 'a'), join(folder, 'b'));
    const moved = await openEmbedded(after);
    expect(moved.home).toBe(first.home);
    expect(await ask(moved.url, 'select answer from kept')).toBe(42);
    await moved.stop();

    await rename(first.home, `${first.home}-gone`);
    onTestFinished(() => rm(`${first.home}-gone`, { recursive: true, force: true }));
    await expect(openEmbedded(after)).rejects.toThrow(`says that the data are in ${first.home}`);
  });
});
