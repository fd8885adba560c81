import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Database } from '../store.ts';

/** A command of `skein` on the store of a run: what it wrote to stdout. Throws where it failed. */
export async function runSkein({ url }: Database, args: string[]): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, DATABASE_URL: url };
  const { stdout } = await promisify(execFile)(process.execPath, ['bin/skein.js', ...args], { env });
  return stdout;
}
