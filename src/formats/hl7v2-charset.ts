/**
 * Character sets of HL7 v2 (MSH-18, table 0211): bytes to text, and the text of an acknowledgement to bytes.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { Rejected } from '../errors.ts';
import type { Issue } from '../model.ts';

/**
 * `charset` is a WHATWG label; `declared` is MSH-18 as sent; `warning` where the bytes are not what it says.
 */
export type Decoded = { text: string; charset: string; declared: string; warning?: Issue };

/** MSH stands near the start, whatever framing or batch headers precede it. */
const HEAD_BYTES = 4_096;
const UTF8 = 'UNICODE UTF-8';

/**
 * The text of a message, without byte order mark and framing, decoded as MSH-18 says: by the first of its
 * repetitions that is read here. Without one: UTF-8 where the bytes are valid UTF-8, else Windows-1252
 * (Latin-1 is a part of it). UTF-8 under the name of a character set of single bytes is read as what it is,
 * with a warning: no text of such a set looks like it by chance. Throws Rejected(400) where the bytes are no
 * UTF-8 and MSH-18 says so, where they are UTF-16, and where they hold NUL.
 */
export function decodeHl7(body: Buffer): Decoded {
  if (isUtf16(body)) {
    const text = `the bytes are UTF-16, which is not read here: send UTF-8, and ${UTF8} in MSH-18`;
    throw rejected('not-supported', text, 'MSH-18');
  }
  if (body.includes(0)) throw rejected('invalid', 'the message holds NUL characters', placeOf(body, 0));
  const declared = declaredIn(body);
  const { charset, warning } = chooseCharset(body, declared);
  const text = new TextDecoder(charset).decode(body).trim();
  return {
    ...{ text: text.endsWith('\u001c') ? text.slice(0, -1).trimEnd() : text, charset, declared },
    ...(warning ? { warning } : {}),
  };
}

function chooseCharset(body: Buffer, declared: string): Pick<Decoded, 'charset' | 'warning'> {
  const names = declared.split('~').map((name) => name.trim());
  const said = names.map(charsetOf).filter((charset) => charset !== undefined);
  const [charset] = said;
  if (charset === 'utf-8' && !isUtf8(body))
    throw rejected('invalid', 'MSH-18 says UTF-8, and the bytes are not valid UTF-8', 'MSH-18');
  if (isUtf8(body) && !isAscii(body)) {
    const text = 'MSH-18 names another character set, and the bytes are UTF-8: they are read as that';
    const isSaid =
      names.every((name) => name === '' || /^(ASCII|US-ASCII)$/i.test(name)) || said.includes('utf-8');
    return isSaid ? { charset: 'utf-8' } : { charset: 'utf-8', warning: warning(text) };
  }
  if (charset) return { charset };
  const guessed = isUtf8(body) ? 'utf-8' : 'windows-1252';
  const isUnknown = names.some((name) => name !== '' && !/^(US-)?ASCII$/i.test(name));
  const text = `MSH-18 names a character set that is not read here: the text is taken as ${guessed}`;
  return { charset: guessed, ...(isUnknown && !isAscii(body) ? { warning: warning(text) } : {}) };
}

const warning = (text: string): Issue => ({ severity: 'warning', code: 'value', field: 'MSH-18', text });

function declaredIn(body: Buffer): string {
  const msh = /MSH[^\r\n]*/.exec(body.toString('latin1', 0, HEAD_BYTES))?.[0] ?? '';
  return msh.split(msh.charAt(3))[17]?.trim() ?? '';
}

/** By its byte order mark, or by a zero beside each of the first two letters of MSH, FHS or BHS. */
function isUtf16(body: Buffer): boolean {
  const [first = 0, second = 0] = body;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const at = body.subarray(0, 8).findIndex((byte) => byte >= 0x41 && byte <= 0x5a);
  return at >= 0 && body[at + 1] === 0 && (body[at + 2] ?? 0) >= 0x41 && body[at + 3] !== undefined;
}

/** HL7 table 0211, as a WHATWG label; undefined where the bytes must speak for themselves. */
function charsetOf(name: string): string | undefined {
  if (/^UNICODE( UTF-?8)?$|^UTF-?8$/i.test(name)) return 'utf-8';
  if (/^(WINDOWS|CP)-?1252$/i.test(name)) return 'windows-1252';
  const [, part] = /^(?:ISO[ -]?)?8859[/-](\d{1,2})$/i.exec(name) ?? [];
  if (part === '1') return 'windows-1252';
  return part && ['2', '3', '4', '5', '6', '7', '8', '10', '13', '14', '15'].includes(part)
    ? `iso-8859-${part}`
    : undefined;
}

/** `PID[2]-5` of the first such byte: where somebody must look for it. */
function placeOf(body: Buffer, byte: number): string | undefined {
  const before = body.toString('latin1', 0, body.indexOf(byte)).split(/[\r\n]+/);
  const [, name, field] = /^\v?([A-Z][A-Z0-9]{2})(.)/.exec(before.at(-1) ?? '') ?? [];
  if (!name || !field) return undefined;
  const n = before.filter((line) => line.trimStart().startsWith(name)).length;
  const number = (before.at(-1) as string).split(field).length - (name === 'MSH' ? 0 : 1);
  return `${name}${n > 1 ? `[${n}]` : ''}-${number}`;
}

/** Text as bytes of that character set; what it does not have becomes a question mark. */
export function encodeHl7(text: string, charset: string): Buffer {
  if (charset === 'utf-8') return Buffer.from(text);
  const bytes = bytesOf(charset);
  return Buffer.from(
    [...text].map((character) =>
      character < '\x80' ? character.charCodeAt(0) : (bytes.get(character) ?? 0x3f),
    ),
  );
}

const tables = new Map<string, Map<string, number>>();

/** The upper half of a character set of single bytes: decoding every byte once gives its reverse. */
function bytesOf(charset: string): Map<string, number> {
  const known = tables.get(charset);
  if (known) return known;
  const upper = Array.from({ length: 128 }, (_, index) => 128 + index);
  const decoder = new TextDecoder(charset);
  const table = new Map(upper.map((byte) => [decoder.decode(Uint8Array.of(byte)), byte]));
  tables.set(charset, table);
  return table;
}

/**
 * MSH-18 of an answer in that character set: as its message had it, unless that names another and the answer
 * holds more than ASCII.
 */
export function nameCharset(
  { charset, declared }: Pick<Decoded, 'charset' | 'declared'>,
  text: string,
): string {
  const named = declared.split('~').some((name) => charsetOf(name.trim()) === charset);
  return named || charset !== 'utf-8' || /^\p{ASCII}*$/u.test(text) ? declared : UTF8;
}

function rejected(code: string, text: string, field?: string): Rejected {
  const place = field ? { field } : {};
  return new Rejected(400, [{ severity: 'error', code, text, ...place }]);
}
