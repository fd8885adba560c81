/** `skein backup` and `skein restore`: what is restored is what there was, and nothing is put over anything. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { contentTables, readStore } from '../../src/store/backup.ts';
import { type Header, writeBackup } from '../../src/store/backup-file.ts';
import { applyMigrations, migrate, migrationFiles, readKey } from '../../src/store/pool.ts';
import { emptyDatabase } from '../support/empty-database.ts';
import { gather, type Household } from '../support/household.ts';
import { runProgram } from '../support/process.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at } from '../support/roll.ts';
import { startSkein } from '../support/skein.ts';
import { chart, episodeOf, transactionOf } from '../support/transactions.ts';

let household: Household;
let folder: string;
let file: string;
let people = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  await chmod(folder, 0o711);
  household = await gather({ perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'] });
  for (let n = 0; n < 3; n++) await beginCare();
  await household.settle();
  const { pool } = household.database;
  // Of a month that is past, in a partition of its own.
  await pool.query(
    "create table message_2025_01 partition of message for values from ('2025-01-01Z') to ('2025-02-01Z')",
  );
  const { rows } = await pool.query('select * from message order by id limit 1');
  const old = { ...rows[0], id: undefined, received_at: '2025-01-15T00:00:00Z' };
  await pool.query(
    'insert into message overriding system value select (json_populate_record(m, $1)).* from message m limit 1',
    [JSON.stringify({ ...old, id: 1_000_000 })],
  );
  await household.skein.stop();
  file = join(folder, 'whole.backup');
  expect(await skein(household.database.url, 'backup', file)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await household.stop();
  await rm(folder, { recursive: true });
});

async function beginCare(): Promise<void> {
  const n = ++people;
  const whom = chart('perinatal', {
    nhs: nhsNumber(800 + n),
    given: `Una${n}`,
    family: 'O’Tregear "\\',
    born: '1990-01-01',
  });
  const said = [whom, episodeOf(whom, 'perinatal', { id: `B${n}`, start: ago(3) })];
  expect((await household.skein.transaction(transactionOf(said, at(ago(2))), 'perinatal')).status).toBe(200);
}

async function skein(url: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const program = runProgram(['bin/skein.js', ...args], { DATABASE_URL: url });
  return { code: await program.exit(), output: program.output() };
}

/** Digests of every table and partition, and where each sequence is. */
async function contentOf(pool: pg.Pool): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ name: string; kind: string }>(
    "select relname as name, relkind as kind from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S') and relname <> 'migration'",
  );
  const found: Record<string, string> = {};
  for (const { name, kind } of rows) {
    const of =
      kind === 'S'
        ? `select concat(last_value, is_called) as is from ${name}`
        : `select concat(count(*), ' ', md5(string_agg(t::text, chr(10) order by t::text))) as is from ${name} t`;
    found[name] = (await pool.query(of)).rows[0].is;
  }
  return found;
}

test('a restored store has every row and every number of the one before, and answers as it did', async () => {
  const { url, pool } = await emptyDatabase();
  expect(await skein(url, 'restore', file, '--without-ledger', '--yes')).toEqual({
    code: 0,
    output: expect.stringMatching(/^\d+ rows restored, of 20/),
  });
  const before = await contentOf(household.database.pool);
  expect(Number(before.message_2025_01?.split(' ')[0])).toBe(1);
  expect(Number(before.resource?.split(' ')[0])).toBeGreaterThan(5);
  expect(await contentOf(pool)).toEqual(before);
  const there = await startSkein({ ...household.database, url, pool, key: await readKey(pool) });
  onTestFinished(there.stop);
  const { body } = await there.get('/fhir/Patient', 'perinatal');
  expect(body.total ?? (body.entry as object[]).length).toBe(3);
  expect(JSON.parse((await skein(url, 'rebuild', '--json')).output)).toMatchObject({
    changed: 0,
    statements: 0,
  });
});

