import { vi } from 'vitest';
import { runCli } from '../../src/cli.ts';

/**
 * One command line as bin/skein.js runs it, in this process: its exit code, and what it printed to stdout and
 * stderr, in their order. Nobody is there to be asked. A process of its own takes a second to load.
 */
export async function runCommand(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const outer = process.env;
  let output = '';
  const keep = (chunk: string | Uint8Array): boolean => {
    output += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(keep),
  );
  process.env = { PATH, HOME, ...env };
  try {
    const code = await runCli(args);
    return { code, output };
  } finally {
    process.env = outer;
    for (const spy of spies) spy.mockRestore();
  }
}
