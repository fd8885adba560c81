import { describe, expect, test } from 'vitest';
import { isEmail, isNoDay, isPhone, LOOKS, saysNone } from '../../src/map/compile/looks.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { mapUnit } from '../../src/map/map-unit.ts';
import { readHl7 } from '../../src/parse/hl7v2.ts';

const LONDON = { now: new Date('2026-06-15T23:30:00Z'), zone: 'Europe/London' };
const look = (name: 'past' | 'future', text: string, heard = LONDON) => LOOKS[name]?.test(text, heard);

describe('a date or time', () => {
  // In London it is half past midnight of the 16th.
  test.each([
    ['20260615', true, false],
    ['20260616', false, false],
    ['20260617', false, true],
    ['202605', true, false],
    ['202606', false, false],
    ['2025', true, false],
    ['2027', false, true],
    ['20260616002900', true, false],
    // Clocks differ by so much.
    ['20260616010000', false, false],
    ['20260616013100', false, true],
    ['202606152331+0000', false, false],
    ['2026-06-15', true, false],
    ['17/06/2026', false, true],
    ['99991231', false, true],
    ['20260230', false, false],
    ['soon', false, false],
    ['', false, false],
  ])('%s is past: %s, and still to come: %s', (text, past, future) => {
    expect([look('past', text), look('future', text)]).toEqual([past, future]);
  });

  test('is judged by the day where the message was written', () => {
    const there = { ...LONDON, zone: '-05:00' };
    expect([look('past', '20260615', there), look('future', '20260616', there)]).toEqual([false, true]);
  });

  test('is of a later day only once that day has not begun there', () => {
    const isLater = (text: string) => LOOKS['later-day']?.test(text, LONDON);
    expect(['20260617', '20260617003000', '202607', '2027'].map(isLater)).toEqual([true, true, true, true]);
    expect(['20260616', '20260616235900', '20260615', '2026', ''].map(isLater)).toEqual(Array(5).fill(false));
    // Just before midnight a clock that runs ahead is already in the next day.
    const late = { ...LONDON, now: new Date('2026-06-16T22:58:00Z') };
    expect(LOOKS['later-day']?.test('20260617000100', late)).toBe(false);
  });

  test('is none in the year 9999, and before 1850', () => {
    const isNone = (text: string) => isNoDay(text, LONDON);
    expect(['00010101', '18491231', '99991231', '9999-12-31'].map(isNone)).toEqual([true, true, true, true]);
    expect(['18500101', '20260617', '900203', 'Y'].map(isNone)).toEqual([false, false, false, false]);
  });

  test('is judged by the time of receipt, whenever the message is read again', async () => {
    const mapping = (await loadMappings()).get('hl7v2-adt');
    const stay = `PV1|1|I${'|'.repeat(17)}V1${'|'.repeat(25)}20260601`;
    const lines = ['MSH|^~\\&|A|B|||20260615||ADT^A08|1|P|2.5', 'PID|1||M1^^^B', `${stay}|20260701`];
    const [unit] = readHl7(Buffer.from(lines.join('\r')));
    if (!mapping || !unit) throw new Error('nothing to read, or nothing to read it by');
    const statusAt = (receivedAt: string) => {
      const { record } = mapUnit(mapping, unit, { dialect: null, receivedAt: new Date(receivedAt) });
      const episode = record?.statements.find(({ local }) => local === 'episode')?.resource;
      return episode && 'status' in episode ? episode.status : undefined;
    };
    expect(['2026-06-15T12:00:00Z', '2026-07-02T12:00:00Z'].map(statusAt)).toEqual(['active', 'finished']);
  });
});

describe('a telephone or an e-mail address', () => {
  test.each(['07700 900123', '+44 (0)113 496 0000 ext. 12', '101', '01130000000 (work)'])(
    'may be %s',
    (text) => expect(isPhone(text)).toBe(true),
  );
  test.each([
    '0',
    '00000000000',
    'none',
    'N/A',
    '-',
    'ex-directory',
    'Ex Dir',
    'nil',
    'not known',
    'no phone',
  ])('is none where somebody wrote %s', (text) =>
    expect([isPhone(text), saysNone(text)]).toEqual([false, true]),
  );
  test.each(['ask her mother', '12', '1111111'])(
    'is none where it is %s, which says something else',
    (text) => expect([isPhone(text), saysNone(text)]).toEqual([false, false]),
  );
  test('is an address with a name and a place', () => {
    expect(['a@b.example', 'mailto:a@b.example', 'by post', 'a@b'].map(isEmail)).toEqual([
      ...[true, true, false, false],
    ]);
  });
});
