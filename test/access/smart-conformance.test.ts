/** docs/conformance/smart.csv: what SMART asks of a server for systems (221 to 342 of its list), and what shows it. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readCsv } from '../../src/parse/csv.ts';

type Requirement = Record<'requirement' | 'paraphrase' | 'applies' | 'test_file' | 'test' | 'status', string>;
/** Those that the list has for servers. */
const OF_SERVERS = [
  ...[228, 231, 240, 241, 243, 244, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 256, 257, 258],
  ...[259, 260, 261, 262, 265, 266, 269, 271, 272, 273, 274, 275, 276, 277, 278, 279, 280, 281, 282, 283],
  ...[285, 286, 287, 288, 289, 296, 297, 305, 306, 310, 311, 316, 326, 335, 336, 337, 338, 339, 340, 341],
  342,
];

const readAll = async () =>
  readCsv(await readFile('docs/conformance/smart.csv')).map(({ tree }) => tree as Requirement);

test('every requirement of servers is there once, in order', async () => {
  const numbers = (await readAll()).map(({ requirement }) => Number(requirement));
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  expect(OF_SERVERS.filter((number) => !numbers.includes(number))).toEqual([]);
});

test('each that applies is met and names a test that there is; each other says why it does not', async () => {
  for (const { requirement, paraphrase, applies, test_file, test: name, status } of await readAll()) {
    expect(paraphrase, requirement).not.toBe('');
    if (status === 'not offered') {
      expect([applies, test_file, name], requirement).toEqual([expect.stringMatching(/^no: ./), '', '']);
      continue;
    }
    expect(['met', 'in part'], requirement).toContain(status);
    expect(applies, requirement).toMatch(status === 'met' ? /^yes(: .|$)/ : /^in part: ./);
    const text = (await readFile(test_file, 'utf8')).replaceAll("\\'", "'");
    expect(name.length, requirement).toBeGreaterThan(10);
    expect(text, `${requirement}: ${name}`).toMatch(new RegExp(`['"]${name.replace(/[^\w ]/g, '\\$&')}`));
  }
});
