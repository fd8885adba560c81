import { describe, expect, test } from 'vitest';
import { v2Clock, v2Date, v2DateTime, v2Instant, v2Offset } from '../../src/fhir/v2-date.ts';

describe('an HL7 v2 date', () => {
  test.each([
    ['1976', '1976'],
    ['197601', '1976-01'],
    ['19760121', '1976-01-21'],
    ['19760121+^D', '1976-01-21'],
    ['19760121^D', '1976-01-21'],
    ['198508010001+0500', '1985-08-01'],
    ['19850801233000-0500', '1985-08-01'],
  ])('%s is the FHIR date %s, as precise as sent and never moved by a zone', (sent, date) => {
    expect(v2Date(sent)).toBe(date);
  });

  test.each([
    '',
    '""',
    '0000',
    '00000000',
    '19760230',
    '19761301',
    '1976012',
    'yesterday',
    '197601212500',
    '21/01/1976',
  ])('"%s" is no date', (sent) => {
    expect([v2Date(sent), v2DateTime(sent), v2Instant(sent)]).toEqual([undefined, undefined, undefined]);
  });
});

describe('an HL7 v2 time', () => {
  test.each([
    ['202601', '2026-01'],
    ['2026011509', '2026-01-15T09:00:00+00:00'],
    ['202601150930', '2026-01-15T09:30:00+00:00'],
    ['202607150930', '2026-07-15T09:30:00+01:00'],
    ['20260715093015.25', '2026-07-15T09:30:15.25+01:00'],
    ['20260715093015-0330', '2026-07-15T09:30:15-03:30'],
    ['20260715093015+01:00', '2026-07-15T09:30:15+01:00'],
    ['20260715093015Z', '2026-07-15T09:30:15Z'],
  ])('%s is the FHIR dateTime %s: its own offset, else local time in London', (sent, dateTime) => {
    expect(v2DateTime(sent)).toBe(dateTime);
  });

  test.each([
    ['20260715093015250+0100', '2026-07-15T09:30:15.250+01:00'],
    ['20260715093015 +00', '2026-07-15T09:30:15+00:00'],
    ['20260715093015BST', '2026-07-15T09:30:15+01:00'],
    ['202607150930gmt', '2026-07-15T09:30:00Z'],
    ['202607150930UTC', '2026-07-15T09:30:00Z'],
    ['20260630240000', '2026-07-01T00:00:00+01:00'],
    ['2026123124', '2027-01-01T00:00:00+00:00'],
    ['2026063024+0500', '2026-07-01T00:00:00+05:00'],
  ])('is read as it is seen in the wild: %s is %s', (sent, dateTime) => {
    expect(v2DateTime(sent)).toBe(dateTime);
  });

  test.each(['20260630240001', '202606302430', '2026063025', '20260715093015CET'])('%s is none', (sent) => {
    expect(v2DateTime(sent)).toBeUndefined();
  });

  test('of a message that names its offset once is at that offset', () => {
    expect(v2Offset('20260630120000+0000')).toBe('+00:00');
    expect(v2Offset('20260630120000Z')).toBe('+00:00');
    expect(v2Offset('20260630120000-0330')).toBe('-03:30');
    expect([v2Offset('20260630120000'), v2Offset('soon')]).toEqual([undefined, undefined]);
    expect(v2DateTime('202606301100', '+00:00')).toBe('2026-06-30T11:00:00+00:00');
    expect(v2DateTime('202606301100BST', '-05:00')).toBe('2026-06-30T11:00:00+01:00');
  });

  test('that the clocks skip or show twice is known to be one', () => {
    expect(['202603290030', '202603290100', '202603290159', '202603290200'].map((at) => v2Clock(at))).toEqual(
      [...[undefined, 'missing', 'missing', undefined]],
    );
    expect(['202610250059', '202610250100', '202610250159', '202610250200'].map((at) => v2Clock(at))).toEqual(
      [...[undefined, 'twice', 'twice', undefined]],
    );
    const sure = ['20261025', '202610250130+0100', '202610250130Z', 'soon'];
    expect(sure.map((at) => v2Clock(at))).toEqual(sure.map(() => undefined));
    expect([v2Clock('202610250130', '+00:00'), v2Clock('202611010130', 'America/New_York')]).toEqual([
      ...[undefined, 'twice'],
    ]);
  });

  test('around the change of clocks is a time that existed', () => {
    expect(v2DateTime('20260329003000')).toBe('2026-03-29T00:30:00+00:00');
    expect(v2DateTime('20260329023000')).toBe('2026-03-29T02:30:00+01:00');
    expect(v2DateTime('20261025003000')).toBe('2026-10-25T00:30:00+01:00');
    expect(v2DateTime('20261025013000')).toBe('2026-10-25T01:30:00+00:00');
    expect(v2DateTime('20261025023000')).toBe('2026-10-25T02:30:00+00:00');
  });

  test('in another zone is local there', () => {
    expect(v2DateTime('202601150930', 'America/St_Johns')).toBe('2026-01-15T09:30:00-03:30');
  });

  test('as an instant begins where the value leaves off', () => {
    expect(v2Instant('2026')).toBe('2026-01-01T00:00:00+00:00');
    expect(v2Instant('20260715')).toBe('2026-07-15T00:00:00+01:00');
    expect(v2Instant('20260715093015+0200')).toBe('2026-07-15T09:30:15+02:00');
  });
});
