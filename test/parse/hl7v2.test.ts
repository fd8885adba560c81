import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeHl7, HL7_TYPE, readHeader, unescapeHl7 } from '../../src/formats/hl7v2.ts';
import type { Unit } from '../../src/model.ts';
import type { Segment } from '../../src/parse/hl7v2.ts';
import { parseMessage } from '../../src/parse/parse-message.ts';
import { messageOf } from './message.ts';

const MSH = 'MSH|^~\\&|ADT|RXX|SKEIN|SKEIN|20260110093000||ADT^A28^ADT_A05|42|P|2.5';
const PID = 'PID|1||9990000018^^^NHS^NH~77^^^RXX&x&ISO^PI||Marsh^Ana||19920304|F';

const parse = (body: string | Buffer) =>
  parseMessage(messageOf(body, { contentType: HL7_TYPE, source: 'hl7v2-adt' })).units;
const segments = (unit: Unit | undefined) =>
  (unit?.tree as { segments: Segment[] } | undefined)?.segments ?? [];
const segmentsOf = (body: string | Buffer) => segments(parse(body)[0]);
const names = (body: string | Buffer) => segmentsOf(body).map(({ name, n }) => `${name}${n}`);
const field = (body: string | Buffer, segment: string, number: number) =>
  segmentsOf(body).find(({ name }) => name === segment)?.fields[number];
const whole = (line: string) => field(`${MSH}\r${line}`, line.slice(0, 3), 1)?.[0]?.[0]?.[0];

describe('an HL7 v2 message', () => {
  test('becomes repetitions of components of subcomponents under one-based field numbers', () => {
    expect(names(`${MSH}\r${PID}\rNK1|1\rNK1|2\r`)).toEqual(['MSH1', 'PID1', 'NK11', 'NK12']);
    expect(field(`${MSH}\r${PID}`, 'PID', 3)).toEqual([
      [['9990000018'], [''], [''], ['NHS'], ['NH']],
      [['77'], [''], [''], ['RXX', 'x', 'ISO'], ['PI']],
    ]);
    expect(field(`${MSH}\r${PID}`, 'PID', 2)).toEqual([[['']]]);
    expect(field(`${MSH}\r${PID}`, 'PID', 0)).toEqual([[['PID']]]);
  });

  test('has its separator as MSH-1 and its encoding characters, unsplit, as MSH-2', () => {
    const fields = segmentsOf(MSH)[0]?.fields ?? [];
    expect([fields[1], fields[2], fields[3], fields[10]]).toEqual([
      [[['|']]],
      [[['^~\\&']]],
      [[['ADT']]],
      [[['42']]],
    ]);
  });

  test.each([
    ['CR', '\r', ''],
    ['LF', '\n', ''],
    ['CRLF', '\r\n', ''],
    ['CR after a byte order mark', '\r', '\ufeff'],
    ['CR after framing and a byte order mark', '\r', '\u000b\ufeff'],
    ['blank lines', '\r\n\r\n', '\n'],
    ['trailing whitespace', ' \t\r', ' '],
  ])('is read with %s between segments', (_, end, start) => {
    expect(field(`${start}${[MSH, PID].join(end)}${end}`, 'PID', 8)).toEqual([[['F']]]);
  });

  test('may have a segment of a name alone', () => {
    expect(names(`${MSH}\r${PID}\rPV1\rNK1|1\rPV2`)).toEqual(['MSH1', 'PID1', 'PV11', 'NK11', 'PV21']);
  });

  test('keeps a line feed inside a field, in the field', () => {
    const body = `${MSH}\r${PID}\rNTE|1||first line\nsecond line|L\rNK1|1`;
    expect(field(body, 'NTE', 3)).toEqual([[['first line\nsecond line']]]);
    expect(field(body, 'NTE', 4)).toEqual([[['L']]]);
    expect(names(body)).toEqual(['MSH1', 'PID1', 'NTE1', 'NK11']);
  });

  test('keeps null apart from absent', () => {
    expect([whole('ZZZ|""'), whole('ZZZ|')]).toEqual(['""', '']);
  });

  test('uses the delimiters it declares', () => {
    const body = 'MSH$%*!@$ADT$RXX\rPID$1$$a!S!b%c@d*e|f^g';
    expect(field(body, 'PID', 3)).toEqual([[['a%b'], ['c', 'd']], [['e|f^g']]]);
  });

  test('may have its escape character doubled in MSH-2', () => {
    expect(field(`${MSH.replace('~\\&', '~\\\\&')}\rZZZ|a^b&c`, 'ZZZ', 1)).toEqual([[['a'], ['b', 'c']]]);
  });

  test('unescapes what has a meaning and leaves the rest as sent', () => {
    expect(whole('ZZZ|\\F\\\\S\\\\T\\\\R\\\\E\\')).toBe('|^&~\\');
    expect(whole('ZZZ|a\\.br\\b\\X0D0A\\c\\XC3A9\\')).toBe('a\nb\r\ncé');
    expect(whole('ZZZ|\\H\\bold\\N\\ \\Q\\ C:\\dir \\')).toBe('\\H\\bold\\N\\ \\Q\\ C:\\dir \\');
  });
});

