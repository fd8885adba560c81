/** Text to FHIR primitives. HL7 v2 times: https://www.hl7.org/fhir/v2/ ; partial dates stay partial, a birth date is never shifted by a zone. */
import type { Json } from '../model.ts';

/** A value, or undefined where the text cannot be read as that type. */
export type Convert = (raw: Json) => Json | undefined;

const V2_TIME = /^(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)?(?:(\d\d)(\.\d{1,4})?)?)?)?)?([+-]\d{4})?$/;
const ISO_TIME = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?)?)?(Z|[+-]\d\d:\d\d)?$/;
const UK_DATE = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/;

type Time = { year: string; month?: string; day?: string; hour?: string; minute: string; second: string; offset?: string };

function readTime(text: string): Time | undefined {
  const uk = UK_DATE.exec(text);
  const [, year, month, day, hour, minute = '00', whole = '00', fraction = '', offset] = uk
    ? ['', uk[3], uk[2]?.padStart(2, '0'), uk[1]?.padStart(2, '0')]
    : (V2_TIME.exec(text) ?? ISO_TIME.exec(text) ?? []);
  if (!year || !isCalendarDay(Number(year), Number(month ?? 1), Number(day ?? 1))) return undefined;
  if (Number(hour ?? 0) > 23 || Number(minute) > 59 || Number(whole) > 59) return undefined;
  const second = whole + fraction;
  const zone = offset?.includes(':') || offset === 'Z' ? offset : offset && `${offset.slice(0, 3)}:${offset.slice(3)}`;
  return { year, minute, second, ...(month && { month }), ...(day && { day }), ...(hour && { hour }), ...(zone && { offset: zone }) };
}

function isCalendarDay(year: number, month: number, day: number): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return day <= ([31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0);
}

const dayOf = ({ year, month, day }: Time) => [year, month, day].filter(Boolean).join('-');

const zones = new Map<string, Intl.DateTimeFormat>();
/** Offsets by zone and hour: Intl takes some 2 µs a call, and a feed asks for the same few hours. */
const offsets = new Map<string, string>();

/** Offset of a wall-clock time in an IANA zone, `+01:00`. */
function offsetAt(zone: string, { year, month, day, hour = '00' }: Time): string {
  const key = `${zone} ${year}${month}${day}${hour}`;
  const known = offsets.get(key);
  if (known) return known;
  let format = zones.get(zone);
  if (!format) zones.set(zone, (format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })));
  const wall = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`);
  const offsetOf = (instant: number) => format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value.slice(3) || '+00:00';
  // The wall clock read as UTC is off by the offset itself: ask again at the instant that the first answer gives.
  const first = offsetOf(wall);
  const sign = first.startsWith('-') ? 1 : -1;
  const offset = offsetOf(wall + sign * (Number(first.slice(1, 3)) * 60 + Number(first.slice(4, 6))) * 60_000);
  if (offsets.size > 5_000) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

/** FHIR dateTime: to the precision given; a time without an offset is in `zone`. */
export function toDateTime(text: string, zone: string): string | undefined {
  const time = readTime(text.trim());
  if (!time) return undefined;
  if (!time.hour) return dayOf(time);
  return `${dayOf(time)}T${time.hour}:${time.minute}:${time.second}${time.offset ?? offsetAt(zone, time)}`;
}

/** Instant: a day means its first moment in `zone`; less than a day is none. */
export function toInstant(text: string, zone: string): string | undefined {
  const time = readTime(text.trim());
  if (!time?.day) return undefined;
  return `${dayOf(time)}T${time.hour ?? '00'}:${time.minute}:${time.second}${time.offset ?? offsetAt(zone, time)}`;
}

/** FHIR date: the day as written. */
export function toDate(text: string): string | undefined {
  const time = readTime(text.trim());
  return time && dayOf(time);
}

const YES = new Set(['y', 'yes', 'true', '1']);
const NO = new Set(['n', 'no', 'false', '0']);

const toBoolean: Convert = (raw) => {
  if (typeof raw === 'boolean') return raw;
  const text = String(raw).trim().toLowerCase();
  return YES.has(text) || (NO.has(text) ? false : undefined);
};

const toNumber =
  (pattern: RegExp): Convert =>
  (raw) =>
    pattern.test(String(raw).trim()) ? Number(raw) : undefined;

const toText: Convert = (raw) => (typeof raw === 'object' ? undefined : String(raw).trim() || undefined);

/** The converter to a FHIR primitive type. */
export function converterTo(type: string, zone: string): Convert {
  switch (type) {
    case 'date':
      return (raw) => toDate(String(raw));
    case 'dateTime':
      return (raw) => toDateTime(String(raw), zone);
    case 'instant':
      return (raw) => toInstant(String(raw), zone);
    case 'boolean':
      return toBoolean;
    case 'integer':
      return toNumber(/^-?\d{1,9}$/);
    case 'positiveInt':
      return toNumber(/^0*[1-9]\d{0,8}$/);
    case 'unsignedInt':
      return toNumber(/^\d{1,9}$/);
    case 'decimal':
      return toNumber(/^-?\d+(\.\d+)?$/);
    case 'code':
      return (raw) => (toText(raw) as string | undefined)?.replace(/\s+/g, ' ');
    default:
      return toText;
  }
}

/** What a value of that type is called in an issue. */
export function article(type: string): string {
  const names: Record<string, string> = { dateTime: 'a date or time', instant: 'a date and time', boolean: 'yes or no' };
  return names[type] ?? (/nt(eger)?$/i.test(type) ? 'a whole number' : `a ${type}`);
}
