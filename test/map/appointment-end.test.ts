import { describe, expect, test } from 'vitest';
import { appointmentEnd } from '../../mappings/hl7v2-siu/hooks.ts';
import { readHl7 } from '../../src/parse/hl7v2.ts';

/** The end of an appointment of these segments. */
function endOf(...segments: string[]): string | undefined {
  const tree =
    readHl7(Buffer.from(['MSH|^~\\&|A|B|C|D|20250601||SIU^S12|1|P|2.6', ...segments].join('\r')))[0]?.tree ??
    null;
  const { segments: read } = tree as unknown as { segments: { name: string; fields: string[][][][] }[] };
  return appointmentEnd(
    undefined,
    Object.groupBy(read, ({ name }) => name),
  );
}

const sch = (duration = '', units = '', quantity = '') => `SCH|P|A|||||||${duration}|${units}|${quantity}`;
const ais = (start: string, duration = '', units = '') => `AIS|1||X|${start}|||${duration}|${units}`;

describe('the end of an appointment', () => {
  test.each([
    ['minutes', ais('20250715100000', '45', 'min'), '2025-07-15T10:45:00+01:00'],
    ['minutes in words', ais('202507151000', '45', 'Minutes'), '2025-07-15T10:45:00+01:00'],
    ['hours', ais('20250715100000', '1', 'H'), '2025-07-15T11:00:00+01:00'],
    ['seconds', ais('20250715100000', '90', 's'), '2025-07-15T10:01:30+01:00'],
    ['days, in winter', ais('20250115100000', '1', 'd'), '2025-01-16T10:00:00+00:00'],
    ['the offset of the start', ais('20250715233000-0330', '45', 'min'), '2025-07-16T00:15:00-03:30'],
    ['UTC', ais('20250715233000Z', '45', 'min'), '2025-07-16T00:15:00Z'],
    ['a location', 'AIL|1||X|||20250715100000|||30|min', '2025-07-15T10:30:00+01:00'],
    ['equipment', 'AIG|1|||||||20250715100000|||30|min', '2025-07-15T10:30:00+01:00'],
  ])('is its start and its duration, as sent: %s', (_, segment, end) => {
    expect(endOf(sch(), segment)).toBe(end);
  });

  test('takes the duration of the whole where the service has none, and the start of the whole', () => {
    expect(endOf(sch('20', 'min'), ais('20250715100000'))).toBe('2025-07-15T10:20:00+01:00');
    expect(endOf(sch('20', 'min', '^^^20250715100000'))).toBe('2025-07-15T10:20:00+01:00');
    expect(endOf(sch('20', 'min'), 'TQ1|1||||||20250715110000', ais('20250715100000'))).toBe(
      '2025-07-15T11:20:00+01:00',
    );
  });

  test.each([
    ['no start', sch('20', 'min')],
    ['a start that is a day', ais('20250715', '20', 'min')],
    ['a start that is no time', ais('Tuesday', '20', 'min')],
    ['no duration', ais('20250715100000')],
    ['a duration without units', ais('20250715100000', '20')],
    ['units that nobody knows', ais('20250715100000', '20', 'x')],
    ['a duration that is no number', ais('20250715100000', 'long', 'min')],
    ['a duration of nothing', ais('20250715100000', '0', 'min')],
    ['a duration longer than a week', ais('20250715100000', '8', 'd')],
  ])('is not known from %s', (_, segment) => {
    expect(endOf(segment)).toBeUndefined();
  });
});
