import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve('src');
const STAGES = ['receive', 'parse', 'map', 'validate', 'link', 'save', 'publish', 'deliver'];
/** The only ones that may know stages: the story, the wiring, and the tools. */
const NARRATORS = /^pipeline\.ts$|^(pipeline|run|admin|command|workbench|demo)\//;
const LOOSE = ['app', 'cli', 'config', 'context', 'errors', 'main', 'model', 'pipeline'];
const MOST_COLUMNS = 110;

type Import = { from: string; to: string };

async function readSources(): Promise<Map<string, string>> {
  const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  return new Map(
    await Promise.all(
      files.map(async (file) => [file, await readFile(join(SRC, file), 'utf8')] as [string, string]),
    ),
  );
}

/** Of values and of types alike: a type that is imported is knowledge, too. */
async function readImports(): Promise<Import[]> {
  return [...(await readSources())].flatMap(([file, text]) =>
    [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, to = '']) => ({
      from: file,
      to: relative(SRC, resolve(SRC, file, '..', to)),
    })),
  );
}

const stageOf = (file: string): string | undefined => STAGES.find((stage) => file.startsWith(`${stage}/`));

/** Files that reach one another, as sorted groups of two or more. */
function circlesOf(imports: Import[]): string[] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const reach = (start: string): Set<string> => {
    const seen = new Set<string>();
    const open = [start];
    for (const file of open)
      for (const { to } of next.get(file) ?? [])
        if (!seen.has(to)) {
          seen.add(to);
          open.push(to);
        }
    return seen;
  };
  const reached = new Map([...next.keys()].map((file) => [file, reach(file)]));
  const groups = [...reached].flatMap(([file, seen]) =>
    seen.has(file)
      ? [
          [...seen]
            .filter((other) => reached.get(other)?.has(file))
            .sort()
            .join(' '),
        ]
      : [],
  );
  return [...new Set(groups)].sort();
}

test('no stage imports another, and only the story, the wiring and the workbench import stages', async () => {
  const imports = await readImports();
  expect(imports.length).toBeGreaterThan(50);
  const wrong = imports.filter(({ from, to }) => {
    const target = stageOf(to);
    return target && stageOf(from) !== target && !NARRATORS.test(from);
  });
  expect(wrong).toEqual([]);
});

test('reading and access know neither each other backwards nor the wiring, and no stage knows reading', async () => {
  const imports = await readImports();
  const wrong = imports.filter(({ from, to }) => {
    if (stageOf(from) && /^(read|web)\//.test(to)) return true;
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

test('a circle is found through any number of files', () => {
  const chain = ['a', 'b', 'c', 'a'].flatMap((to, at, all) =>
    at > 0 ? [{ from: all[at - 1] as string, to }] : [],
  );
  expect(circlesOf([...chain, { from: 'c', to: 'd' }])).toEqual(['a b c']);
});

test('no files import one another in a circle, types included', async () => {
  expect(circlesOf(await readImports())).toEqual([]);
});

test('every file has a room, but for the eight that anybody looks for first', async () => {
  const loose = [...(await readSources()).keys()].filter((file) => !file.includes('/'));
  expect(loose).toEqual(LOOSE.map((name) => `${name}.ts`));
});

test('link knows no database, no sharing rule and no clock', async () => {
  const imports = await readImports();
  const known = imports.filter(
    ({ from, to }) => from.startsWith('link/') && /^(access|store)\//.test(to) && to !== 'store/facts.ts',
  );
  expect(known).toEqual([]);
  const timed = [...(await readSources())].filter(
    ([file, text]) => file.startsWith('link/') && /new Date\(\)|Date\.now\(|performance\.now\(/.test(text),
  );
  expect(timed.map(([file]) => file)).toEqual([]);
});

test('access alone reads the files of the sharing policy', async () => {
  const readers = [...(await readSources())].filter(([, text]) =>
    /['"`][^'"`\s]*policy\/[^'"`\s]*['"`]/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/ .*/g, '')),
  );
  expect(readers.length).toBeGreaterThan(0);
  expect(readers.map(([file]) => file).filter((file) => !file.startsWith('access/'))).toEqual([]);
});

/** Texts, SQL and patterns are broken where their sense allows it, not at a column. */
const LITERALS = /`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\\n])*'|(?<=^ {2,}|[(=] ?)\/(?![/*])(?:\\.|[^/\\\n])+\//gm;
const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/ .*/g;
const widest = (text: string) => Math.max(...text.split('\n').map((line) => [...line].length));

test(`no comment and no code is wider than ${MOST_COLUMNS} columns`, async () => {
  const blank = (part: string) => part.replace(/[^\n]/g, '');
  const wide = [...(await readSources())].filter(([, text]) => {
    const comments = text.match(COMMENTS) ?? [];
    const code = text.replace(COMMENTS, blank).replace(LITERALS, blank);
    return [...comments, code].some((part) => widest(part) > MOST_COLUMNS);
  });
  expect(wide.map(([file]) => file)).toEqual([]);
});
