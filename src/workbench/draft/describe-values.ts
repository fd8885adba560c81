/** What a field's values are like, without any of them: samples may be of real people. */
import { converterTo } from '../../map/compile/convert.ts';
import type { SourceType } from '../../map/language/source-type.ts';
import type { Json } from '../../model.ts';

type Type = (typeof SourceType.options)[number];

const toTime = converterTo('dateTime', 'UTC');
const isTime = (value: Json) => typeof value === 'string' && toTime(value) !== undefined;
/** A year alone may be any number. */
const isWholeDate = (value: Json) => isTime(value) && String(value).trim().length >= 8;
const isYesOrNo = (value: Json) =>
  typeof value === 'boolean' || /^(yes|no|y|n|true|false)$/i.test(String(value).trim());
/** A leading zero is part of a code. */
const isWhole = (value: Json) => /^(0|-?[1-9]\d{0,8})$/.test(String(value).trim());

/** Text where they are not all of another type; of dates a few may be wrong or partial. */
export function typeOfValues(values: Json[]): Type {
  if (values.length === 0) return 'text';
  if (values.some(isWholeDate) && values.filter(isTime).length >= values.length * 0.75) return 'time';
  if (values.every(isYesOrNo)) return 'boolean';
  return values.every(isWhole) ? 'integer' : 'text';
}

/** Of a field's name: a first row that is no header, an object with numbers for keys. */
export const mayBeValue = (name: string): boolean =>
  isWholeDate(name) || /@|\d{6}|^[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}$/i.test(name.replace(/[\s-]/g, ''));

/** The two most frequent forms: a digit is 9, letters are A, a or Aa whatever their number, `Aa 9999-99`. */
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
