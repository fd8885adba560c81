import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SRC = resolve('src');
const STAGES = ['receive', 'parse', 'map', 'validate', 'link', 'save', 'publish', 'deliver'];
/** The only ones that may know stages: the story, the wiring, and the tools. */
const NARRATORS = /^pipeline\.ts$|^(pipeline|run|admin|workbench|demo)\//;
const LOOSE = ['app', 'cli', 'config', 'context', 'errors', 'main', 'model', 'pipeline'];
const MOST_COLUMNS = 110;

/** Rooms that still break a rule, by name. Every list must be empty in the end; nothing may be added to one. */
const STILL = {
  circles: [
    'link/care/spells.ts link/who/persons.ts',
    'link/family/journeys.ts link/family/relate.ts',
    'link/views/journey-views.ts link/views/tombstone.ts link/views/views.ts',
    'receive/http/bars.ts receive/http/http.ts receive/http/raw.ts receive/http/transaction.ts',
  ],
  clock: ['link/events.ts'],
  wide: /^(access|deliver|link|map\/sources\/hl7v2|pipeline|publish|read|receive|save)\b|^(app|cli|config|context|errors|model|pipeline)\.ts$|^(parse|formats)\/hl7v2\.ts$|^store\/(facts|pool)\.ts$/,
};

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

test('a circle is found through any number of files', () => {
  const chain = ['a', 'b', 'c', 'a'].flatMap((to, at, all) =>
    at > 0 ? [{ from: all[at - 1] as string, to }] : [],
  );
  expect(circlesOf([...chain, { from: 'c', to: 'd' }])).toEqual(['a b c']);
});

test('no files import one another in a circle, types included', async () => {
  const circles = circlesOf(await readImports());
  expect(circles.filter((circle) => !STILL.circles.includes(circle))).toEqual([]);
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
  expect(timed.map(([file]) => file).filter((file) => !STILL.clock.includes(file))).toEqual([]);
});

test('access alone reads the files of the sharing policy', async () => {
  const readers = [...(await readSources())].filter(([, text]) =>
    /['"`][^'"`\s]*policy\/[^'"`\s]*['"`]/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/ .*/g, '')),
  );
  expect(readers.length).toBeGreaterThan(0);
  expect(readers.map(([file]) => file).filter((file) => !file.startsWith('access/'))).toEqual([]);
});

test(`no line is wider than ${MOST_COLUMNS} columns`, async () => {
  const wide = [...(await readSources())].flatMap(([file, text]) =>
    text.split('\n').flatMap((line, at) => ([...line].length > MOST_COLUMNS ? [`${file}:${at + 1}`] : [])),
  );
  expect(wide.filter((place) => !STILL.wide.test(place.split(':')[0] as string))).toEqual([]);
});