describe('the character set', () => {
  const name = (charset: string, bytes: Buffer) =>
    field(Buffer.concat([Buffer.from(`${MSH}||||||${charset}\rPID|1||||`), bytes]), 'PID', 5)?.[0]?.[0]?.[0];

  test('is what MSH-18 says', () => {
    expect(name('UNICODE UTF-8', Buffer.from('Zoë'))).toBe('Zoë');
    expect(name('8859/1', Buffer.from('Zoë', 'latin1'))).toBe('Zoë');
    expect(name('8859/15', Buffer.from([0xa4]))).toBe('€');
  });

  test('without MSH-18 is UTF-8 where that is valid, else Windows-1252', () => {
    expect(name('', Buffer.from('Zoë'))).toBe('Zoë');
    expect(name('', Buffer.from([0x5a, 0x6f, 0xeb, 0x92]))).toBe('Zoë’');
    expect(name('ASCII', Buffer.from('Zoë', 'latin1'))).toBe('Zoë');
  });

  test('is the first repetition of MSH-18 that is read here', () => {
    expect(name('ASCII~8859/15', Buffer.from([0xa4]))).toBe('€');
    expect(name('KLINGON~8859/1', Buffer.from('Zoë', 'latin1'))).toBe('Zoë');
  });

  const told = (charset: string, bytes: Buffer) =>
    parse(Buffer.concat([Buffer.from(`${MSH}||||||${charset}\rPID|1||||`), bytes])).map(({ issues = [] }) =>
      issues.map(({ severity, field }) => [severity, field]),
    )[0];

  test('that the bytes belie gives way to UTF-8, with a warning', () => {
    expect(name('8859/1', Buffer.from('Llŷn'))).toBe('Llŷn');
    expect(told('8859/1', Buffer.from('Llŷn'))).toEqual([['warning', 'MSH-18']]);
    expect(told('UNICODE UTF-16', Buffer.from('Llŷn'))).toEqual([['warning', 'MSH-18']]);
    expect(told('KLINGON', Buffer.from('Zoë', 'latin1'))).toEqual([['warning', 'MSH-18']]);
    for (const charset of ['', 'ASCII', 'ASCII~UNICODE UTF-8', 'UNICODE UTF-8', '8859/1~UNICODE UTF-8'])
      expect(told(charset, Buffer.from('Llŷn'))).toEqual([]);
    for (const charset of ['', '8859/1', 'KLINGON']) expect(told(charset, Buffer.from('Zoe'))).toEqual([]);
  });

  test.each(['utf-16le', 'utf-16be'])('%s is refused with MSH-18 as its place, marked or not', (charset) => {
    for (const mark of ['\ufeff', '']) {
      const bytes = Buffer.from(`${mark}${MSH}||||||UNICODE UTF-16\rPID|1`, 'utf16le');
      if (charset === 'utf-16be') bytes.swap16();
      expect(() => parse(bytes)).toThrow(
        expect.objectContaining({ issues: [expect.objectContaining({ field: 'MSH-18' })] }),
      );
      expect(readHeader(bytes)?.get(10)).toBe(readHeader(Buffer.from(MSH))?.get(10));
    }
  });

  test('NUL is refused with its field, another control character is told with its own', () => {
    const nul = Buffer.from(`${MSH}\rPID|1\rNK1|1|A\rNK1|2|B|x\0y`);
    expect(() => parse(nul)).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ field: 'NK1[2]-3' })] }),
    );
    expect(readHeader(nul)?.get(10)).toBe(readHeader(Buffer.from(MSH))?.get(10));
    expect(told('', Buffer.from('In\u000bvented'))).toEqual([['warning', 'PID-5']]);
    expect(told('', Buffer.from('a\\X01\\b'))).toEqual([['warning', 'PID-5']]);
  });

  test('an escape of characters that means none is told, one that is text itself is not', () => {
    expect(told('', Buffer.from('a\\XZZ\\b'))).toEqual([['warning', 'PID-5']]);
    expect(told('', Buffer.from('a\\C2842\\b'))).toEqual([['warning', 'PID-5']]);
    expect(told('', Buffer.from('a\\E\\X09\\E\\b \\H\\c\\N\\ C:\\X'))).toEqual([]);
    expect(name('', Buffer.from('a\\X000D\\b\\X0041\\'))).toBe('a\rbA');
  });

  test('is refused where the bytes are not the UTF-8 that MSH-18 says', () => {
    expect(() => name('UTF-8', Buffer.from([0x5a, 0xeb]))).toThrow('MSH-18 says UTF-8');
  });
});

