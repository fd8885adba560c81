import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/parse/parse-message.ts';
import { messageOf } from './message.ts';

const parse = (body: string | Buffer) =>
  parseMessage(messageOf(body, { contentType: 'text/csv', source: 'third-sector-csv' })).units;
const trees = (body: string | Buffer) => parse(body).map(({ tree }) => tree);

describe('a CSV file', () => {
  test('gives one unit per row, numbered as a spreadsheet shows it', () => {
    expect(parse('name,town\nAna,Leeds\n\nBo,York\n')).toEqual([
      { position: 'row 2', tree: { name: 'Ana', town: 'Leeds' } },
      { position: 'row 4', tree: { name: 'Bo', town: 'York' } },
    ]);
  });

  test.each([
    ['semicolons', 'name;town\nAna;Leeds'],
    ['tabs', 'name\ttown\nAna\tLeeds'],
    ['CRLF', 'name,town\r\nAna,Leeds\r\n'],
    ['CR', 'name,town\rAna,Leeds\r'],
    ['a byte order mark', '\ufeffname,town\nAna,Leeds'],
    ['the line by which Excel is told the delimiter', 'sep=;\r\nname;town\r\nAna;Leeds\r\n'],
    ['that line behind a byte order mark', '\ufeffSEP=|\nname|town\nAna|Leeds'],
    ['quotes everywhere', '"name","town"\n"Ana","Leeds"'],
    ['empty columns at the end', 'name,town,,\nAna,Leeds,,'],
    ['spaces around the column names', ' name , town\nAna,Leeds'],
  ])('is read with %s', (_, body) => {
    expect(trees(body)).toEqual([{ name: 'Ana', town: 'Leeds' }]);
  });

  test('that tells Excel its delimiter is numbered as Excel shows it, and keeps others in its cells', () => {
    expect(parse('sep=;\nname;town\nAna;Leeds, West\nBo')).toEqual([
      { position: 'row 2', tree: { name: 'Ana', town: 'Leeds, West' } },
      { position: 'row 3', tree: null, error: expect.objectContaining({ code: 'structure' }) },
    ]);
  });

  test('is read in UTF-8, Windows-1252 and UTF-16', () => {
    expect(trees('name\nZoë')).toEqual([{ name: 'Zoë' }]);
    expect(trees(Buffer.from('name\nZoë', 'latin1'))).toEqual([{ name: 'Zoë' }]);
    expect(trees(Buffer.from('\ufeffname\nZoë', 'utf16le'))).toEqual([{ name: 'Zoë' }]);
  });

  test('keeps delimiters, quotes and line breaks of quoted cells', () => {
    expect(trees('a,b\n"one, two","she said ""yes""\nthen left"\n5" wide,x')).toEqual([
      { a: 'one, two', b: 'she said "yes"\nthen left' },
      { a: '5" wide', b: 'x' },
    ]);
  });

  test('reports a ragged row and reads the others', () => {
    const units = parse('a,b\n1,2\n3\n4,5,6\n7,8');
    expect(units.map(({ position, error }) => [position, error?.text])).toEqual([
      ['row 2', undefined],
      ['row 3', 'the row has 1 cells, the header has 2'],
      ['row 4', 'the row has 3 cells, the header has 2'],
      ['row 5', undefined],
    ]);
  });

  test('loses only the line of a quote that is never closed', () => {
    const units = parse('a,b\n1,2\n"3,4\n5,6\n7,"8"\n');
    expect(units.map(({ position, error }) => [position, error?.code])).toEqual([
      ['row 2', undefined],
      ['row 3', 'structure'],
      ['row 4', undefined],
      ['row 5', undefined],
    ]);
  });

  test.each([
    ['nothing', ''],
    ['a blank header', '\n1,2'],
    ['a header with a hole', 'a,,c\n1,2,3'],
    ['the same column twice', 'a,b,a\n1,2,3'],
    ['a column named for the prototype', 'a,__proto__\n1,2'],
    ['a header and no rows', 'a,b\n\n'],
    ['a file that is not text', Buffer.from([0x89, 0x50, 0, 1, 2])],
  ])('with %s is refused', (_, body) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ name: 'Rejected', status: 400 }));
  });

  test('never lets one bad row change another', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', ' x', ',', '"', '\n') });
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const bad = fc.constantFrom('only one', '1,2,3', 'x,"y"z', '"no end');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell), { minLength: 1 }),
        fc.array(fc.tuple(cell, cell)),
        bad,
        (before, after, line) => {
          const rows = (pairs: string[][]) => pairs.map((pair) => `${pair.map(quote).join(',')}\n`).join('');
          // A row of blank cells is a blank line.
          const expected = [...before, ...after]
            .filter((row) => row.join('').trim())
            .map(([a, b]) => ({ a, b }));
          fc.pre(line !== '"no end' || !JSON.stringify(after).includes('\\'));
          const found = trees(`a,b\n${rows(before)}${line}\n${rows(after)}`).filter((tree) => tree !== null);
          expect(found).toEqual(expected);
        },
      ),
    );
  });
});
