/** Text to FHIR primitives. Partial dates stay partial; a birth date is never shifted by a zone. */
import { v2Clock, v2Date, v2DateTime, v2Instant } from '../../fhir/v2-date.ts';
import { textOf } from '../../formats/tree.ts';
import type { Json } from '../../model.ts';

/**
 * Converts a source value, or gives undefined where it cannot be read as that type. `zone` is that of times
 * that name none.
 */
type Convert = (raw: Json, zone: string) => Json | undefined;

const COMPACT = /^\d{8}(?![T ])/;
const ISO_DAY = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/;
const UK_DAY = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/;
const NAMED_DAY = /^(\d{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})[ -](\d{4})$/i;
const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);
/** A day and a time, in one text or joined from two columns. The day's column may end in a midnight
 * (`2026-01-31 00:00:00`) that a database export added: it is dropped. */
const MIDNIGHT = '(?:[T ]00:00(?::00(?:\\.0+)?)?)?';
const CLOCK = '(?:(\\d{1,2}):(\\d\\d)(?::(\\d\\d)(\\.\\d+)?)?|(\\d\\d)(\\d\\d)(\\d\\d)?)';
const DAY_AND_TIME = new RegExp(`^(.*?)${MIDNIGHT}[T ]${CLOCK}\\s*(Z|[+-]\\d\\d:?\\d\\d)?$`);

/** Rewrites ISO dates and those that people and spreadsheets write (11/06/2025, 11-Jun-2025) as HL7 v2 dates,
 * so that one reader (src/fhir/v2-date.ts) decides on precision and zones. */
function asV2(raw: string): string {
  const text = raw.trim();
  if (COMPACT.test(text)) return text;
  const whole = dayAsV2(text);
  if (whole) return whole;
  const [, first = '', ...time] = DAY_AND_TIME.exec(text) ?? [];
  const day = dayAsV2(first);
  const [hour = '', minute, second, fraction, ...others] = time;
  return day?.length === 8
    ? [day, hour.padStart(hour ? 2 : 0, '0'), minute, second, fraction, ...others].join('')
    : text;
}

function dayAsV2(text: string): string | undefined {
  if (/^\d{8}$/.test(text)) return text;
  const iso = ISO_DAY.exec(text);
  if (iso) return iso.slice(1).join('');
  const [, day, month, year] = UK_DAY.exec(text) ?? NAMED_DAY.exec(text) ?? [];
  if (!day || !month || !year) return undefined;
  const named = MONTHS.findIndex((name) => name.startsWith(month.toLowerCase())) + 1;
  const number = /\d/.test(month) ? month : String(named);
  return year + number.padStart(2, '0') + day.padStart(2, '0');
}

/**
 * The instant at which a date or time begins, in `zone` where it names none; undefined where it is no time.
 */
export function toInstant(text: string, zone: string): string | undefined {
  return v2Instant(asV2(text), zone);
}

/** Whether the clocks of the zone skip that time, or show it twice. */
export const clockOf = (text: string, zone: string) => v2Clock(asV2(text), zone);

const YES = new Set(['y', 'yes', 'true', '1']);
const NO = new Set(['n', 'no', 'false', '0']);

const toBoolean: Convert = (raw) => {
  if (typeof raw === 'boolean') return raw;
  const text = textOf(raw).trim().toLowerCase();
  return YES.has(text) || (NO.has(text) ? false : undefined);
};

const toNumber =
  (pattern: RegExp): Convert =>
  (raw) =>
    pattern.test(textOf(raw).trim()) ? Number(raw) : undefined;

const toText: Convert = (raw) => (typeof raw === 'object' ? undefined : textOf(raw).trim() || undefined);

export function converterTo(type: string): Convert {
  switch (type) {
    case 'date':
      return (raw) => v2Date(asV2(textOf(raw)));
    case 'dateTime':
      return (raw, zone) => v2DateTime(asV2(textOf(raw)), zone);
    case 'instant':
      return (raw, zone) => toInstant(textOf(raw), zone);
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
      return (raw, zone) => (toText(raw, zone) as string | undefined)?.replace(/\s+/g, ' ');
    default:
      return toText;
  }
}

/** A FHIR type as an issue's text names it: `a date`, `a whole number`. */
export function article(type: string): string {
  const names: Record<string, string> = {
    dateTime: 'a date or time',
    instant: 'a date and time',
    boolean: 'yes or no',
    string: 'text',
    markdown: 'text',
  };
  return names[type] ?? (/nt(eger)?$/i.test(type) ? 'a whole number' : `a ${type}`);
}
