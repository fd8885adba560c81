/** What a value looks like, whatever its sender calls it: `PATH is nhs-number`, and `as: nhs-number`. */
import { isValidNhsNumber } from '../../fhir/nhs-number.ts';
import { v2Today } from '../../fhir/v2-date.ts';
import { converterTo } from './convert.ts';

/** `999 000 0018`, `999-000-0018`, and a tracing status behind it: `9990000018-NSTS01`. */
const TEN_DIGITS = /^\s*((?:\d[ -]?){9}\d)[ /-]*(?:NSTS0\d)?\s*$/i;

/** The digits of an NHS number; any other text only loses its spaces. */
export function nhsDigits(text: string): string {
  const [, digits] = TEN_DIGITS.exec(text) ?? [];
  return (digits ?? text).replace(digits ? /\D/g : /\s+/g, '');
}

/** When a message is read: `now` of its receipt, `zone` of times that name none. */
export type Heard = { now: Date; zone: string };
type Look = { test: (text: string, heard: Heard) => boolean; example: string };

/** A clock that runs ahead by less, in ms, says nothing of the future: every machine's differs a little. */
export const CLOCK_DRIFT = 3_600_000;

/**
 * Whether a date or time is still to come (1) or over (-1); 0 for one that is now, and for what cannot be
 * read. A day, a month or a year is over when it has ended where it was written.
 */
function whenIs(text: string, { now, zone }: Heard): -1 | 0 | 1 {
  const said = toDateTime(text, zone);
  if (typeof said !== 'string') return 0;
  if (said.includes('T')) {
    const ahead = Date.parse(said) - now.getTime();
    return ahead > CLOCK_DRIFT ? 1 : ahead < 0 ? -1 : 0;
  }
  const today = v2Today(now, zone).slice(0, said.length);
  return said > today ? 1 : said < today ? -1 : 0;
}
/** A day that has not begun where it was written: whoever is expected later today may be here. */
function isLaterDay(text: string, heard: Heard): boolean {
  const said = toDateTime(text, heard.zone);
  const today = v2Today(heard.now, heard.zone);
  return isToCome(text, heard) && typeof said === 'string' && said.slice(0, 10) > today;
}

const toDateTime = converterTo('dateTime');

const isToCome = (text: string, heard: Heard): boolean => whenIs(text, heard) > 0;

/** Before anybody was born who is known here, or in the last year that a date can have. */
export function isNoDay(text: string, { zone }: Heard): boolean {
  const said = toDateTime(text, zone);
  return typeof said === 'string' && (said < '1850' || said.startsWith('9999'));
}

/** What people and systems write where there is none. */
const NONE =
  /^(\W*|0+|n\/?a|none|nil|no( (tele)?phone| e-?mail)?|not (known|given|applicable)|unknown|ex[- ]?dir(ectory)?)$/i;

/** True of words that say there is no such telephone or address: nothing of theirs is lost. */
export const saysNone = (text: string): boolean => NONE.test(text.trim());

/** Three digits and more, not one of them alone; whatever words stand beside them. */
export const isPhone = (text: string): boolean => {
  const digits = text.replace(/\D/g, '');
  return digits.length >= 3 && !/^(\d)\1*$/.test(digits);
};

export const isEmail = (text: string): boolean => /^(mailto:)?[^\s@]+@[^\s@]+\.[^\s@]+$/i.test(text.trim());

/** By name; `example` is a value that passes, for the check that a condition can hold at all. */
export const LOOKS: Readonly<Record<string, Look>> = {
  email: { test: isEmail, example: 'a@example.org' },
  'nhs-number': { test: (text) => isValidNhsNumber(nhsDigits(text)), example: '9990000018' },
  past: { test: (text, heard) => whenIs(text, heard) < 0, example: '1900' },
  future: { test: isToCome, example: '9999' },
  'later-day': { test: isLaterDay, example: '9999' },
};
