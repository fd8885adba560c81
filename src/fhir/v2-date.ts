/** HL7 v2 DT, TS and DTM (`YYYY[MM[DD[HH[MM[SS[.S+]]]]]][+/-ZZZZ]`) as FHIR dates. Milliseconds without their
 * dot (`20260301101500123`), zones by name and midnight as 24:00 are read, too.
 * http://hl7.org/fhir/R4/datatypes.html#dateTime */

const SHAPE =
  /^(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(\.\d{1,9}|(?<=\d{14})\d{1,9})?)?\s*(Z|UTC|GMT|BST|[+-](?:\d\d(?::?\d\d)?)?)?$/i;

type Parts = { date: string; time: string | null; fraction: string; offset: string | null };

/** A FHIR `date`, as precise as sent (`19760121` gives 1976-01-21). No zone moves it. Else undefined. */
export function v2Date(value: string): string | undefined {
  return readParts(value)?.date;
}

/** A FHIR `dateTime`: a partial date stays partial; a time keeps its own offset, without one it is local time
 * in `zone`. Undefined when it is no date. */
export function v2DateTime(value: string, zone = 'Europe/London'): string | undefined {
  const parts = readParts(value);
  return parts?.time ? withOffset(parts, parts.time, zone) : parts?.date;
}

/** A FHIR `instant`: what is left out counts as first (`202601`: 1 January, midnight in `zone`). */
export function v2Instant(value: string, zone = 'Europe/London'): string | undefined {
  const parts = readParts(value);
  if (!parts) return undefined;
  const date = `${parts.date}-01-01`.slice(0, 10);
  return withOffset({ ...parts, date }, parts.time ?? '00:00:00', zone);
}

function readParts(value: string): Parts | undefined {
  const [whole, year, month, day, hour, minute = '00', second = '00', fraction = '', zone] =
    SHAPE.exec((value.split('^', 1)[0] ?? '').trim()) ?? [];
  if (whole === undefined || !isReal(Number(year), Number(month ?? 1), Number(day ?? 1))) return undefined;
  const midnight = hour === '24' && Number(minute) + Number(second) + Number(fraction) === 0;
  if ((Number(hour ?? 0) > 23 && !midnight) || Number(minute) > 59 || Number(second) > 59) return undefined;
  const date = [year, month, day].filter((part) => part !== undefined).join('-');
  const time = hour === undefined ? null : `${hour}:${minute}:${second}`;
  return { date, time, fraction: fraction && `.${fraction.replace('.', '')}`, offset: readOffset(zone) };
}

/** True for a date that exists: `Date` turns 30 February into March. */
function isReal(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** `19760121+^D` is seen in the wild: a sign without digits says nothing. */
function readOffset(zone: string | undefined): string | null {
  if (/^[A-Z]/i.test(zone ?? '')) return zone?.toUpperCase() === 'BST' ? '+01:00' : 'Z';
  const digits = zone?.replace(':', '').slice(1);
  return zone && digits ? `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2) || '00'}` : null;
}

/** The day that it is in the zone, as `2026-08-21`. */
export const v2Today = (now: Date, zone = 'Europe/London'): string =>
  new Date(now.getTime() + zoneOffset(now.getTime(), zone) * 60_000).toISOString().slice(0, 10);

/** The offset that a value names, as `+01:00`; undefined where it names none. */
export function v2Offset(value: string): string | undefined {
  const offset = readParts(value)?.offset;
  return offset === 'Z' ? '+00:00' : (offset ?? undefined);
}

/**
 * `missing` for a time that the clocks of the zone skip, `twice` for one that they show twice; undefined for
 * any other, and where the value names its offset.
 */
export function v2Clock(value: string, zone = 'Europe/London'): 'missing' | 'twice' | undefined {
  const parts = readParts(value);
  if (!parts?.time || parts.offset || OFFSET.test(zone)) return undefined;
  const local = Date.parse(`${parts.date}T${parts.time.replace('24:', '00:')}Z`);
  const around = new Set([zoneOffset(local - DAY, zone), zoneOffset(local + DAY, zone)]);
  if (around.size < 2) return undefined;
  const shown = [...around].filter((offset) => zoneOffset(local - offset * 60_000, zone) === offset).length;
  return shown === 0 ? 'missing' : shown === 2 ? 'twice' : undefined;
}

const OFFSET = /^[+-]\d\d:\d\d$/;
const DAY = 86_400_000;

function withOffset({ date, fraction, offset }: Parts, time: string, zone: string): string {
  if (time.startsWith('24')) {
    const next = new Date(Date.parse(date) + DAY).toISOString().slice(0, 10);
    return withOffset({ date: next, fraction: '', offset, time: null }, '00:00:00', zone);
  }
  const local = `${date}T${time}${fraction}`;
  if (OFFSET.test(zone)) return local + (offset ?? zone);
  return local + (offset ?? formatOffset(offsetAt(Date.parse(`${date}T${time}Z`), zone)));
}

/** Offsets by zone and hour: an Intl call takes microseconds, and a feed asks for few hours, often. */
const offsets = new Map<string, number>();

function offsetAt(local: number, zone: string): number {
  const key = `${zone} ${Math.floor(local / 3_600_000)}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  if (offsets.size > 5_000) offsets.clear();
  const offset = findOffset(local, zone);
  offsets.set(key, offset);
  return offset;
}

/** Minutes east of UTC at a local time. In the hour repeated in autumn, winter time counts. */
function findOffset(local: number, zone: string): number {
  const first = zoneOffset(local, zone);
  const second = zoneOffset(local - first * 60_000, zone);
  return first === second ? first : zoneOffset(local - second * 60_000, zone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function zoneOffset(instant: number, zone: string): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' });
    formats.set(zone, format);
  }
  const name = format.formatToParts(instant).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0'] = /([+-])(\d\d):?(\d\d)?/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function formatOffset(minutes: number): string {
  const size = Math.abs(minutes);
  const pad = (part: number) => String(part).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}