describe('a batch', () => {
  test('gives one unit per message, and a bad one costs the others nothing', () => {
    const body = ['FHS|^~\\&', 'BHS|^~\\&', MSH, PID, 'MSH|AB', 'PID|1', MSH, PID, 'BTS|3', 'FTS|1'].join(
      '\r',
    );
    const units = parse(body);
    expect(units.map(({ position, error }) => [position, error?.code])).toEqual([
      ['message 1', undefined],
      ['message 2', 'structure'],
      ['message 3', undefined],
    ]);
    expect(segments(units[2]).map((segment) => segment.name)).toEqual(['MSH', 'PID']);
  });

  test('of one message is that message', () => {
    expect(parse(`BHS|^~\\&\r${MSH}\r${PID}\rBTS|1`).map(({ position }) => position)).toEqual(['']);
  });

  test.each(['', 'PID|1', 'hello', 'FHS|^~\\&\rFTS|0', 'MSH', 'MSH|', 'MSH|^^^^', 'MSHA^~\\&'])(
    '"%s" holds no message and is refused',
    (body) => {
      expect(() => parse(body)).toThrow(expect.objectContaining({ name: 'Rejected', status: 400 }));
    },
  );

  test('of separators alone is refused rather than blown up in memory', () => {
    expect(() => parse(`${MSH}\rZZZ${'|'.repeat(600_000)}`)).toThrow('more than 500000 values');
  });
});

describe('escaping', () => {
  test('and unescaping give back any text, and leave no delimiter or control character', () => {
    // NUL is escaped too, but never given back: no store could keep it.
    const texts = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\u0000'));
    fc.assert(
      fc.property(texts, (text) => {
        const escaped = escapeHl7(text);
        expect(unescapeHl7(escaped)).toBe(text);
        expect([...escaped].some((character) => character < ' ' || '|^~&'.includes(character))).toBe(false);
      }),
    );
  });

  test('survives a whole message', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(field(`${MSH}\rZZZ|1|${escapeHl7(text)}|end`, 'ZZZ', 2)).toEqual([[[text]]]);
      }),
    );
  });
});

test('the header is read without parsing the rest', () => {
  const header = readHeader(Buffer.from(`\u000bBHS|^~\\&\r${MSH}\rPID|1`));
  expect([3, 9, 10, 12, 16].map((number) => header?.get(number))).toEqual(['ADT', 'ADT', '42', '2.5', '']);
  expect(header?.get(9, 2)).toBe('A28');
  expect(readHeader(Buffer.from('PID|1'))).toBeNull();
});
