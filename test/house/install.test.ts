/** What a first `npm ci` says, and what is in it, with the Node and npm of this machine, whichever they are. */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
type Sbom = { bomFormat: string; components: { name: string; version: string; hashes?: object[] }[] };
type Lock = { packages: Record<string, { name?: string; version: string }> };

const FILES = ['package.json', 'package-lock.json', '.npmrc'];

/** In a folder with nothing but what npm goes by. */
async function npm(...args: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'skein-test-'));
  for (const file of FILES) await copyFile(file, join(folder, file));
  // Without the Node that npm scripts put first.
  const { PATH = '', HOME = '' } = process.env;
  const machine = PATH.split(delimiter).filter((path) => !path.includes('node_modules'));
  const env = { HOME, PATH: machine.join(delimiter) };
  return { folder, ...(await run('npm', args, { cwd: folder, env })) };
}

test('npm ci warns of nothing', async () => {
  const { folder, stdout, stderr } = await npm('ci', '--dry-run');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/added \d+ packages/);
  await rm(folder, { recursive: true });
});

// With --omit dev npm leaves out what runs, too, where something of development asks for the same.
test('npm run sbom lists every package that is installed, with its hash, without a registry', async () => {
  const { folder } = await npm('run', 'sbom', '--offline');
  const { bomFormat, components } = JSON.parse(await readFile(join(folder, 'sbom.cdx.json'), 'utf8')) as Sbom;
  expect(bomFormat).toBe('CycloneDX');
  const hashed = components.filter(({ hashes = [] }) => hashes.length > 0);
  const listed = new Set(hashed.map(({ name, version }) => `${name}@${version}`));
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as Lock;
  const { '': _, ...installed } = packages;
  const names = Object.entries(installed).map(
    ([path, { name, version }]) => `${name ?? path.replace(/.*node_modules\//, '')}@${version}`,
  );
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name) => !listed.has(name))).toEqual([]);
  await rm(folder, { recursive: true });
});
