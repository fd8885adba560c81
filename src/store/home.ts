/** Where the embedded server keeps its data: DATA_DIR, or a directory that its user can reach. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Unavailable } from '../errors.ts';
import { canReach, exists, type RunAs } from './binaries.ts';

/** In DATA_DIR: the directory that has its data. In that directory: the DATA_DIR whose they are. */
const [LOCATION, OWNER] = ['location', 'data-dir'];

/**
 * DATA_DIR itself, or, where the unprivileged user cannot reach it (a clone under a 0700 home), a directory
 * of its own, which DATA_DIR names from then on: moved, it still has its data. Throws Unavailable where what
 * it names is not there.
 */
export async function findHome(dataDir: string, runAs: RunAs): Promise<string> {
  const recorded = await recordedHome(dataDir);
  if (recorded) return recorded;
  const home = await reachableHome(dataDir, runAs);
  if (home !== dataDir) await record(dataDir, home);
  return home;
}

const read = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    },
  );

async function recordedHome(dataDir: string): Promise<string | undefined> {
  const home = await read(join(dataDir, LOCATION));
  if (home === undefined) return undefined;
  if (!(await exists(home)))
    throw new Unavailable(
      `${join(dataDir, LOCATION)} says that the data are in ${home}, and nothing is there: put them back, ` +
        'or remove that file to begin with an empty store',
    );
  const owner = await read(join(home, OWNER));
  if (owner === dataDir) return home;
  // A copy of a clone is no move of it: two that are used have a store each.
  if (owner && (await read(join(owner, LOCATION))) === home) return undefined;
  await writeFile(join(home, OWNER), dataDir);
  return home;
}

async function record(dataDir: string, home: string): Promise<void> {
  await writeFile(join(home, OWNER), dataDir);
  await writeFile(join(dataDir, LOCATION), home);
}

async function reachableHome(dataDir: string, runAs: RunAs): Promise<string> {
  const name = `skein-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
  for (const home of [dataDir, join('/var/lib', name), join(tmpdir(), name)]) {
    const created = await mkdir(home, { recursive: true, mode: 0o700 });
    for (let made = home; created && runAs && made.startsWith(created); made = dirname(made))
      await chmod(made, 0o711);
    const { uid } = await stat(home);
    const trusted = home === dataDir || uid === process.getuid?.();
    if (trusted && (await canReach(home, runAs))) return home;
  }
  throw new Unavailable(`No directory that an unprivileged user can reach for ${dataDir}. Set DATABASE_URL.`);
}
