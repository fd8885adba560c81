/** What the tables of hl7v2-siu cannot say: see docs/mapping.md. Pure; gives undefined for whatever it cannot read. */
import { v2DateTime, v2Instant } from '../../src/fhir/v2-date.ts';

type Segments = Record<string, { fields: string[][][][] }[] | undefined>;

/** Where a start stands, with its duration and that one's units (SCH-9 and SCH-10 where the segment itself has none). */
const TIMES = [
  { segment: 'AIS', start: 4, duration: 7 },
  { segment: 'AIL', start: 6, duration: 9 },
  { segment: 'AIG', start: 8, duration: 11 },
];
/** Minutes, by the first letter of the unit: `min`, `Minutes`, `H`, `hr`, `s`, `D`. */
const UNITS: Record<string, number> = { s: 1 / 60, m: 1, h: 60, d: 1_440 };
const WEEK = 7 * 1_440;

/** End of an appointment: its start and how long it takes, as a FHIR dateTime in the offset of the start. A week at most. */
export function appointmentEnd(_: unknown, root: unknown): string | undefined {
  const segments = root as Segments;
  const text = (segment: string, field: number, component = 1) =>
    segments[segment]?.[0]?.fields[field]?.[0]?.[component - 1]?.[0]?.trim() ?? '';
  const found = TIMES.find(({ segment, start }) => text(segment, start) !== '');
  const start = text('TQ1', 7) || (found && text(found.segment, found.start)) || text('SCH', 11, 4);
  const own = found && minutesOf(text(found.segment, found.duration), text(found.segment, found.duration + 1));
  const minutes = own ?? minutesOf(text('SCH', 9), text('SCH', 10));
  return minutes === undefined ? undefined : addMinutes(start, minutes);
}

function minutesOf(amount: string, unit: string): number | undefined {
  const minutes = Number(amount || 'none') * (UNITS[unit.charAt(0).toLowerCase()] ?? Number.NaN);
  return minutes > 0 && minutes <= WEEK ? minutes : undefined;
}

/** Nothing where the start is a day: when that appointment ends is not known. */
function addMinutes(start: string, minutes: number): string | undefined {
  const at = v2Instant(start);
  const offset = /T.*(Z|[+-]\d\d:\d\d)$/.exec(v2DateTime(start) ?? '')?.[1];
  if (!at || !offset) return undefined;
  const [, sign, hours = '0', rest = '0'] = /([+-])(\d\d):(\d\d)/.exec(offset) ?? [];
  const east = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(rest));
  const local = new Date(Date.parse(at) + (minutes + east) * 60_000);
  return `${local.toISOString().slice(0, 19)}${offset}`;
}
