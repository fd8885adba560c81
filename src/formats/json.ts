import { isUtf8 } from 'node:buffer';
import { rejected } from '../errors.ts';
import type { Json } from '../model.ts';

/** FHIR and forms nest some 20 deep; deeper is an attack on whatever walks the tree. */
const MAX_DEPTH = 64;
/** Names by which the engine itself asks an object: with a `toString` of its own, `String(value)` throws. */
const REFUSED_KEYS = new Set(['__proto__', 'constructor', 'prototype', 'toString', 'valueOf']);

/**
 * Parses JSON (RFC 8259) in UTF-8, with or without a byte order mark. Refuses an object with a property
 * twice: which of two birth dates counts is not ours to choose. Throws Rejected(400) with the line and column
 * of the fault, never with content.
 */
export function parseJson(body: Buffer): Json {
  const known = trees.get(body);
  if (known !== undefined) return known;
  const tree = readTree(body);
  trees.set(body, tree);
  return tree;
}

/** The tree of each body, kept as long as the body: receive and parse both read it. Nobody changes a tree. */
const trees = new WeakMap<Buffer, Json>();
const decoder = new TextDecoder();

function readTree(body: Buffer): Json {
  if (!isUtf8(body)) throw rejected(400, 'invalid', 'the body is not valid UTF-8');
  const text = decoder.decode(body);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The engine's own error message quotes content, so it is not passed on, not even as a cause.
    throw rejected(400, 'structure', `not valid JSON: ${placeOf(text, findError(text))}`);
  }
  // In valid UTF-8 only a \\u escape can produce NUL or half a surrogate pair.
  if (checkTree(value, 1, text.includes('\\u')) < countKeys(text)) {
    throw rejected(
      400,
      'structure',
      `a property of one object is there twice: ${placeOf(text, findRepeated(text))}`,
    );
  }
  return value;
}

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1) as string).length + 1}`;
}

/** Returns how many properties there are in all. */
function checkTree(value: Json, depth: number, escaped: boolean): number {
  if (escaped && typeof value === 'string') checkText(value);
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH) throw rejected(400, 'too-costly', `JSON nested more than ${MAX_DEPTH} deep`);
  let count = 0;
  if (Array.isArray(value)) for (const item of value) count += checkTree(item, depth + 1, escaped);
  else {
    for (const key in value) {
      if (escaped) checkText(key);
      if (REFUSED_KEYS.has(key)) throw rejected(400, 'invalid', 'a property has a name that is not allowed');
      count += 1 + checkTree(value[key] as Json, depth + 1, escaped);
    }
  }
  return count;
}

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"([ \t\r\n]*:)?/g;

/**
 * Counts the properties written in valid JSON, including those that a later one of the same name replaces.
 */
function countKeys(text: string): number {
  let count = 0;
  STRING.lastIndex = 0;
  for (let match = STRING.exec(text); match; match = STRING.exec(text)) if (match[1]) count++;
  return count;
}

/** The offset, in valid JSON, of the first property that its object already has. */
function findRepeated(text: string): number {
  const open: Set<string>[] = [];
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"[ \t\r\n]*:?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (token.endsWith(':')) {
      const name = JSON.parse(token.slice(0, -1)) as string;
      if (open.at(-1)?.has(name)) return index;
      open.at(-1)?.add(name);
    }
  }
  return text.length;
}

/** Refuses NUL and half a surrogate pair: JSON allows them, PostgreSQL and FHIR strings do not. */
function checkText(text: string): void {
  if (text.includes('\u0000') || !text.isWellFormed())
    throw rejected(400, 'invalid', 'a string holds NUL or half of a character');
}

const SPACE = /[ \t\r\n]*/y;
// The string pattern is unrolled as plain (escape plain)*: an alternation per character would exhaust the
// engine's stack on long strings.
const PLAIN = '[ !#-[\\]-\\u{10ffff}]*';
const TEXT = `"${PLAIN}(?:\\\\(?:["\\\\/bfnrt]|u[0-9A-Fa-f]{4})${PLAIN})*"`;
const NUMBER = '-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?';
const TOKEN = new RegExp(`([{}[\\],:])|(${TEXT})|${NUMBER}|true|false|null`, 'uy');

/** Offset of the first token that cannot be JSON, by a scan that keeps only the stack of open brackets. */
function findError(text: string): number {
  const open: string[] = [];
  let expected: string | null = 'value';
  for (let at = 0; ; at = TOKEN.lastIndex) {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    TOKEN.lastIndex = SPACE.lastIndex;
    const match = TOKEN.exec(text);
    expected = match && step(open, expected, match[1] ?? (match[2] ? 'string' : 'scalar'));
    if (expected === null || open.length > MAX_DEPTH) return SPACE.lastIndex;
  }
}

/** What may follow a token: `value`, `key`, `colon`, `more`, or the `-or-end` forms of an empty object or
 * array. Null where the token is not allowed. */
function step(open: string[], expected: string, token: string): string | null {
  const inObject = open.at(-1) === '{';
  if (expected === 'more' || expected.endsWith('-or-end')) {
    if (token === (inObject ? '}' : ']') && open.length > 0) {
      open.pop();
      return 'more';
    }
    if (expected === 'more') return token === ',' && open.length > 0 ? (inObject ? 'key' : 'value') : null;
  }
  if (expected === 'colon') return token === ':' ? 'value' : null;
  if (expected.startsWith('key')) return token === 'string' ? 'colon' : null;
  if (token === '{' || token === '[') {
    open.push(token);
    return token === '{' ? 'key-or-end' : 'value-or-end';
  }
  return token === 'string' || token === 'scalar' ? 'more' : null;
}
