/** docs/operations.md and what it installs name what there is. */
import { execFile } from 'node:child_process';
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Config } from '../../src/config.ts';
import { runCommand } from '../support/command-line.ts';
import { testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';

const run = promisify(execFile);
const read = (file: string) => readFile(file, 'utf8');
const PAGE = 'docs/operations.md';
const found = (text: string, pattern: RegExp) => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] as string)),
];
const shell = async () =>
  [...(await read(PAGE)).matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block).join('');

test('every setting, metric, file and service that it names is there', async () => {
  const page = await read(PAGE);
  const settings = [...Object.keys(Config.shape), 'POSTGRES_PASSWORD'];
  const words = found(page, /`([A-Z]+_[A-Z_]+|AUTH|ROLES|LOG_LEVEL)\b/g);
  expect(words.length).toBeGreaterThan(4);
  expect(words.filter((name) => !settings.includes(name))).toEqual([]);
  const metrics = await Promise.all(['metrics', 'scrape'].map((name) => read(`src/observe/${name}.ts`)));
  const named = found(page, /`(skein_\w+)`/g);
  expect(named.length).toBeGreaterThan(7);
  expect(named.filter((name) => !metrics.join().includes(`'${name}'`))).toEqual([]);
  for (const file of found(page, /\]\(([^)#]+)\)/g)) await access(join(dirname(PAGE), file));
  const { services } = parse(await read('docker-compose.yml'), { merge: true }) as { services: object };
  for (const line of found(await shell(), /docker compose (?:exec|run --rm -T) (\w+)/g))
    expect(Object.keys(services)).toContain(line);
});

test('every command that it shows is one, with the options that it shows', async () => {
  const lines = found(await shell(), /(?:^|&& |bin\/)skein(?:\.js)? ([a-z].*)$/gm);
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines) {
    const [command = '', ...more] = line.split(' ');
    const end = more.findIndex((word) => !/^[a-z]+$/.test(word));
    const words = [command, ...(end < 0 ? more : more.slice(0, end))];
    const { output } = await runCommand([...words, '--help']);
    expect(output, line).toContain(`Usage: skein ${command}`);
    for (const option of more.filter((word) => word.startsWith('--'))) expect(output, line).toContain(option);
  }
});

test('what the unit of systemd starts serves, and a stop ends it well', async () => {
  const unit = await read('deploy/skein.service');
  const [command = ''] = found(unit, /^ExecStart=(.*)$/gm);
  const [folder = ''] = found(unit, /^WorkingDirectory=(.*)$/gm);
  for (const name of found(unit, /^Environment=(\w+)=/gm)) expect(Object.keys(Config.shape)).toContain(name);
  const [program = '', ...args] = command.replaceAll(folder, process.cwd()).split(' ');
  await access(program);
  const { url } = await testDatabase();
  const skein = runProgram(args, { DATABASE_URL: url, PORT: '0', MLLP_PORT: '0' });
  await skein.says(/"event":"ready"/);
  skein.child.kill('SIGTERM');
  expect(await skein.exit()).toBe(0);
});

test('the command line of the service has the settings of the service', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  const { url } = await testDatabase();
  await writeFile(join(folder, 'skein.env'), `DATABASE_URL=${url}\n`);
  const script = (await read('deploy/skein'))
    .replaceAll('/opt/skein', resolve('.'))
    .replace('/etc/skein/skein.env', join(folder, 'skein.env'))
    .replace('= skein ]', `= ${userInfo().username} ]`);
  const path = join(folder, 'skein');
  await writeFile(path, script);
  await chmod(path, 0o755);
  const { stdout } = await run(path, ['system', 'list'], { cwd: folder });
  expect(stdout).toBe('no system is registered\n');
  await rm(folder, { recursive: true });
});

test('no log of a container grows without end', async () => {
  type Logged = { logging?: { options: Record<string, string> } };
  const { services } = parse(await read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, Logged>;
  };
  for (const [name, { logging }] of Object.entries(services))
    expect(Object.keys(logging?.options ?? {}), name).toEqual(['max-size', 'max-file']);
});
