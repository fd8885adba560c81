/** The processes of one run, each of which may be killed and is started again as a supervisor would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { freePort, memoryOf, type Running, start, untilReady } from '../processes.ts';

export type Role = 'api' | 'worker';
/** `flush`: Redis keeps running and forgets everything. */
export type Victim = Role | 'store' | 'redis' | 'flush';

/** What moves the clock of a process, as its environment wants it. */
const SHIFT = pathToFileURL(join(import.meta.dirname, 'shift-clock.ts')).href;
const REDIS = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'];
export const redisServer = (): string | undefined => REDIS.find((path) => existsSync(path));

export class Cast {
  readonly url: string;
  readonly mllpPort: number;
  /** Processes that ended though nobody killed them. */
  crashes: string[] = [];
  readonly #env: Record<string, string>;
  readonly #home: string;
  readonly #redis: Redis | null;
  readonly #running = new Map<Role, Running>();
  #stopping = false;

  private constructor(env: Record<string, string>, { home, redis }: { home: string; redis: Redis | null }) {
    this.#env = env;
    this.#home = home;
    this.#redis = redis;
    this.url = `http://127.0.0.1:${env.PORT}`;
    this.mllpPort = Number(env.MLLP_PORT);
  }

  /** `home`: of the embedded server that holds the database at `url`. */
  static async open({ url, home, redis }: { url: string; home: string; redis: boolean }): Promise<Cast> {
    const [port, mllpPort, workerPort] = [await freePort(), await freePort(), await freePort()];
    const wakes = redis ? await Redis.open() : null;
    const env = {
      ...{
        DATABASE_URL: url,
        PORT: String(port),
        MLLP_PORT: String(mllpPort),
        WORKER_PORT: String(workerPort),
      },
      // Whichever process sends it, a notification names the same addresses.
      ...{ PUBLIC_URL: `http://127.0.0.1:${port}`, LOG_LEVEL: 'warn', NODE_ENV: 'production' },
      WEBHOOK_ALLOW: '127.0.0.0/8',
      ...(wakes ? { REDIS_URL: wakes.url } : {}),
    };
    const cast = new Cast(env, { home, redis: wakes });
    cast.#start('api');
    cast.#start('worker');
    return cast;
  }

  /** Kills at once and starts again at once; the embedded server is started again by whoever holds it open. */
  async kill(victim: Victim): Promise<void> {
    if (victim === 'store') process.kill(postmasterOf(this.#home), 'SIGKILL');
    else if (victim === 'flush') await this.#redis?.flush();
    else if (victim === 'redis') await this.#redis?.restart();
    else {
      const running = this.#running.get(victim);
      this.#running.delete(victim);
      await running?.kill('SIGKILL');
      this.#start(victim);
    }
  }

  /** As a deployment does it: told to end, and started again, with a clock that is off where one is asked for. */
  async restart(role: Role, clockMs = 0): Promise<void> {
    const running = this.#running.get(role);
    this.#running.delete(role);
    await running?.kill('SIGTERM');
    this.#start(role, clockMs === 0 ? {} : { NODE_OPTIONS: `--import=${SHIFT}`, CLOCK_MS: String(clockMs) });
  }

  /** Nothing of the process moves, and all its connections stay open, until the time has passed. */
  async freeze(role: Role, ms: number): Promise<void> {
    const child = this.#running.get(role)?.child;
    child?.kill('SIGSTOP');
    await pause(ms);
    child?.kill('SIGCONT');
  }

  /** One more worker, until `stop` is called. */
  async beside(): Promise<{ stop: () => Promise<void> }> {
    const port = String(await freePort());
    const running = start('src/main.ts', { ...this.#env, ROLES: 'worker', PORT: port });
    await untilReady(running, `http://127.0.0.1:${port}/health/live`);
    return { stop: () => running.kill('SIGKILL') };
  }

  /** Redis is not there for a while, and knows nothing when it is again. */
  async withoutRedis(ms: number): Promise<void> {
    await this.#redis?.restart(ms);
  }

  /** Resident memory of API and worker in MB, at most, since each was started. */
  memory(): number[] {
    return [...this.#running.values()].flatMap(({ pid }) => memoryOf(pid)?.peak ?? []);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const running of this.#running.values()) await running.kill('SIGKILL');
    await this.#redis?.stop();
  }

  #start(role: Role, more: Record<string, string> = {}): void {
    const roles: Record<string, string> =
      role === 'api' ? { ROLES: 'api,mllp' } : { ROLES: 'worker', PORT: this.#env.WORKER_PORT as string };
    const running = start('src/main.ts', { ...this.#env, ...roles, ...more });
    this.#running.set(role, running);
    running.child.once('exit', () => {
      if (this.#stopping || this.#running.get(role) !== running) return;
      this.crashes.push(`${role}: ${running.output().slice(-400)}`);
      this.#start(role);
    });
  }
}

function postmasterOf(home: string): number {
  return Number(readFileSync(join(home, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** A Redis of our own that keeps nothing. */
class Redis {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  #child: ChildProcess | null = null;

  private constructor(port: number, folder: string) {
    this.#port = port;
    this.#folder = folder;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async open(): Promise<Redis> {
    const redis = new Redis(await freePort(), await mkdtemp(join(tmpdir(), 'skein-faults-')));
    redis.#start();
    return redis;
  }

  #start(): void {
    const settings = [
      '--port',
      String(this.#port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ];
    this.#child = spawn(redisServer() as string, settings, { cwd: this.#folder, stdio: 'ignore' });
  }

  async restart(after = 0): Promise<void> {
    await this.#kill();
    await pause(after);
    this.#start();
  }

  async flush(): Promise<void> {
    const socket = connect(this.#port, '127.0.0.1');
    socket.end('FLUSHALL\r\n');
    await new Promise((done) => socket.once('close', done).resume());
  }

  async stop(): Promise<void> {
    await this.#kill();
    await rm(this.#folder, { recursive: true });
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const exited = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await exited;
  }
}
