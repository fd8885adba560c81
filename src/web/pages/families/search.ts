/** What was typed to find a family: checked here, kept in no URL. */
import { isId } from '../../../fhir/ids.ts';
import type { Sought } from '../../../read/families.ts';

/** As it was typed, for the form that is shown again. */
export type Typed = { name: string; day: string; month: string; year: string; number: string };
/** `field`: id of the input that it is about. */
export type Wrong = { field: string; text: string };

export const BLANK: Typed = { name: '', day: '', month: '', year: '', number: '' };
const MOST = 100;

export function readTyped(form: URLSearchParams): Typed {
  const field = (name: string) => (form.get(name) ?? '').trim().slice(0, MOST);
  return {
    ...{ name: field('name'), number: field('number') },
    ...{ day: field('born-day'), month: field('born-month'), year: field('born-year') },
  };
}

/** What it asks for, and all that is wrong with it. */
export function checkTyped(typed: Typed): { sought: Sought; wrong: Wrong[] } {
  const { name, day, month, year, number } = typed;
  const isDateGiven = [day, month, year].some(Boolean);
  const born = isDateGiven ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : '';
  const digits = number.replace(/[\s-]/g, '');
  const wrong = [
    ...(born && !isRealDate(born)
      ? [{ field: 'born-day', text: 'Enter a real birth date, such as 29 8 2026' }]
      : []),
    ...(digits && !/^\d{10}$/.test(digits)
      ? [{ field: 'number', text: 'Enter an NHS number of 10 digits, such as 999 000 0018' }]
      : []),
    ...(name || born || digits
      ? []
      : [{ field: 'name', text: 'Enter a name, a birth date or an NHS number' }]),
  ];
  return { sought: { name, born, number: digits }, wrong };
}

function isRealDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
  );
}

/** Ids in a URL, between commas; null where none are asked for. */
export function readPersons(text: string | undefined): string[] | null {
  return text === undefined ? null : text.split(',').filter(isId).slice(0, 20);
}
