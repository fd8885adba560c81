/** The JSON tree that every wire format is parsed into, and the questions that stages ask of its values. */
import type { Json } from '../model.ts';

/** A JSON object: a FHIR resource or element, a form, a row of a table. */
export type Node = { [name: string]: Json };

export function isObject(value: Json | undefined): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A primitive value as text. For an object or a list the text is a constant: `String(value)` would call the
 * `toString` that a sender may have put in as a key. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'object' ? '{}' : String(value);
}
