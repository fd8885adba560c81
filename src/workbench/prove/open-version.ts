import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { WrongUse } from '../command.ts';

/** A folder of mappings; `close` removes it where it was made for this run. */
type Version = { dir: URL; close: () => void };

/** A folder, or `REVISION:PATH` of the git repository we are in. The whole revision is brought into a
 * temporary folder, since hooks import what is beside the mappings. */
export function openVersion(name: string): Version {
  if (existsSync(name)) return { dir: pathToFileURL(`${name}/`), close: () => undefined };
  const [, revision, path = ''] = /^([^:]+):(.*)$/.exec(name) ?? [];
  const refuse = (why = '') =>
    new WrongUse(`${name} is neither a folder nor REVISION:PATH${why && `: ${why}`}`);
  if (revision === undefined) throw refuse();
  const git = (args: string[], cwd?: string) => {
    const { status, stdout, stderr } = spawnSync('git', args, { maxBuffer: 1 << 30, ...(cwd && { cwd }) });
    if (status !== 0) throw refuse(stderr?.toString().trim() ?? 'no git here');
    return stdout;
  };
  const top = git(['rev-parse', '--show-toplevel']).toString().trim();
  // As git reads it: ./PATH is from here, PATH from the top.
  const here = /^\.\.?(\/|$)/.test(path) ? git(['rev-parse', '--show-prefix']).toString().trim() : '';
  git(['rev-parse', '--verify', `${revision}:${path}`]);
  const archive = git(['archive', '--format=tar', revision], top);
  const folder = mkdtempSync(join(tmpdir(), 'skein-version-'));
  const close = () => rmSync(folder, { recursive: true, force: true });
  try {
    const { status } = spawnSync('tar', ['-x', '-C', folder], { input: archive });
    if (status !== 0) throw new Error('tar could not unpack what git archived');
    const dir = join(folder, here, path);
    linkLibraries(folder);
    for (const source of readdirSync(dir)) pointHome(join(dir, source, 'hooks.ts'), { folder, top });
    return { dir: pathToFileURL(`${dir}/`), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** What hooks import may use the libraries that Skein has. */
function linkLibraries(folder: string): void {
  const libraries = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  const link = join(folder, 'node_modules');
  if (existsSync(libraries) && !existsSync(link)) symlinkSync(libraries, link, 'dir');
}

/** An import that leads out of the repository, as into Skein beside it, still leads there. */
function pointHome(file: string, { folder, top }: { folder: string; top: string }): void {
  if (!existsSync(file)) return;
  const text = readFileSync(file, 'utf8');
  const moved = text.replace(/((?:from|import)\s*\(?\s*['"])(\.[^'"]+)/g, (whole, before, target) => {
    if (!relative(folder, resolve(dirname(file), target)).startsWith('..')) return whole;
    return before + pathToFileURL(resolve(top, relative(folder, dirname(file)), target)).href;
  });
  if (moved !== text) writeFileSync(file, moved);
}
