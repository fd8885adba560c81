/** Describes the values of a field without quoting one: samples may be about real people. */
import { converterTo } from '../../map/compile/convert.ts';
import type { SourceType } from '../../map/language/source-type.ts';
import type { Json } from '../../model.ts';

type Type = (typeof SourceType.options)[number];

const toTime = converterTo('dateTime');
const isTime = (value: Json) => typeof value === 'string' && toTime(value, 'UTC') !== undefined;
/** A date of more than a year: four digits alone may be any number. */
const isWholeDate = (value: Json) => isTime(value) && String(value).trim().length >= 8;
const isYesOrNo = (value: Json) =>
  typeof value === 'boolean' || /^(yes|no|y|n|true|false)$/i.test(String(value).trim());
/** A whole number; a leading zero makes it a code instead. */
const isWhole = (value: Json) => /^(0|-?[1-9]\d{0,8})$/.test(String(value).trim());

/** The type that all values have, else text. A field of dates may hold a few that are wrong or partial. */
export function typeOfValues(values: Json[]): Type {
  if (values.length === 0) return 'text';
  if (values.some(isWholeDate) && values.filter(isTime).length >= values.length * 0.75) return 'time';
  if (values.every(isYesOrNo)) return 'boolean';
  return values.every(isWhole) ? 'integer' : 'text';
}

/** True where a field's name looks like data: the first row was no header, or an object has numeric keys. */
export const mayBeValue = (name: string): boolean =>
  isWholeDate(name) || /@|\d{6}|^[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}$/i.test(name.replace(/[\s-]/g, ''));

/** The two most frequent shapes of values: a digit becomes 9, words become A, a or Aa, as in `Aa 9999-99`. */
export function shapesOf(values: Json[]): string[] {
  const counts = new Map<string, number>();
  for (const value of values) {
    const shape = shapeOf(String(value));
    counts.set(shape, (counts.get(shape) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 2)
    .map(([shape]) => shape);
}

function shapeOf(text: string): string {
  const shape = text
    .trim()
    .replace(/\p{Nd}/gu, '9')
    .replace(/[\p{L}\p{M}]+/gu, (word) =>
      word === word.toLowerCase() ? 'a' : word === word.toUpperCase() ? 'A' : 'Aa',
    )
    .replace(/[\p{C}\s]+/gu, ' ')
    .replace(/\b(Aa|A|a)(?: \1\b)+/g, '$1 …');
  return shape.length > 30 ? `${shape.slice(0, 29)}…` : shape;
}
