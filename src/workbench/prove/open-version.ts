import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WrongUse } from '../command.ts';

/** A folder of mappings; `close` removes it where it was made for this run. */
type Version = { dir: URL; close: () => void };

/** A folder, or `REVISION:PATH` of the git repository we are in, brought into a temporary folder. */
export function openVersion(name: string): Version {
  if (existsSync(name)) return { dir: pathToFileURL(`${name}/`), close: () => undefined };
  if (!name.includes(':')) throw new WrongUse(`${name} is neither a folder nor REVISION:PATH`);
  const archive = spawnSync('git', ['archive', '--format=tar', name], { maxBuffer: 1 << 28 });
  if (archive.status !== 0)
    throw new WrongUse(
      `${name} is neither a folder nor REVISION:PATH: ${archive.stderr?.toString().trim() ?? 'no git here'}`,
    );
  const folder = mkdtempSync(join(tmpdir(), 'skein-version-'));
  const close = () => rmSync(folder, { recursive: true, force: true });
  const { status } = spawnSync('tar', ['-x', '-C', folder], { input: archive.stdout });
  if (status === 0) return { dir: pathToFileURL(`${folder}/`), close };
  close();
  throw new Error('tar could not unpack what git archived');
}
