/** Computes the index rows of a resource, and converts search values in the same way:
 * https://hl7.org/fhir/R4/search.html */
import { hash as digest } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import type { Json } from '../model.ts';
import { INDEXED_TYPES, type Param, paramsOf } from './search-parameters.ts';
import { NHS_NUMBER, SUPERSEDED_NUMBER } from './systems.ts';

type IndexRows = {
  /** Tokens and references; `hash` is a signed 64-bit integer as text. */
  tokens: { param: number; hash: string }[];
  /** [low, high) as Postgres timestamptz text; open ends are -infinity and infinity. */
  dates: { param: number; low: string; high: string }[];
  /** Lower case without accents. */
  strings: { param: number; value: string }[];
};

type Fields = { [name: string]: Json };

// `patient` shares its rows with `subject`, so only the wider of the two is indexed.
const WALKED = new Map(
  INDEXED_TYPES.map((type) => [
    type as string,
    paramsOf(type).filter((param) => !param.only || !paramsOf(type).some((other) => isWider(other, param))),
  ]),
);

function isWider(candidate: Param, param: Param): boolean {
  return candidate.number === param.number && !candidate.only;
}

/** The index rows of a resource, without duplicates; a type that is not indexed has none. Hashes are keyed,
 * so an NHS number cannot be found by trying all of them against a stolen index. */
export function indexRows(key: Buffer, resource: Resource): IndexRows {
  const rows: IndexRows = { tokens: [], dates: [], strings: [] };
  for (const param of WALKED.get(resource.resourceType) ?? []) {
    const values = valuesOf(param, resource);
    if (values.length > 0) addRows(key, rows, param, values);
  }
  return rows;
}

function addRows(key: Buffer, rows: IndexRows, param: Param, values: Json[]): void {
  const number = param.number;
  if (param.kind === 'token') {
    const texts = distinct(values.flatMap(tokensOf)).filter((text) => !text.startsWith('|'));
    for (const text of texts) rows.tokens.push({ param: number, hash: hashToken(key, text) });
  } else if (param.kind === 'reference') {
    const targets = distinct(values.flatMap((value) => targetOf(value) ?? []));
    for (const target of targets) rows.tokens.push({ param: number, hash: hashToken(key, target) });
  } else if (param.kind === 'date') {
    for (const value of values) {
      const range = rangeOf(value);
      if (range) rows.dates.push({ param: number, low: range.low, high: range.high });
    }
  } else {
    const folded = distinct(values.flatMap(stringsOf).map(indexText).filter(Boolean));
    for (const value of folded) rows.strings.push({ param: number, value });
  }
}

function distinct(values: string[]): string[] {
  return values.length < 2 ? values : [...new Set(values)];
}

/** The values a parameter selects in a resource, as they stand in its JSON. */
export function valuesOf(param: Param, resource: Resource): Json[] {
  const found: Json[] = [];
  walk(resource as unknown as Json, param.path, 0, found);
  return found;
}

function walk(value: Json | undefined, path: string[], depth: number, found: Json[]): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) for (const item of value) walk(item, path, depth, found);
  else if (depth === path.length) found.push(value);
  else if (typeof value === 'object') walk(value[path[depth] as string], path, depth + 1, found);
}

/** The tokens of a code, boolean, Coding, CodeableConcept or Identifier: each as `system|code` (`|code`
 * without a system) and as `code` alone. https://hl7.org/fhir/R4/search.html#token */
export function tokensOf(value: Json): string[] {
  if (typeof value !== 'object') return [`|${value}`, String(value)];
  const fields = value as Fields;
  if (Array.isArray(fields.coding)) return fields.coding.flatMap(tokensOf);
  const code = fields.value ?? fields.code;
  if (typeof code !== 'string' || !code) return [];
  const former = fields.system === SUPERSEDED_NUMBER ? [`${NHS_NUMBER}|${code}`] : [];
  return [`${fields.system ?? ''}|${code}`, code, ...former];
}

