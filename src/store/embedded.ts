import { randomBytes } from 'node:crypto';
import { chown, link, mkdtemp, readFile, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Unavailable } from '../errors.ts';
import {
  type Binaries,
  cannotSwitchUser,
  exists,
  findBinaries,
  type RunAs,
  unprivileged,
} from './binaries.ts';
import { findHome } from './home.ts';

/** A running server, on loopback. `stop` stops it only when no other Skein process holds it. */
export type Embedded = { url: string; home: string; stop: () => Promise<void> };

type Server = Binaries & { home: string; data: string; runAs: RunAs; password: string };

/**
 * How long to wait for a start: the server may be recovering after a kill, or its old processes still ending.
 */
const START_SECONDS = 30;
const HOLDER = 'skein holder';
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Statements and error details hold people's data, so they stay out of the server's log.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
};

/**
 * Starts the PostgreSQL server of this data directory, or joins the one that already runs there (another
 * Skein process, or one left behind by a kill). Every holder keeps one connection; the last holder to stop
 * stops the server. When the server dies under a holder, the holder starts it again on the same port.
 */
export async function openEmbedded(
  dataDir: string,
  notice: (text: string) => void = () => undefined,
): Promise<Embedded> {
  const server = await prepare(resolve(dataDir), notice);
  let holder = await ensureRunning(server);
  const port = holder.port;
  let stopping = false;
  let mended: Promise<void> = Promise.resolve();
  const guard = () => {
    holder.once('end', () => {
      if (!stopping) mended = mend();
    });
  };
  const mend = async () => {
    notice('embedded PostgreSQL went away: starting it again');
    holder = await ensureRunning(server, port);
    guard();
  };
  guard();
  return {
    url: urlOf(server, port),
    home: server.home,
    stop: async () => {
      stopping = true;
      await mended;
      await holder.end();
      await stopUnlessHeld(server, port);
    },
  };
}

const UNUSABLE: Record<string, string | undefined> = {
  EACCES: 'belongs to another user or cannot be written: run as its owner or choose another DATA_DIR',
  EROFS: 'is on a read-only file system: choose another DATA_DIR',
  ENOSPC: 'is on a full disk: make room or choose another DATA_DIR',
  ENOTDIR: 'is no directory: choose another DATA_DIR',
};

function urlOf(server: Server, port: number): string {
  return `postgres://skein:${server.password}@127.0.0.1:${port}/postgres`;
}

async function prepare(dataDir: string, notice: (text: string) => void): Promise<Server> {
  try {
    const runAs = await unprivileged(join(dataDir, 'data'));
    const home = await findHome(dataDir, runAs);
    if (home !== dataDir)
      notice(`DATA_DIR cannot be reached by an unprivileged user: the data are in ${home}`);
    const binaries = await findBinaries(home, runAs);
    const server = { ...binaries, home, data: join(home, 'data'), runAs, password: await readPassword(home) };
    if (!(await exists(server.data))) {
      notice('making a new embedded PostgreSQL store');
      await initialise(server);
    }
    await checkVersion(server);
    await checkMode(server);
    return server;
  } catch (error) {
    const { code, syscall = '', stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    if (stderr)
      throw new Unavailable(`${stderr.trim()}. Set DATABASE_URL to a PostgreSQL server.`, { cause: error });
    if (code === 'EPERM' && /^(spawn|chown)/.test(syscall)) throw cannotSwitchUser(error);
    const why = UNUSABLE[code ?? ''];
    if (!why) throw error;
    throw new Unavailable(`DATA_DIR: ${dataDir} ${why}`, { cause: error });
  }
}

/** Reads the store's password. The first process makes it; `link` is atomic, so there is only one. */
async function readPassword(home: string): Promise<string> {
  const path = join(home, 'password');
  if (!(await exists(path))) {
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, randomBytes(24).toString('hex'), { mode: 0o600 });
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await unlink(draft);
  }
  return readFile(path, 'utf8');
}

/** Makes a draft cluster and renames it: a killed or concurrent initdb leaves no half-made one. */
async function initialise(server: Server): Promise<void> {
  const draft = await mkdtemp(join(server.home, 'new-'));
  try {
    await makeCluster(server, draft);
  } finally {
    await rm(draft, { recursive: true });
  }
}

