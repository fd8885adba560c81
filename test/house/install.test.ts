/** What a first `npm ci` says, with the Node and npm of this machine, whichever they are. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const FILES = ['package.json', 'package-lock.json', '.npmrc'];

test('npm ci warns of nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  for (const file of FILES) await copyFile(file, join(folder, file));
  // Without the Node that npm scripts put first.
  const { PATH = '', HOME = '' } = process.env;
  const machine = PATH.split(delimiter).filter((path) => !path.includes('node_modules'));
  const env = { HOME, PATH: machine.join(delimiter) };
  const { stdout, stderr } = await run('npm', ['ci', '--dry-run'], { cwd: folder, env });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/added \d+ packages/);
  await rm(folder, { recursive: true });
});
