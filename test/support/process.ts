import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll } from 'vitest';

/** One of our own programs as a process of its own, with a clean environment and `env`. Killed at the end of the file. */
export type Program = {
  child: ChildProcess;
  output: () => string;
  /** Resolves with what was printed once it matches, rejects when the process ends before. */
  says: (pattern: RegExp) => Promise<string>;
  exit: () => Promise<number | null>;
};

const children = new Set<ChildProcess>();

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

export function runProgram(args: string[], env: Record<string, string> = {}, cwd?: string): Program {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME, ...env },
    ...(cwd !== undefined && { cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const says = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (pattern.test(text)) resolve(text);
      };
      child.stdout?.on('data', look);
      child.stderr?.on('data', look);
      ended.then((code) => reject(new Error(`it ended with ${code} before saying ${pattern}: ${text}`)));
      look();
    });
  return { child, output: () => text, says, exit: () => ended };
}
