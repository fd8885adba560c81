/** Text to FHIR primitives. Partial dates stay partial; a birth date is never shifted by a zone. */
import { v2Date, v2DateTime, v2Instant } from '../fhir/v2-date.ts';
import type { Json } from '../model.ts';
import { textOf } from './run.ts';

/** A value, or undefined where the text cannot be read as that type. */
export type Convert = (raw: Json) => Json | undefined;

const ISO = /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?\s*(Z|[+-]\d\d:?\d\d)?)?)?$/;
const UK_DATE = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/;

/** ISO and day/month/year as HL7 v2 writes them, so that one reader knows about days, precision and zones. */
function asV2(raw: string): string {
  const text = raw.trim();
  if (/^\d{8}/.test(text)) return text;
  const [, day, month, year] = UK_DATE.exec(text) ?? [];
  if (day && month && year) return year + month.padStart(2, '0') + day.padStart(2, '0');
  return ISO.exec(text)?.slice(1).join('') ?? text;
}

/** Instant at which a time begins, in `zone` where it names none; undefined where it is no time. */
export function toInstant(text: string, zone: string): string | undefined {
  return v2Instant(asV2(text), zone);
}

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

/** The converter to a FHIR primitive type. */
export function converterTo(type: string, zone: string): Convert {
  switch (type) {
    case 'date':
      return (raw) => v2Date(asV2(textOf(raw)));
    case 'dateTime':
      return (raw) => v2DateTime(asV2(textOf(raw)), zone);
    case 'instant':
      return (raw) => toInstant(textOf(raw), zone);
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
  const names: Record<string, string> = {
    dateTime: 'a date or time',
    instant: 'a date and time',
    boolean: 'yes or no',
  };
  return names[type] ?? (/nt(eger)?$/i.test(type) ? 'a whole number' : `a ${type}`);
}
