import { describe, expect, test } from 'vitest';
import { readHeader } from '../../src/formats/hl7v2.ts';
import type { Answer, Issue, MessageStatus } from '../../src/model.ts';
import { acknowledge, NOT_STORED, verdictOf } from '../../src/receive/hl7/ack.ts';

const MSH = 'MSH|^~\\&|PAS|RXX^x|SKEIN|HUB|20260110093000||ADT^A28^ADT_A05|MSG\\T\\1|P|2.4';
const NOW = new Date('2026-01-10T09:30:05.250Z');

const answer = (status: MessageStatus, issues: Issue[] = [], given: Partial<Answer> = {}): Answer => ({
  ...{ status, duplicate: false, conflict: false, messageId: '1', identifier: 'MSG1' },
  units: [{ position: '', status, issues }],
  ...given,
});
const MISSING: Issue = {
  severity: 'error',
  code: 'required',
  field: 'PID-7',
  text: 'a birth date is needed',
};

function lines(msh: string, given: Answer, onHeld: 'AE' | 'AA' = 'AE'): string[][] {
  const acks = acknowledge(readHeader(Buffer.from(msh)), verdictOf(given, onHeld), NOW);
  return acks.map((ack) => ack.toString().split('\r').slice(0, -1));
}
const codes = (msh: string, given: Answer, onHeld?: 'AE' | 'AA') =>
  lines(msh, given, onHeld).map((ack) => ack[1]?.split('|')[1]);

describe('an acknowledgement', () => {
  test('goes back to its sender in its own version, names its message, and has an id of its own', () => {
    const [[msh = '', msa] = []] = lines(MSH, answer('accepted'));
    expect(msh.replace(/[0-9A-F]{20}/, 'NEW')).toBe(
      'MSH|^~\\&|SKEIN|HUB|PAS|RXX^x|20260110093005+0000||ACK^A28^ACK|NEW|P|2.4',
    );
    expect(msa).toBe('MSA|AA|MSG\\T\\1');
  });

  test('uses the delimiters and the character set of its message', () => {
    const msh = 'MSH$%*!@$PÄS$RXX$SKEIN$HUB$20260110093000$$ADT%A28$1$P$2.5$$$$$$8859/1';
    const [ack] = acknowledge(
      readHeader(Buffer.from(msh, 'latin1')),
      verdictOf(answer('held', [MISSING]), 'AE'),
      NOW,
    );
    const [first, second, third] = (ack as Buffer).toString('latin1').split('\r');
    expect(first?.split('$').slice(1, 6)).toEqual(['%*!@', 'SKEIN', 'HUB', 'PÄS', 'RXX']);
    expect(first?.split('$')[17]).toBe('8859/1');
    expect(second).toBe('MSA$AE$1$PID-7: a birth date is needed');
    expect(third).toContain('ERR$$PID%1%7$101%Required field missing%HL70357$E$');
  });

  test.each([
    ['', 'windows-1252', ''],
    ['8859/1', 'windows-1252', '8859/1'],
    ['8859/14', 'iso-8859-14', '8859/14'],
    ['8859/15', 'iso-8859-15', '8859/15'],
  ])(
    'under MSH-18 "%s" gives back every byte of its message, and none that ends a frame',
    (named, charset, said) => {
      const upper = Buffer.from(Array.from({ length: 128 }, (_, index) => 128 + index));
      const head = Buffer.from(`${MSH.replace('MSG\\T\\1', 'ID-@@')}||||||${named}`);
      const at = head.indexOf('@@');
      const sent = Buffer.concat([head.subarray(0, at), upper, head.subarray(at + 2)]);
      const told = { ...MISSING, text: 'not “this”: 鼠' };
      const header = readHeader(sent);
      const [ack = Buffer.alloc(0)] = acknowledge(header, verdictOf(answer('held', [told]), 'AE'), NOW);
      expect(header?.charset).toBe(charset);
      expect(ack.includes(Buffer.concat([Buffer.from('|ID-'), upper]))).toBe(true);
      expect(ack.filter((byte) => byte < 0x20 && byte !== 0x0d)).toHaveLength(0);
      expect(ack.toString('latin1').split('\r')[0]?.split('|')[17] ?? '').toBe(said);
      expect(ack.toString('latin1')).toContain('?');
    },
  );

  test.each(['', 'ASCII', '8859/1'])('of UTF-8 under MSH-18 "%s" says that it is UTF-8', (named) => {
    const sent = Buffer.from(`${MSH.replace('PAS', 'Llŷn’s')}||||||${named}`);
    const [ack = Buffer.alloc(0)] = acknowledge(readHeader(sent), verdictOf(answer('accepted'), 'AE'), NOW);
    const [first = ''] = ack.toString().split('\r');
    expect(first.split('|')[4]).toBe('Llŷn’s');
    expect(first.split('|')[17]).toBe('UNICODE UTF-8');
  });

  test('of UTF-16 is one that names its message and MSH-18', () => {
    const sent = Buffer.from(`\ufeff${MSH}||||||UNICODE UTF-16\r`, 'utf16le');
    const [ack] = acknowledge(readHeader(sent), verdictOf(answer('rejected', [MISSING]), 'AE'), NOW);
    expect(String(ack)).toContain('\rMSA|AR|MSG\\T\\1|');
  });

  test('cuts no escape sequence of its text in two', () => {
    const text = `${'x'.repeat(71)}|||||`;
    const [[, msa = ''] = []] = lines(MSH, answer('held', [{ ...MISSING, text }]));
    expect(msa.split('|')[3]).toBe(`PID-7: ${'x'.repeat(71)}`);
  });

  test.each([
    ['accepted', 'AE', 'AA'],
    ['held', 'AE', 'AE'],
    ['held', 'AA', 'AA'],
    ['rejected', 'AE', 'AR'],
  ] as const)('of a message that is %s, where held means %s, is %s', (status, onHeld, code) => {
    expect(codes(MSH, answer(status), onHeld)).toEqual([code]);
    expect(codes(MSH, answer(status, [], { duplicate: true }), onHeld)).toEqual([code]);
  });

  test('of an id used for other content is AR, whatever became of the first', () => {
    expect(codes(MSH, answer('accepted', [], { conflict: true }))).toEqual(['AR']);
  });

  test('says where each issue is, in the field names of the sender, escaped', () => {
    const issues: Issue[] = [
      { severity: 'warning', code: 'code-invalid', field: 'NK1[2]-33[3].4.1', text: 'not a|known^code' },
      { severity: 'information', code: 'informational', text: 'for who asks' },
      { severity: 'warning', code: 'business-rule', field: '/entry/1', text: 'line\nbreak' },
    ];
    const [[, , first, second, third] = []] = lines(MSH, answer('accepted', issues));
    expect(first).toBe(
      'ERR||NK1^2^33^3^4^1|103^Table value not found^HL70357|W|code-invalid^^http://hl7.org/fhir/issue-type||kept as message 1|NK1[2]-33[3].4.1: not a\\F\\known\\S\\code',
    );
    expect(second).toMatch(/^ERR\|\|\|207\^Application error\^HL70357\|W\|.*line\\X0A\\break$/);
    expect(third).toBeUndefined();
  });

  test('of a file names the message that each issue is about, and stops at fifty', () => {
    const units = Array.from({ length: 60 }, (_, index) => ({
      ...{ position: `message ${index + 1}`, status: 'held' as const, issues: [MISSING] },
    }));
    const [ack = []] = lines(MSH, { ...answer('held'), units });
    expect(ack).toHaveLength(52);
    expect(ack[2]).toContain('message 1: a birth date is needed');
  });

  test('of a batch is no AA where one of its messages is held, unless its sender wants to hear AA', () => {
    const units = (['accepted', 'held'] as const).map((status) => ({ position: '', status, issues: [] }));
    const batch = { ...answer('accepted'), units };
    expect([codes(MSH, batch), codes(MSH, batch, 'AA')]).toEqual([['AE'], ['AA']]);
  });

  test('is possible without a header to answer to', () => {
    const [ack] = acknowledge(null, verdictOf(answer('rejected'), 'AE'), NOW);
    expect(ack?.toString()).toMatch(
      /^MSH\|\^~\\&\|\|\|\|\|20260110093005\+0000\|\|ACK\|[0-9A-F]{20}\|P\|2.5\rMSA\|AR\|\r$/,
    );
  });
});

