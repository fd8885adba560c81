/** docs/security.md and docs/clinical-safety.md: whatever they cite is there, and whatever they claim cites something. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const PAGES = ['docs/security.md', 'docs/clinical-safety.md'];
/** `test/a.test.ts > name of a test`, or a path alone. */
const CITED = /`((?:test|src|docs|policy|deploy|bench|\.ci)\/[^`]*?)(?: > ([^`]+))?`/g;

const read = (file: string) => readFile(file, 'utf8');
const cited = (text: string) => [...text.matchAll(CITED)].map(([, file = '', name]) => ({ file, name }));
const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** The cells of a table whose rows begin with an id. */
const rowsOf = (text: string, id: RegExp): string[][] =>
  text
    .split('\n')
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
    .filter(([, first = '']) => id.test(first))
    .map((cells) => cells.slice(1, -1));

test.each(PAGES)(
  'every file that %s names is there, and every test is in its file, and runs',
  async (page) => {
    const all = cited(await read(page));
    expect(all.filter(({ name }) => name).length).toBeGreaterThan(40);
    expect(all.map(({ file }) => file).filter((file) => !existsSync(file))).toEqual([]);
    const missing: string[] = [];
    for (const { file, name } of all) {
      if (name === undefined) continue;
      const text = (await read(file)).replaceAll("\\'", "'");
      const whole = new RegExp(`(\\.(?:todo|skip)\\()?\\s*['"\`]${escaped(name)}['"\`]`).exec(text);
      if (!whole || whole[1]) missing.push(`${file} > ${name}`);
    }
    expect(missing).toEqual([]);
  },
);

test('every link of the two leads to a file', async () => {
  for (const page of PAGES) {
    const links = [...(await read(page)).matchAll(/\]\(((?!https?:)[^)#]+)\)/g)].map(([, link = '']) => link);
    expect(
      links.filter((link) => !existsSync(`docs/${link}`)),
      page,
    ).toEqual([]);
  }
});

test('every hazard has cause, effect, control, what shows it, and what remains', async () => {
  const rows = rowsOf(await read('docs/clinical-safety.md'), /^H\d+$/);
  expect(rows.map(([id]) => id)).toEqual(rows.map((_, place) => `H${place + 1}`));
  expect(rows.length).toBeGreaterThanOrEqual(20);
  for (const row of rows) {
    expect([row.length, row.filter((cell) => cell === '')], row[0]).toEqual([7, []]);
    expect(row[5], row[0]).toMatch(/`test\/.* > .*`|^not yet/);
  }
});

test('every requirement of ASVS is named once, and is shown, or is not yet met and says so', async () => {
  const rows = rowsOf(await read('docs/security.md'), /^V\d+\.\d+\.\d+$/);
  const ids = rows.map(([id]) => id);
  expect(ids.length).toBeGreaterThan(50);
  expect(new Set(ids).size).toBe(ids.length);
  for (const row of rows) {
    expect([row.length, row.filter((cell) => cell === '')], row[0]).toEqual([4, []]);
    expect(row[3], row[0]).toMatch(/`(test|docs|policy)\/.*`|^not yet/);
  }
});

test('every threat says what is at stake, what stops it, what shows that, and what is not stopped', async () => {
  const [, threats = ''] = /\n## Threats\n(.*?)\n## /s.exec(await read('docs/security.md')) ?? [];
  const parts = threats.split(/\n### /).slice(1);
  expect(parts.length).toBeGreaterThanOrEqual(6);
  for (const part of parts) {
    for (const label of ['At stake', 'What stops it', 'Shown by', 'What does not'])
      expect(part, part.split('\n')[0]).toContain(`- **${label}**: `);
    expect(
      cited(part).some(({ name }) => name),
      part.split('\n')[0],
    ).toBe(true);
  }
});

test('README and the map of the code lead to both', async () => {
  for (const page of PAGES) expect(await read('README.md')).toContain(`](${page})`);
});
