/**
 * HL7 v2 on the wire: character sets, segments, delimiters and escapes (HL7 v2.9, chapter 2). Receive and
 * parse share it.
 */
import { isUtf8 } from 'node:buffer';
import { Rejected } from '../errors.ts';

/** The characters of MSH-1 and MSH-2; '' where MSH-2 leaves one out. */
export type Delimiters = {
  field: string;
  component: string;
  repetition: string;
  escape: string;
  subcomponent: string;
};

/**
 * What receive and the acknowledgement need of MSH: `get(10)` is the first component of MSH-10, unescaped.
 */
export type Header = {
  raw: string[];
  delimiters: Delimiters;
  charset: string;
  get: (field: number, component?: number) => string;
};

export const HL7_TYPE = 'x-application/hl7-v2+er7';
const DEFAULTS: Delimiters = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };
/** MSH stands near the start, whatever framing or batch headers precede it. */
const HEAD_BYTES = 4_096;
/** ASCII only: half of a surrogate pair must never split a text. */
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/**
 * The text of a message, without byte order mark and framing, decoded as MSH-18 says. Without MSH-18: UTF-8
 * where the bytes are valid UTF-8, else Windows-1252 (Latin-1 is a part of it). Throws Rejected(400) where
 * the bytes are not what MSH-18 says.
 */
export function decodeHl7(body: Buffer): { text: string; charset: string } {
  const msh = /MSH[^\r\n]*/.exec(body.toString('latin1', 0, HEAD_BYTES))?.[0] ?? '';
  const declared = msh.split(msh.charAt(3))[17]?.split('~', 1)[0] ?? '';
  const charset = charsetOf(declared) ?? (isUtf8(body) ? 'utf-8' : 'windows-1252');
  if (charset === 'utf-8' && !isUtf8(body)) {
    throw rejected('invalid', 'MSH-18 says UTF-8, and the bytes are not valid UTF-8', 'MSH-18');
  }
  if (body.includes(0)) throw rejected('invalid', 'a message never holds NUL characters');
  const text = new TextDecoder(charset).decode(body).trim();
  return { text: text.endsWith('\u001c') ? text.slice(0, -1).trimEnd() : text, charset };
}

/** HL7 table 0211, as a WHATWG label; undefined where the bytes must speak for themselves. */
function charsetOf(name: string): string | undefined {
  if (/^UNICODE( UTF-?8)?$|^UTF-?8$/i.test(name.trim())) return 'utf-8';
  const [, part] = /^(?:ISO[ -]?)?8859[/-](\d{1,2})$/i.exec(name.trim()) ?? [];
  if (part === '1') return 'windows-1252';
  return part && ['2', '3', '4', '5', '6', '7', '8', '10', '13', '14', '15'].includes(part)
    ? `iso-8859-${part}`
    : undefined;
}

