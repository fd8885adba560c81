/** Strings, times and ids of which each says, wherever it is met, whose it is, of which category, and from which level on. */
import type { Category } from '../../../src/model.ts';

export const COMPARTMENTS = ['M', 'P', 'I'] as const;
export type Compartment = (typeof COMPARTMENTS)[number];
/** `T`: free text of the author, which no level opens to anybody but author and addressee. */
export type Mark = 'E' | 'S' | 'F' | 'T';
export type Fact = { family: number; of: Compartment; category: Category; mark: Mark };

const A = 'a'.charCodeAt(0);
const letters = (n: number) => String.fromCharCode(A + Math.floor(n / 26), A + (n % 26));
const numberIn = (text: string) => (text.charCodeAt(0) - A) * 26 + text.charCodeAt(1) - A;

/** Of letters alone, so that it passes for a name, a code and a text. */
export const canary = ({ family, of, category, mark }: Fact) => `Zq${letters(family)}${of}${category}${mark}`;
const CANARY = /Zq([a-z]{2})([MPI])([A-Z]{3})([ESFT])/g;

/** A minute of its own on the day on which all that has a date happened. */
export function momentOf(day: string, { family, of }: Pick<Fact, 'family' | 'of'>, nth: number): string {
  const minute = family * 9 + COMPARTMENTS.indexOf(of) * 3 + nth;
  const [hours, minutes] = [Math.floor(minute / 60), minute % 60];
  return `${day}T${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}:00Z`;
}

const TOKEN = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:00(?=[Z+])/g;

/** What is found in a text: every canary, and each id and time of which `known` says what it tells. */
export function findIn(text: string, known: ReadonlyMap<string, string>): Set<string> {
  const found = new Set<string>();
  for (const [, family = '', of, category, mark] of text.matchAll(CANARY))
    found.add(labelOf({ family: numberIn(family), of, category, mark } as Fact));
  for (const [token] of text.matchAll(TOKEN)) {
    const label = known.get(token);
    if (label !== undefined) found.add(label);
  }
  return found;
}

export const labelOf = ({ family, of, category, mark }: Fact) => `${family} ${of} ${category} ${mark}`;
