/** Processes of a run: started apart from the client, told to stop by their own pid. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';

export type Running = {
  child: ChildProcess;
  pid: number;
  output: () => string;
  kill: (signal?: NodeJS.Signals) => Promise<void>;
};

/** Clock ticks per second in /proc: 100 on every Linux that Node runs on. */
const TICKS = 100;
const KEPT = 20_000;
const START_MS = 30_000;

/** Runs a TypeScript file of this repository with this Node. The child dies with SIGTERM, or SIGKILL when told so. */
export function start(script: string, env: Record<string, string>, args: string[] = []): Running {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['--import', './bin/check-node.js', script, ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-KEPT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let wanted = false;
  const exited = once(child, 'exit');
  child.once('exit', (code, signal) => {
    if (!wanted)
      process.stderr.write(`${script} ended by itself (${code ?? signal}): ${output.slice(-2_000)}\n`);
  });
  return {
    child,
    pid: child.pid as number,
    output: () => output,
    kill: async (signal = 'SIGTERM') => {
      wanted = true;
      child.kill(signal);
      await exited;
    },
  };
}

/** Waits until `url` answers 2xx. Throws with what the process printed when it ends before, or after 30 s. */
export async function untilReady(running: Running, url: string): Promise<void> {
  const ended = once(running.child, 'exit').then(() => {
    throw new Error(`process ended: ${running.output()}`);
  });
  const ready = new AbortController();
  ended.catch(() => ready.abort());
  await Promise.race([untilAnswers(url, ready.signal), ended]);
}

export async function untilAnswers(url: string, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!signal?.aborted && (await statusOf(url)) !== 200) {
    if (Date.now() > deadline) throw new Error(`no answer from ${url} after ${START_MS / 1000} s`);
    await pause(20);
  }
}

async function statusOf(url: string): Promise<number> {
  try {
    const { statusCode, body } = await request(url);
    await body.dump();
    return statusCode;
  } catch (error) {
    if (error instanceof Error) return 0;
    throw error;
  }
}

/** User and system CPU seconds of a process so far; null where /proc cannot say. */
export function cpuSeconds(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Resident memory of a process in MB, now and at most; null where it has ended.
 * https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
 */
export function memoryOf(pid: number): { now: number; peak: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const megabytes = (name: string) =>
      Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024);
    return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return address.port;
}
