/**
 * HL7 v2 on the wire: character sets, segments, delimiters and escapes (HL7 v2.9, chapter 2). Receive and
 * parse share it.
 */
import { isUtf8 } from 'node:buffer';
import { Rejected } from '../errors.ts';
import { type Decoded, decodeHl7 } from './hl7v2-charset.ts';

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
export type Header = Pick<Decoded, 'charset' | 'declared'> & {
  raw: string[];
  delimiters: Delimiters;
  get: (field: number, component?: number) => string;
};

export const HL7_TYPE = 'x-application/hl7-v2+er7';
const DEFAULTS: Delimiters = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };
/** ASCII only: half of a surrogate pair must never split a text. */
const PUNCTUATION = /^[!-/:-@[-`{-~]$/;

/** The header of the first message in a body; null where there is none that can be read. */
export function readHeader(body: Buffer): Header | null {
  try {
    const { text, charset, declared } = decodeHeader(body);
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
    return { raw, delimiters, charset, declared, get };
  } catch (error) {
    if (error instanceof Rejected) return null;
    throw error;
  }
}

/**
 * A message that cannot be taken for its characters is still answered by its own id. UTF-16 is answered in
 * UTF-8, which it is told to send.
 */
function decodeHeader(body: Buffer): Pick<Decoded, 'text' | 'charset' | 'declared'> {
  try {
    return decodeHl7(body);
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    const bytes = body.filter((byte) => byte !== 0);
    const text = Buffer.from(bytes)
      .toString('latin1')
      .replace(/^(ÿþ|þÿ)/, '');
    return { text: text.trim(), charset: 'windows-1252', declared: '' };
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
  return /^X(?:[0-9A-Fa-f]{2})+$/.test(sequence)
    ? charactersOf(Buffer.from(sequence.slice(1), 'hex'))
    : undefined;
}

/** Of `\XC3A9\` or `\XE9\`; `\X000D\` is one character of two bytes. Undefined where they are none. */
function charactersOf(bytes: Buffer): string | undefined {
  const wide = bytes.includes(0) && bytes.length % 2 === 0;
  const charset = wide ? 'utf-16be' : isUtf8(bytes) ? 'utf-8' : 'windows-1252';
  const text = new TextDecoder(charset).decode(bytes);
  return text.includes('\0') || text.includes('\ufffd') ? undefined : text;
}

/** True where an escape of characters in a field as sent means none: `\XZZ\`, `\C2842\`, `\M1B2442\`. */
export function isLeftEscaped(value: string, delimiters: Delimiters): boolean {
  const { escape: mark } = delimiters;
  const parts = mark === '' ? [] : value.split(mark);
  for (let index = 1; index < parts.length - 1; index++) {
    const sequence = parts[index] as string;
    if (meaningOf(sequence, delimiters) !== undefined) index++;
    else if (/^(X\w+|[CM][0-9A-F]{4,6})$/i.test(sequence)) return true;
  }
  return false;
}

function rejected(code: string, text: string, field?: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code, text, ...(field ? { field } : {}) }]);
}
