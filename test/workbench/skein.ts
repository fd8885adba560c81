import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import { runWorkbench } from '../../src/workbench/index.ts';
import { mappingFolder } from '../map/mapping-folder.ts';

/** Runs a command in this process; what it wrote, and its exit code. */
export async function skein(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const spies = (['out', 'err'] as const).map((name) =>
    vi.spyOn(process[`std${name}`], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await runWorkbench(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A folder of mappings for one test, as `--dir` takes it. */
export const folder = (files: Record<string, string>): string =>
  fileURLToPath(mappingFolder(files)).replace(/\/$/, '');

/** A file for one test. */
export function tempFile(name: string, text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'skein-workbench-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

export const shipped = (name: string): string => fileURLToPath(new URL(name, MAPPINGS_DIR));
