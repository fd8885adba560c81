/** What a value looks like, whatever its sender calls it: `PATH is nhs-number`, and `as: nhs-number`. */
import { isValidNhsNumber } from '../../fhir/nhs-number.ts';

/** `999 000 0018`, `999-000-0018`, and a tracing status behind it: `9990000018-NSTS01`. */
const TEN_DIGITS = /^\s*((?:\d[ -]?){9}\d)[ /-]*(?:NSTS0\d)?\s*$/i;

/** The digits of an NHS number; any other text only loses its spaces. */
export function nhsDigits(text: string): string {
  const [, digits] = TEN_DIGITS.exec(text) ?? [];
  return (digits ?? text).replace(digits ? /\D/g : /\s+/g, '');
}

type Look = { test: (text: string) => boolean; example: string };

/** By name; `example` is a value that passes, for the check that a condition can hold at all. */
export const LOOKS: Readonly<Record<string, Look>> = {
  email: {
    test: (text) => /^(mailto:)?[^\s@]+@[^\s@]+\.[^\s@]+$/i.test(text.trim()),
    example: 'a@example.org',
  },
  'nhs-number': { test: (text) => isValidNhsNumber(nhsDigits(text)), example: '9990000018' },
};