async function makeCluster(server: Server, draft: string): Promise<void> {
  const passwordFile = join(draft, 'password');
  const cluster = join(draft, 'data');
  await writeFile(passwordFile, server.password, { mode: 0o600 });
  if (server.runAs) {
    for (const path of [draft, passwordFile]) await chown(path, server.runAs.uid, server.runAs.gid);
  }
  const settings = Object.entries(SETTINGS).map(([name, value]) => `--set=${name}=${value}`);
  const login = ['--username=skein', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  await server.run('initdb', [`--pgdata=${cluster}`, ...login, '--encoding=UTF8', '--locale=C', ...settings]);
  await rename(cluster, server.data).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error;
  });
}

async function checkVersion(server: Server): Promise<void> {
  const made = (await readFile(join(server.data, 'PG_VERSION'), 'utf8')).trim();
  const ours = /(\d+)/.exec(server.version)?.[1];
  if (made === ours) return;
  throw new Unavailable(
    `The data in ${server.data} were made by PostgreSQL ${made}, this Skein brings ${ours}. ` +
      `Dump them with PostgreSQL ${made}, or choose another DATA_DIR, or set DATABASE_URL.`,
  );
}

/** PostgreSQL starts in no directory that others may look into; asked to, it would only say so in its log. */
async function checkMode({ data }: Server): Promise<void> {
  const mode = (await stat(data)).mode & 0o777;
  if ((mode & 0o027) === 0) return;
  throw new Unavailable(
    `DATA_DIR: others may look into ${data} (${mode.toString(8)}): chmod -R go-rwx ${data}`,
  );
}

/** Joins or starts the server, and retries until connected. The connection marks a holder. */
async function ensureRunning(server: Server, wanted?: number): Promise<pg.Client> {
  const deadline = Date.now() + START_SECONDS * 1000;
  for (;;) {
    try {
      const running = await readPostmaster(server);
      if (running) return await connect(server, running.port, HOLDER);
      const port = wanted ?? (await freePort());
      await server.run('pg_ctl', [
        ...['start', '--wait', `--timeout=${START_SECONDS}`, `--pgdata=${server.data}`],
        ...[`--log=${join(server.data, 'server.log')}`, `--options=-p ${port}`],
      ]);
    } catch (error) {
      if ((error as { code?: string }).code === '28P01') throw wrongPassword(server, error);
      if (Date.now() > deadline) throw await cannotStart(server, error);
      await delay(250);
    }
  }
}

function wrongPassword(server: Server, cause: unknown): Unavailable {
  return new Unavailable(`${join(server.home, 'password')} is not the password of the store beside it`, {
    cause,
  });
}

async function cannotStart(server: Server, cause: unknown): Promise<Unavailable> {
  const log = await readFile(join(server.data, 'server.log'), 'utf8').catch(() => '');
  const last = log.trim().split('\n').at(-1) ?? '';
  return new Unavailable(`Embedded PostgreSQL does not start: ${last}`, { cause });
}

async function connect(server: Server, port: number, name: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: urlOf(server, port),
    application_name: name,
    keepAlive: true,
  });
  await client.connect();
  // A lost server also emits 'end', which the holder handles.
  client.on('error', () => undefined);
  return client;
}

/**
 * Reads `postmaster.pid` (line 1 the pid, line 4 the port), where that process is a live server of this
 * directory. A stale file whose pid now belongs to another process is removed: PostgreSQL would refuse to
 * start over it.
 */
async function readPostmaster(server: Server): Promise<{ pid: number; port: number } | undefined> {
  const path = join(server.data, 'postmaster.pid');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
  const lines = text.split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!pid || !port) return undefined;
  if (!isAlive(pid)) return undefined;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (command !== undefined && !command.includes(server.data)) {
    await rm(path, { force: true });
    return undefined;
  }
  return { pid, port };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new Unavailable('no free port on loopback');
  return address.port;
}

async function stopUnlessHeld(server: Server, port: number): Promise<void> {
  const client = await connect(server, port, 'skein').catch(() => undefined);
  if (!client) return;
  const { rows } = await client.query('select 1 from pg_stat_activity where application_name = $1', [HOLDER]);
  await client.end();
  if (rows.length > 0) return;
  await server.run('pg_ctl', ['stop', '--mode=fast', '--wait', '--timeout=8', `--pgdata=${server.data}`]);
}