test('only its owner may read a backup, and none is written over another', async () => {
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const size = (await stat(file)).size;
  expect(await skein(household.database.url, 'backup', file)).toEqual({
    code: 1,
    output: `skein: ${file} is there already\n`,
  });
  expect((await stat(file)).size).toBe(size);
});

test('a name that is mistyped makes no store', async () => {
  const dataDir = join(folder, 'none');
  const program = runProgram(['bin/skein.js', 'restore', join(folder, 'mistyped'), '--yes'], {
    DATA_DIR: dataDir,
  });
  expect([await program.exit(), program.output()]).toEqual([
    2,
    expect.stringContaining('mistyped is not there'),
  ]);
  await expect(stat(dataDir)).rejects.toThrow('ENOENT');
});

test('a backup goes through a pipe, and comes back through one', async () => {
  const { url, pool } = await emptyDatabase();
  const pipe = `"$0" bin/skein.js backup - | DATABASE_URL='${url}' "$0" bin/skein.js restore - --without-ledger --yes`;
  const env = { PATH: process.env.PATH, DATABASE_URL: household.database.url };
  const child = spawn('bash', ['-o', 'pipefail', '-c', pipe, process.execPath], { env, stdio: 'ignore' });
  expect((await once(child, 'close'))[0]).toBe(0);
  expect(await contentOf(pool)).toEqual(await contentOf(household.database.pool));
});

test('a backup made while messages arrive has each with all of its effects, or not at all', async () => {
  const running = await startSkein(household.database);
  onTestFinished(running.stop);
  const { url } = await emptyDatabase();
  const busy = join(folder, 'busy.backup');
  let done = false;
  const made = skein(household.database.url, 'backup', busy).finally(() => {
    done = true;
  });
  let sent = 0;
  while (!done) {
    const whom = chart('perinatal', {
      nhs: nhsNumber(900 + ++sent),
      given: 'Ada',
      family: 'Busy',
      born: '1991-01-01',
    });
    const said = [whom, episodeOf(whom, 'perinatal', { id: `C${sent}`, start: ago(3) })];
    expect((await running.transaction(transactionOf(said, at(ago(2))), 'perinatal')).status).toBe(200);
  }
  expect(sent).toBeGreaterThan(1);
  expect((await made).code).toBe(0);
  expect((await skein(url, 'restore', busy, '--without-ledger', '--yes')).code).toBe(0);
  const rebuilt = JSON.parse((await skein(url, 'rebuild', '--json')).output);
  expect(rebuilt).toMatchObject({ changed: 0, statements: 0 });
});

test('nothing is restored over what is there, into a store in use, or without a yes', async () => {
  const before = await contentOf(household.database.pool);
  const over = await skein(household.database.url, 'restore', file, '--without-ledger', '--yes');
  expect(over).toEqual({ code: 1, output: expect.stringMatching(/is not empty|is in use/) });
  expect(await contentOf(household.database.pool)).toEqual(before);
  const { url, pool } = await emptyDatabase();
  expect(await skein(url, 'restore', file, '--without-ledger')).toEqual({
    code: 2,
    output: expect.stringContaining('--yes'),
  });
  const client = await pool.connect();
  const used = await skein(url, 'restore', file, '--without-ledger', '--yes');
  client.release(true);
  expect(used).toEqual({ code: 1, output: expect.stringContaining('the database is in use') });
  await migrate(pool);
  await pool.query('insert into tainted (key) values (gen_random_uuid())');
  const full = await skein(url, 'restore', file, '--without-ledger', '--yes');
  expect(full).toEqual({ code: 1, output: expect.stringContaining('not empty (tainted has rows)') });
});