/** `Type/id` of a Reference, without base and version; undefined for logical and contained ones. */
export function targetOf(value: Json): string | undefined {
  const reference = (value as Fields).reference;
  return typeof reference === 'string'
    ? /(?:^|\/)([A-Z]\w+\/[\w.-]+)(?:\/_history\/.*)?$/.exec(reference)?.[1]
    : undefined;
}

/** Every searchable part of a string or HumanName, as written. */
export function stringsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  const { family, given, prefix, suffix, text } = value as Fields;
  return [family, given, prefix, suffix, text]
    .flat()
    .filter((part): part is string => typeof part === 'string');
}

/**
 * Text for comparison: lower case, without accents and apostrophes, any hyphen as a space; names are written
 * with any of them, and without.
 */
export function fold(text: string): string {
  const plain = text.normalize('NFD').replace(/[\p{M}'’‘ʼʹ`´]/gu, '');
  return plain
    .replace(/[-‐‑–\s]+/g, ' ')
    .toLowerCase()
    .trim();
}

/** Folded text as the index keeps it: an entry of a B-tree has room for no more than about 2,700 bytes. */
export function indexText(text: string): string {
  return fold(text).slice(0, 200);
}

export type Range = { low: string; high: string };

/** The span [low, high) a date, dateTime, instant or Period covers, in UTC where it names no zone; undefined
 * if it is none. */
export function rangeOf(value: Json): Range | undefined {
  if (typeof value === 'string') return spanOf(value);
  const { start, end } = value as Fields;
  const low = typeof start === 'string' ? spanOf(start)?.low : '-infinity';
  const high = typeof end === 'string' ? spanOf(end)?.high : 'infinity';
  return low && high && (start || end) ? { low, high } : undefined;
}

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

// Spans are kept: a message gives the same instant several times, and a day's messages the same dates.
const spans = new Map<string, Range | undefined>();
const REMEMBERED_SPANS = 1_000;

function spanOf(text: string): Range | undefined {
  if (spans.has(text)) return spans.get(text);
  const span = readSpan(text);
  if (spans.size >= REMEMBERED_SPANS) spans.clear();
  spans.set(text, span);
  return span;
}

function readSpan(text: string): Range | undefined {
  const parts = DATE.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, , second, fraction, zone] = parts;
  const first = new Date(
    hour ? `${text.slice(0, 16)}:${second ?? '00'}${(fraction ?? '').slice(0, 4)}${zone ?? 'Z'}` : text,
  );
  if (Number.isNaN(first.getTime())) return undefined;
  const next = new Date(first);
  if (fraction) next.setTime(next.getTime() + 1);
  else if (second) next.setTime(next.getTime() + 1_000);
  else if (hour) next.setTime(next.getTime() + 60_000);
  else if (day) next.setUTCDate(next.getUTCDate() + 1);
  else if (month) next.setUTCMonth(next.getUTCMonth() + 1);
  else if (year) next.setUTCFullYear(next.getUTCFullYear() + 1);
  return { low: instantText(first), high: instantText(next) };
}

/** An instant as Postgres reads it; years without four digits (after 9999-12-31) are as good as never. */
export function instantText(date: Date): string {
  const year = date.getUTCFullYear();
  return year > 9999 ? 'infinity' : year < 1 ? '-infinity' : date.toISOString();
}

// Hashes are kept: codes, statuses and references recur, a hash costs about 2 us, a look-up 0.1 us.
const REMEMBERED = 20_000;
const memory = new WeakMap<Buffer, { prefix: string; hashes: Map<string, string> }>();

/** A keyed 64-bit hash of a token or `Type/id`, as signed decimal text. SHA-256 over the key and the text,
 * cut to a quarter: the cut rules out length extension, and HMAC would cost ten times as much. */
export function hashToken(key: Buffer, text: string): string {
  let known = memory.get(key);
  if (!known) {
    known = { prefix: key.toString('hex'), hashes: new Map() };
    memory.set(key, known);
  }
  const seen = known.hashes.get(text);
  if (seen) return seen;
  const hex = digest('sha256', known.prefix + text, 'hex');
  const hash = BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)).toString();
  if (known.hashes.size >= REMEMBERED) known.hashes.clear();
  known.hashes.set(text, hash);
  return hash;
}
