/** docs/conformance/subscriptions.csv: what the Backport guide 1.1 asks of a server for R4 (SHALL), and what shows it. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readCsv } from '../../src/parse/csv.ts';

type Requirement = Record<
  'requirement' | 'conformance' | 'paraphrase' | 'test_file' | 'test' | 'status',
  string
>;
/** SHALL and SHALL NOT of the list of requirements for servers (hl7.fhir.uv.subscriptions 1.1.0). */
const OF_SERVERS = [
  ...[7, 14, 15, 20, 21, 25, 26, 27, 28, 29, 30, 31, 35, 38, 39, 40, 42, 43, 44, 45, 47, 49, 51, 52, 53, 58],
  ...[59, 60, 63, 65, 66, 67, 69, 70, 72, 73, 74, 75, 77, 78, 79, 90, 93, 94, 95, 97, 98, 102, 103, 106, 107],
  ...[108, 109, 110, 111, 112, 114, 115, 118, 119, 121, 124, 129, 133, 134, 135, 136, 137, 138, 139],
];

const readAll = async () =>
  readCsv(await readFile('docs/conformance/subscriptions.csv')).map(({ tree }) => tree as Requirement);

test('every requirement of servers is there once, in order', async () => {
  const numbers = (await readAll()).map(({ requirement }) => Number(requirement));
  expect(numbers).toEqual(OF_SERVERS);
});

test('each is met and names a test that there is, or says why it is not for us', async () => {
  for (const { requirement, conformance, paraphrase, test_file, test: name, status } of await readAll()) {
    expect(paraphrase, requirement).not.toBe('');
    expect(['SHALL', 'SHALL NOT'], requirement).toContain(conformance);
    if (status !== 'met') {
      expect([status, test_file, name], requirement).toEqual([expect.stringMatching(/^no: ./), '', '']);
      continue;
    }
    const text = (await readFile(test_file, 'utf8')).replaceAll("\\'", "'");
    expect(name.length, requirement).toBeGreaterThan(10);
    expect(text, `${requirement}: ${name}`).toMatch(new RegExp(`['"]${name.replace(/[^\w ]/g, '\\$&')}['"]`));
  }
});