test('a file that was cut, changed or made by somebody else restores nothing, and is not quoted', async () => {
  const { url, pool } = await emptyDatabase();
  const whole = await readFile(file);
  const lines = gunzipSync(whole).toString().trimEnd().split('\n');
  const packed = (changed: string[]) => gzipSync(changed.map((line) => `${line}\n`).join(''));
  const header = JSON.parse(lines[0] as string) as Header;
  const newer = JSON.stringify({ ...header, migrations: [...header.migrations, '999-future.sql'] });
  const place = lines.findIndex((line) => line.startsWith('[') && line.includes('Tregear'));
  const rows = JSON.parse(lines[place] as string) as string[];
  const short = JSON.stringify(rows.slice(1));
  const broken = JSON.stringify([rows[0]?.slice(1), ...rows.slice(1)]);
  const wrong: [string, Buffer, string][] = [
    ['cut', whole.subarray(0, whole.length - 100), 'was cut or changed'],
    ['without its end', packed(lines.slice(0, -1)), 'its end is missing'],
    ['a row short', packed(lines.with(place, short)), 'rows of'],
    ['with a broken row', packed(lines.with(place, broken)), 'are refused (22P02)'],
    ['newer', packed([newer, ...lines.slice(1)]), '999-future.sql, which this version does not know'],
    ['a text', Buffer.from('Una O’Tregear'), 'no backup of Skein'],
    ['a packed text', packed(['Una Tregear']), 'no backup of Skein'],
    ['empty', gzipSync(''), 'no backup of Skein'],
  ];
  for (const [name, body, said] of wrong) {
    const path = join(folder, 'wrong.backup');
    await writeFile(path, body);
    const { code, output } = await skein(url, 'restore', path, '--without-ledger', '--yes');
    expect([code, output], name).toEqual([1, expect.stringContaining(said)]);
    expect(output, name).not.toMatch(/Una|Tregear/);
    expect((await pool.query("select to_regclass('message') as there")).rows, name).toEqual([
      { there: null },
    ]);
  }
});

test('a backup of an older version is restored by a newer one, and brought up to date', async () => {
  const { pool: older } = await emptyDatabase();
  const names = await migrationFiles();
  const client = await older.connect();
  await client.query('begin');
  await applyMigrations(client, names.slice(0, -1));
  await client.query("insert into setting (name, value) values ('key', repeat('ab', 32))");
  await client.query('commit');
  client.release();
  const path = join(folder, 'older.backup');
  await writeBackup(path, readStore(older));
  const { url, pool } = await emptyDatabase();
  expect((await skein(url, 'restore', path, '--without-ledger', '--yes')).code).toBe(0);
  expect((await readKey(pool)).toString('hex')).toBe('ab'.repeat(32));
  const { rows } = await pool.query('select name from migration order by name');
  expect(rows.map(({ name }) => name)).toEqual(names);
  const { pool: opened, url: newer } = await emptyDatabase();
  await migrate(opened);
  expect((await contentTables(opened)).length).toBeGreaterThan(10);
  expect((await skein(newer, 'restore', path, '--without-ledger', '--yes')).output).toContain(
    'a newer version made this database',
  );
});

test('an embedded store is backed up while it serves, and restored beside it', async () => {
  const [dataDir, other] = [join(folder, 'one'), join(folder, 'two')];
  const run = async (DATA_DIR: string, ...args: string[]) => {
    const program = runProgram(['bin/skein.js', ...args], { DATA_DIR });
    return { code: await program.exit(), output: program.output() };
  };
  const server = runProgram(['src/main.ts'], { DATA_DIR: dataDir, PORT: '0', MLLP_PORT: '0' });
  await server.says(/"event":"ready"/);
  const add = ['system', 'add', '--name', 'gp-1', '--ods', 'RXG', '--team', 'gp', '--sector', 'gp'];
  expect((await run(dataDir, ...add)).code).toBe(0);
  const path = join(folder, 'embedded.backup');
  expect(await run(dataDir, 'backup', path)).toMatchObject({ code: 0 });
  expect((await run(dataDir, 'restore', path, '--without-ledger', '--yes')).output).toContain(
    'the database is in use',
  );
  server.child.kill('SIGTERM');
  expect(await server.exit()).toBe(0);
  expect(await run(other, 'restore', path, '--without-ledger', '--yes')).toMatchObject({ code: 0 });
  expect((await run(other, 'system', 'list')).output).toContain('gp-1: RXG gp, sector gp');
});
