/**
 * Hours as people write them (`Mo-Fr 09:00-17:00; Sa 10:00-12:00`, `24/7`: the simple forms of
 * https://wiki.openstreetmap.org/wiki/Key:opening_hours) and as FHIR has them:
 * https://hl7.org/fhir/R4/healthcareservice-definitions.html#HealthcareService.availableTime
 */
import type { HealthcareServiceAvailableTime } from '@medplum/fhirtypes';

const DAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
const CODES = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const DAY = DAYS.join('|');
const PART = new RegExp(`^((?:${DAY})(?:[-,](?:${DAY}))*) ([\\d:,-]+)$`);
const SPAN = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)$/;
const MOST = 100;

/** Null for anything else than these forms. A span that ends before it begins goes on until the next day. */
export function readHours(text: string): HealthcareServiceAvailableTime[] | null {
  if (text === '24/7') return [{ daysOfWeek: [...CODES], allDay: true }];
  if (text.length > MOST) return null;
  const parts = text.split(/; ?/).map(readPart);
  return parts.every((part) => part !== null) ? parts.flat() : null;
}

function readPart(text: string): HealthcareServiceAvailableTime[] | null {
  const [, days = '', spans = ''] = PART.exec(text) ?? [];
  const daysOfWeek = days.split(',').flatMap(readDays);
  const times = spans.split(',').map((span) => readSpan(span, daysOfWeek));
  return daysOfWeek.length > 0 && times.every((one) => one !== null) ? times : null;
}

/** One day, or from one to another; nothing where that is no such span. */
function readDays(text: string): (typeof CODES)[number][] {
  const [from = -1, to = from, ...more] = text.split('-').map((day) => DAYS.indexOf(day));
  return from < 0 || to < from || more.length > 0 ? [] : CODES.slice(from, to + 1);
}

function readSpan(text: string, daysOfWeek: (typeof CODES)[number][]): HealthcareServiceAvailableTime | null {
  const [, start, end] = SPAN.exec(text) ?? [];
  if (!start || !end || start === end) return null;
  if (start === '00:00' && end === '24:00') return { daysOfWeek, allDay: true };
  return end === '24:00'
    ? { daysOfWeek, availableStartTime: `${start}:00`, availableEndTime: '23:59:59' }
    : { daysOfWeek, availableStartTime: `${start}:00`, availableEndTime: `${end}:00` };
}

/** The same as text; null where FHIR says what these forms cannot. */
export function writeHours(times: HealthcareServiceAvailableTime[]): string | null {
  const text = times.map(writePart).join('; ');
  if (text === 'Mo-Su 00:00-24:00') return '24/7';
  return readHours(text) ? text : null;
}

function writePart({
  daysOfWeek = [],
  allDay,
  availableStartTime = '',
  availableEndTime = '',
}: HealthcareServiceAvailableTime): string {
  const places = CODES.flatMap((code, place) => (daysOfWeek.includes(code) ? [place] : []));
  const runs = places.filter((place) => !places.includes(place - 1));
  const days = runs.map((from) => {
    const to = CODES.findIndex((_, place) => place >= from && !places.includes(place + 1));
    return from === to ? DAYS[from] : `${DAYS[from]}-${DAYS[to]}`;
  });
  const end = availableEndTime === '23:59:59' ? '24:00' : availableEndTime.slice(0, 5);
  return `${days.join(',')} ${allDay ? '00:00-24:00' : `${availableStartTime.slice(0, 5)}-${end}`}`;
}
