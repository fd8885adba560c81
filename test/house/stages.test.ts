import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve('src');
const STAGES = ['receive', 'parse', 'map', 'validate', 'link', 'save', 'publish', 'deliver'];
/** The only ones that may know stages: the story, the wiring, and the tools. */
const NARRATORS = /^pipeline\.ts$|^(pipeline|run|admin|workbench|demo)\//;

type Import = { from: string; to: string };

async function readImports(): Promise<Import[]> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(SRC, file), 'utf8');
      const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
        (match) => match[1] as string,
      );
      return specifiers.map((to) => ({ from: file, to: relative(SRC, resolve(SRC, file, '..', to)) }));
    }),
  );
  return found.flat();
}

const stageOf = (file: string): string | undefined => STAGES.find((stage) => file.startsWith(`${stage}/`));

test('no stage imports another, and only the story, the wiring and the workbench import stages', async () => {
  const imports = await readImports();
  expect(imports.length).toBeGreaterThan(50);
  const wrong = imports.filter(({ from, to }) => {
    const target = stageOf(to);
    return target && stageOf(from) !== target && !NARRATORS.test(from);
  });
  expect(wrong).toEqual([]);
});

test('reading and access know neither each other backwards nor the wiring', async () => {
  const imports = await readImports();
  const wrong = imports.filter(({ from, to }) => {
    if (from.startsWith('access/')) return /^(read|web|workbench)\//.test(to) || NARRATORS.test(to);
    return (stageOf(from) || from.startsWith('read/')) && NARRATORS.test(to) && to !== 'pipeline.ts';
  });
  expect(wrong).toEqual([]);
});

test('the command line loads the store for no command of the workbench', async () => {
  const imports = (await readImports()).filter(
    ({ from, to }) => !(from === 'cli.ts' && to !== 'workbench/index.ts'),
  );
  const reached = new Set(['cli.ts']);
  for (const file of reached) for (const { from, to } of imports) if (from === file) reached.add(to);
  expect([...reached]).toContain('pipeline/understand.ts');
  expect(
    [...reached].filter((file) => /^store\/(open|pool|queue|embedded)\.ts$|^pipeline\.ts$/.test(file)),
  ).toEqual([]);
});