describe('in enhanced mode', () => {
  const asking = (accept: string, application: string) => `${MSH}|||${accept}|${application}`;

  test.each([
    ['AL', 'NE', ['CA'], ['CA'], ['CR']],
    ['NE', 'AL', ['AA'], ['AE'], ['AR']],
    ['AL', 'AL', ['CA', 'AA'], ['CA', 'AE'], ['CR', 'AR']],
    ['ER', 'ER', [], ['AE'], ['CR', 'AR']],
    ['SU', 'SU', ['CA', 'AA'], ['CA'], []],
    ['NE', 'NE', [], [], []],
    ['AL', '', ['CA'], ['CA'], ['CR']],
    ['""', '', ['AA'], ['AE'], ['AR']],
    ['Y', '""', ['AA'], ['AE'], ['AR']],
    ['""', 'AL', ['AA'], ['AE'], ['AR']],
  ])(
    'a sender that asks for %s and %s is told %j when accepted, %j when held, %j when rejected',
    (accept, application, ...told) => {
      const statuses = ['accepted', 'held', 'rejected'] as const;
      expect(statuses.map((status) => codes(asking(accept, application), answer(status)))).toEqual(told);
    },
  );

  test.each([
    ['AL', 'NE', 'CA'],
    ['AL', '', 'CA'],
    ['SU', 'SU', 'CA'],
  ])(
    'with %s and %s alone a held message is told by the accept acknowledgement: MSA-3 and ERR',
    (...asked) => {
      const [accept, application, code] = asked;
      const [[, msa, err] = []] = lines(asking(accept, application), answer('held', [MISSING]));
      expect(msa).toBe(`MSA|${code}|MSG\\T\\1|PID-7: a birth date is needed`);
      expect(err).toContain('ERR||PID^1^7|101^Required field missing^HL70357|E|');
      expect(err).toContain('|kept as message 1|');
    },
  );

  test('an accept acknowledgement is silent of what an application one tells', () => {
    const [accept, application] = lines(asking('AL', 'AL'), answer('held', [MISSING]));
    expect([accept?.length, application?.length]).toEqual([2, 3]);
  });

  test('what could not be kept is a commit error', () => {
    const acks = acknowledge(readHeader(Buffer.from(asking('AL', 'AL'))), NOT_STORED, NOW);
    expect(acks.map((ack) => ack.toString().split('\r')[1])).toEqual([
      'MSA|CE|MSG\\T\\1|not stored: send it again',
      'MSA|AE|MSG\\T\\1|not stored: send it again',
    ]);
  });
});
