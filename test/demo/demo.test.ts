import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../src/store/embedded.ts';

const MINUTE = 60_000;
const run = promisify(execFile);
let dataDir: string;
let occupied: Server;
let serving: Demo;
const children = new Set<ChildProcess>();

type Demo = {
  child: ChildProcess;
  output: () => string;
  until: (text: string) => Promise<void>;
  exit: Promise<unknown>;
};

/** Runs the demo in a bare environment; ports are free ones unless said otherwise. */
function start(args: string[] = [], env: Record<string, string> = {}): Demo {
  const settings = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATA_DIR: dataDir,
    PORT: '0',
    MLLP_PORT: '0',
    ...env,
  };
  const child = spawn(process.execPath, ['src/demo/main.ts', ...args], { env: settings });
  children.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  const exit = once(child, 'exit').then(([code]) => code);
  const until = (wanted: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => text.includes(wanted) && resolve();
      child.stdout.on('data', look);
      child.on('close', (code) => reject(new Error(`the demo ended with ${code}: ${text}`)));
      look();
    });
  return { child, output: () => text, until, exit };
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'skein-test-'));
  await chmod(dataDir, 0o711);
  occupied = createServer();
  await once(occupied.listen(0, '127.0.0.1'), 'listening');
  const { port } = occupied.address() as AddressInfo;
  serving = start([], { PORT: String(port), DATABASE_URL: 'postgres://nobody@127.0.0.1:1/precious' });
  await serving.until('Ctrl-C stops it');
}, 2 * MINUTE);

afterAll(async () => {
  occupied.close();
  for (const child of children) child.kill('SIGKILL');
  await (await openEmbedded(join(dataDir, 'demo'))).stop();
  await rm(dataDir, { recursive: true });
});

describe('the demo', () => {
  it('says which settings it leaves alone, which port it takes instead of a taken one, and how long it took', () => {
    expect(serving.output()).toContain('DATABASE_URL is left alone');
    expect(serving.output()).toMatch(/port \d+ is taken: using \d+/);
    expect(serving.output()).toMatch(/Told in [\d.]+ s, of the 60 s that it may take/);
  });

  it('colours nothing when its output is no terminal', () => {
    expect(serving.output()).not.toContain('\u001b');
  });

  it('tells the charity nothing of mother or infant', () => {
    const lines = serving.output().split('\n');
    const section = lines.indexOf('What Harbour Dads knows now');
    const told = [
      ...lines.filter((line) => line.includes('→ Harbour Dads')),
      ...lines.slice(section, lines.indexOf('', section)),
    ];
    expect(told.length).toBeGreaterThan(3);
    expect(told.join()).toContain('Jago');
    expect(told.join()).not.toMatch(/Tamsin|Kit|Penrose|mother|infant|baby|perinatal/i);
  });

  it('ends with three curl lines that work as they stand', async () => {
    const commands = serving.output().match(/^curl .*$/gm) ?? [];
    expect(commands).toHaveLength(3);
    const [operator, camhs, charity] = await Promise.all(commands.map(paste));
    expect(operator).toContain('moderate-anxiety');
    expect(camhs).toContain('Other services may be involved that are not shown.');
    expect(camhs).not.toContain('moderate-anxiety');
    expect(charity).toContain('Jago');
    expect(charity).not.toContain('Penrose');
  });

  it('keeps apart from a demo that is running', { timeout: 2 * MINUTE }, async () => {
    const second = start(['--once']);
    expect(await second.exit, second.output()).toBe(0);
    expect(second.output()).toContain('another demo runs here');
    expect(serving.child.exitCode).toBeNull();
  });

  it('starts afresh after a run that was killed, and stops when told to', {
    timeout: 3 * MINUTE,
  }, async () => {
    serving.child.kill('SIGKILL');
    await serving.exit;
    const next = start();
    await next.until('Ctrl-C stops it');
    expect(next.output()).not.toContain('another demo runs here');
    next.child.kill('SIGINT');
    expect(await next.exit, next.output()).toBe(0);
  });

  it('says what it leaves behind, and how that is removed', { timeout: 2 * MINUTE }, async () => {
    const own = await mkdtemp(join(tmpdir(), 'skein-test-'));
    const closed = join(own, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const demo = start(['--once'], { DATA_DIR: join(closed, 'data') });
    expect(await demo.exit, demo.output()).toBe(0);
    const [remove = ''] = /^rm -rf .*$/m.exec(demo.output()) ?? [];
    const [, home = ''] = /its data are in (\S+)/.exec(demo.output()) ?? [];
    expect(remove).toContain(`'${home}'`);
    await run('sh', ['-c', remove]);
    await expect(access(home)).rejects.toThrow('ENOENT');
    expect(await readdir(join(closed, 'data'))).toEqual([]);
    await rm(own, { recursive: true });
  });
});

/** As a shell does it; by fetch where there is no curl. */
async function paste(command: string): Promise<string> {
  const [, system, url = ''] = /^curl -s (?:-H 'X-Skein-System: ([^']+)' )?'([^']+)'$/.exec(command) ?? [];
  try {
    return (await run('sh', ['-c', command])).stdout;
  } catch (error) {
    if ((error as { code?: number }).code !== 127) throw error;
    return (await fetch(url, { headers: system ? { 'x-skein-system': system } : {} })).text();
  }
}
