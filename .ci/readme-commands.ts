/**
 * Runs every command that README shows in a `sh` block, in order, each as a reader would type it. What keeps serving is
 * awaited until it says so, left running for the commands after it, and stopped by the next one or the end. `npm ci` and the
 * test command are not run again: .ci/run has just done so.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

const LIMIT_MS = 300_000;
const READY = /keeps serving|"event":"ready"/;
const SERVES = /^(npm start|npm run demo|npx skein serve)\b/;
const DONE = /^npm (ci|test)$/;

const env = { ...process.env, CI: 'true' };
let server: ChildProcess | undefined;

function readCommands(readme: string): string[] {
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] as string);
  const lines = blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'));
  return lines
    .map((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/\s+#.*$/, '')
        .trim(),
    )
    .filter((line) => line && !line.startsWith('#'));
}

/** Its own process group, so that npm's shell and what runs under it are stopped together. */
function start(command: string): { child: ChildProcess; output: () => string } {
  const child = spawn('bash', ['-c', command], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  return { child, output: () => text };
}

function end(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid && child.exitCode === null) process.kill(-child.pid, signal);
}

async function stopServer(): Promise<void> {
  if (!server || server.exitCode !== null) return;
  end(server, 'SIGTERM');
  await once(server, 'exit');
}

async function serve(command: string): Promise<string | null> {
  await stopServer();
  const { child, output } = start(command);
  server = child;
  const deadline = Date.now() + LIMIT_MS;
  while (!READY.test(output())) {
    if (child.exitCode !== null || Date.now() > deadline) return output();
    await new Promise((done) => setTimeout(done, 100));
  }
  return null;
}

async function run(command: string): Promise<string | null> {
  const { child, output } = start(command);
  const timer = setTimeout(() => end(child, 'SIGKILL'), LIMIT_MS);
  const [code] = await once(child, 'exit');
  clearTimeout(timer);
  return code === 0 ? null : output();
}

const commands = readCommands(await readFile('README.md', 'utf8'));
let failed = 0;
for (const line of commands) {
  const began = Date.now();
  const rest = line
    .split(' && ')
    .filter((part) => !DONE.test(part))
    .join(' && ');
  const problem = rest === '' ? null : SERVES.test(rest) ? await serve(rest) : await run(rest);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(
    `${problem === null ? 'ok  ' : 'FAIL'} ${line} (${rest === '' ? 'done before' : `${seconds} s`})`,
  );
  if (problem !== null) console.log(problem.slice(-4000));
  if (problem !== null) failed++;
}
await stopServer();
console.log(`README: ${commands.length - failed} of ${commands.length} commands run`);
process.exitCode = failed > 0 ? 1 : 0;
