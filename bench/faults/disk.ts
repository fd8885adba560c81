/** An embedded server on a disk of its own, small enough to be filled. Wants Linux and the right to mount. */
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openThrowaway, type Throwaway } from '../store.ts';

export type Disk = { fill: () => void; free: () => void };

const SIZE = '2g';
const CHUNK = Buffer.alloc(2 ** 24);

/** Null where no disk can be made. */
export async function openOnOwnDisk(): Promise<(Throwaway & Disk) | null> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'none', folder]);
  if (status !== 0) {
    rmdirSync(folder);
    return null;
  }
  // Whoever the server runs as comes through here.
  chmodSync(folder, 0o755);
  const filler = join(folder, 'filler');
  const server = await openThrowaway(folder);
  return {
    ...server,
    fill: () => fillWith(filler),
    free: () => rmSync(filler, { force: true }),
    stop: async () => {
      await server.stop();
      spawnSync('umount', [folder]);
      rmdirSync(folder);
    },
  };
}

/** Writes until there is no room: the last chunk is cut short. */
function fillWith(file: string): void {
  const opened = openSync(file, 'w');
  try {
    while (writeSync(opened, CHUNK) === CHUNK.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(opened);
  }
}
