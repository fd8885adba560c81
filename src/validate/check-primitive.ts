import { validationRegexes } from '@medplum/core';
import type { Element } from '../fhir/definitions.ts';
import { isUuid } from '../fhir/ids.ts';
import { isObject } from '../formats/tree.ts';
import type { Json } from '../model.ts';

const URN_UUID = 'urn:uuid:';
const FREE_TEXT = new Set(['xhtml']);
const PATTERNED = new Set([
  ...['string', 'markdown', 'code', 'id', 'uri', 'url', 'canonical', 'oid', 'uuid', 'base64Binary'],
  ...['date', 'dateTime', 'instant', 'time'],
]);

/** What is wrong with a primitive, or undefined. https://hl7.org/fhir/R4/datatypes.html#primitive */
export function primitiveFault(type: string, value: Json): string | undefined {
  if (type === 'boolean') return typeof value === 'boolean' ? undefined : 'is not true or false';
  const patterned = PATTERNED.has(type);
  if (patterned || FREE_TEXT.has(type)) {
    if (typeof value !== 'string') return `is not a ${type}`;
    if (value.trim() === '') return 'is empty';
    return patterned ? textFault(type, value) : undefined;
  }
  if (typeof value !== 'number') return 'is not a number';
  if (type === 'decimal') return Number.isFinite(value) ? undefined : 'is too large';
  if (!Number.isInteger(value) || Math.abs(value) > 2_147_483_647) return 'is not a whole number';
  return (type === 'positiveInt' && value < 1) || (type === 'unsignedInt' && value < 0)
    ? 'is too small'
    : undefined;
}

function textFault(type: string, value: string): string | undefined {
  if (type === 'base64Binary') return isBase64(value) ? undefined : 'is not base64';
  if (validationRegexes[type]?.test(value) === false) return `is not a ${type}`;
  if (type === 'dateTime' && value.length > 10 && !/(Z|[+-]\d\d:\d\d)$/.test(value))
    return 'is a time without a zone';
  if (type === 'date' || type === 'dateTime' || type === 'instant') return dayFault(value);
  return type === 'uri' && value.startsWith(URN_UUID) && !isUuid(value.slice(URN_UUID.length))
    ? 'is not a uuid'
    : undefined;
}

/** White space is allowed between the groups. */
function isBase64(text: string): boolean {
  const packed = text.replace(/\s/g, '');
  return packed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(packed);
}

function dayFault(text: string): string | undefined {
  const day = Number(text.slice(8, 10));
  if (day < 29) return undefined;
  return day > new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate()
    ? 'is a day that does not exist'
    : undefined;
}

const GRAMMARS: Record<NonNullable<Element['grammar']>, RegExp> = {
  'mime type': /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w!#$&^.+-]+=("[^"]*"|[^\s;"]+))*$/,
  'language tag': /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/,
};

/** The fault of a code that is outside its required binding or does not match its grammar. */
export function codeFault({ codes, grammar }: Element, value: Json): string | undefined {
  if (codes && !codes.includes(String(value))) return `is not one of ${codes.join(', ')}`;
  return grammar && !GRAMMARS[grammar].test(String(value)) ? `is not a ${grammar}` : undefined;
}

/** The fault of a Coding or CodeableConcept none of whose codings is in its required binding. */
export function conceptFault({ concepts }: Element, value: Json): string | undefined {
  if (!concepts || !isObject(value)) return undefined;
  const codings = Array.isArray(value.coding) ? value.coding : [value];
  const found = codings.some(
    (one) => isObject(one) && concepts.includes(`${String(one.system)}|${String(one.code)}`),
  );
  // A concept with only an extension (data-absent-reason) gives no code, so it cannot give a wrong one.
  if (found || (value.extension && value.coding === undefined && value.code === undefined)) return undefined;
  return `has no code of ${[...new Set(concepts.map((one) => one.split('|')[0]))].join(' or ')}`;
}
