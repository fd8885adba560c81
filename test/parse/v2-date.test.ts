import { describe, expect, test } from 'vitest';
import { v2Date, v2DateTime, v2Instant } from '../../src/fhir/v2-date.ts';

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