/** The header of the first message in a body; null where there is none that can be read. */
export function readHeader(body: Buffer): Header | null {
  try {
    const { text, charset } = decodeHl7(body);
    const start = /(?:^|[\r\n])MSH[!-/:-@[-`{-~]/.exec(text);
    if (!start) return null;
    const line = text
      .slice(start.index)
      .trimStart()
      .split(/[\r\n]/, 1)[0] as string;
    const delimiters = readDelimiters(line);
    const raw = ['MSH', delimiters.field, ...line.slice(4).split(delimiters.field)];
    const get = (field: number, component = 1) => {
      const first = field === 2 ? raw[2] : raw[field]?.split(delimiters.repetition || '\r', 1)[0];
      return unescapeHl7(split(first ?? '', delimiters.component)[component - 1] ?? '', delimiters).trim();
    };
    return { raw, delimiters, charset, get };
  } catch (error) {
    if (error instanceof Rejected) return null;
    throw error;
  }
}

/** From a segment beginning `MSH|^~\&`. Throws Rejected(400) where MSH-1 or MSH-2 cannot be. */
export function readDelimiters(msh: string): Delimiters {
  const field = msh.charAt(3);
  // `^~\\&`, the escape character doubled, is sent by systems whose settings were escaped once too often.
  const encoding = (msh.slice(4).split(field, 1)[0] ?? '').replace(/^(..)(.)\2/, '$1$2');
  const all = [field, ...encoding];
  const distinct = new Set(all).size === all.length && all.every((character) => PUNCTUATION.test(character));
  if (field === '' || encoding === '' || encoding.length > 5 || !distinct) {
    throw rejected(
      'structure',
      'MSH-1 and MSH-2 must hold the field separator and the encoding characters',
      'MSH-2',
    );
  }
  const [component = '', repetition = '', mark = '', subcomponent = ''] = encoding;
  return { field, component, repetition, escape: mark, subcomponent };
}

/**
 * The segments of a text, by any of CR, LF and CRLF. A line that begins no segment belongs to the field
 * before it (the line break is kept as LF): line feeds inside a field are seen in the wild.
 */
export function splitSegments(text: string, field: string): string[] {
  const separator = field.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
  const start = new RegExp(
    `(?:\\r\\n|\\r|\\n)(?=[A-Z][A-Z0-9]{2}${separator})|\\r\\n?(?=[A-Z][A-Z0-9]{2}(?:[\\r\\n]|$))`,
  );
  return text.split(start).map((segment) => segment.trimEnd().replace(/\r\n?/g, '\n'));
}

/**
 * Like String.split, but an absent delimiter splits nothing. Most values hold none, and looking first saves a
 * third.
 */
export function split(value: string, delimiter: string): string[] {
  return delimiter !== '' && value.includes(delimiter) ? value.split(delimiter) : [value];
}

/**
 * Text for a field: every delimiter and control character escaped, so that framing and segments stay whole.
 */
export function escapeHl7(text: string, delimiters: Delimiters = DEFAULTS): string {
  const { field, component, repetition, escape: mark, subcomponent } = delimiters;
  const names = new Map([
    [field, 'F'],
    [component, 'S'],
    [repetition, 'R'],
    [mark, 'E'],
    [subcomponent, 'T'],
  ]);
  if (mark === '')
    return [...text].map((character) => (character < ' ' || names.has(character) ? ' ' : character)).join('');
  let escaped = '';
  for (const character of text) {
    const name = names.get(character) ?? (character < ' ' ? `X${hex(character)}` : '');
    escaped += name ? mark + name + mark : character;
  }
  return escaped;
}

const hex = (character: string) => character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');

/**
 * The text of a field. Escapes that mean nothing here (`\H\`, `\.ti4\`, `\C2842\`, or a lone escape
 * character) stay as sent.
 */
export function unescapeHl7(value: string, delimiters: Delimiters = DEFAULTS): string {
  const { escape: mark } = delimiters;
  if (mark === '' || !value.includes(mark)) return value;
  const parts = value.split(mark);
  let text = parts[0] as string;
  for (let index = 1; index < parts.length; index++) {
    const sequence = parts[index] as string;
    const meaning = index < parts.length - 1 ? meaningOf(sequence, delimiters) : undefined;
    text += meaning === undefined ? mark + sequence : meaning + parts[++index];
  }
  return text;
}

function meaningOf(
  sequence: string,
  { field, component, repetition, escape: mark, subcomponent }: Delimiters,
): string | undefined {
  const known: Record<string, string> = {
    F: field,
    S: component,
    T: subcomponent,
    R: repetition,
    E: mark,
    '.br': '\n',
    '.sp': '\n',
  };
  if (Object.hasOwn(known, sequence)) return known[sequence];
  if (!/^X(?:[0-9A-Fa-f]{2})+$/.test(sequence)) return undefined;
  const bytes = Buffer.from(sequence.slice(1), 'hex');
  if (bytes.includes(0)) return undefined;
  return new TextDecoder(isUtf8(bytes) ? 'utf-8' : 'windows-1252').decode(bytes);
}

function rejected(code: string, text: string, field?: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code, text, ...(field ? { field } : {}) }]);
}
