import { isUtf8 } from 'node:buffer';
import { rejected } from '../errors.ts';
import type { Issue, Unit } from '../model.ts';

/** One row of the file. `cells` is null where a quoted cell never ends or goes on after its closing quote;
 * `next` is the offset of the next row. */
type CsvCells = { cells: string[] | null; next: number };

const REFUSED_NAMES = ['__proto__', 'constructor', 'prototype'];

/**
 * Reads a CSV file (RFC 4180; also with `;` or tab) with a header row. Gives one unit per row, numbered as a
 * spreadsheet shows it, so the first is `row 2`. A first line `sep=;`, which Excel reads and hides, names the
 * delimiter. A row that cannot be read, or has another number of cells than the header, is a unit with
 * `error`; a quote that is never closed spoils only its own line. Throws Rejected(400) where there is no
 * header, no row, or no text.
 */
export function readCsv(body: Buffer): Unit[] {
  const text = decode(body);
  const [hint = '', separator] = /^sep=(.)(?:\r\n|\r|\n)/i.exec(text) ?? [];
  const delimiter = separator ?? detectDelimiter(text);
  const first = readRow(text, hint.length, delimiter);
  const header = checkHeader(first.cells);
  const units: Unit[] = [];
  for (let at = first.next, number = 2; at < text.length; number++) {
    const { cells, next } = readRow(text, at, delimiter);
    const unit = unitOf(header, cells, number);
    // A blank row may consist of delimiters: spreadsheets write such rows below the last.
    if (cells ? cells.some((cell) => cell.trim() !== '') : text.slice(at, next).trim() !== '')
      units.push(unit);
    // A stray quote may have made this row swallow the next ones: those are read again by themselves.
    at = unit.error ? afterLine(text, at) : next;
  }
  if (units.length === 0) throw rejected(400, 'required', 'the file has a header and no rows');
  return units;
}

/** Spreadsheets write UTF-8, Windows-1252, or UTF-16 with a byte order mark. */
function decode(body: Buffer): string {
  const mark = body.length > 1 ? body.readUInt16BE(0) : 0;
  const wide = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : undefined;
  const text = new TextDecoder(wide ?? (isUtf8(body) ? 'utf-8' : 'windows-1252')).decode(body);
  if (text.includes('\u0000')) throw rejected(400, 'invalid', 'the file is not text');
  return text;
}

/** The delimiter that occurs most often outside quotes in the header line, else a comma. */
function detectDelimiter(text: string): string {
  const line = (text.split(/[\r\n]/, 1)[0] as string).replace(/"[^"]*"/g, '');
  const count = (delimiter: string) => line.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

function checkHeader(cells: string[] | null): string[] {
  const names = (cells ?? []).map((name) => name.trim());
  while (names.at(-1) === '') names.pop();
  if (names.length === 0) throw rejected(400, 'required', 'the file has no header row');
  for (const [index, name] of names.entries()) {
    if (name === '') throw rejected(400, 'required', `column ${index + 1} of the header has no name`);
    if (names.indexOf(name) !== index)
      throw rejected(
        400,
        'duplicate',
        `columns ${names.indexOf(name) + 1} and ${index + 1} have the same name`,
      );
    if (REFUSED_NAMES.includes(name))
      throw rejected(400, 'invalid', `column ${index + 1} has a name that is not allowed`);
  }
  return names;
}

function unitOf(header: string[], cells: string[] | null, number: number): Unit {
  const position = `row ${number}`;
  if (!cells)
    return {
      position,
      tree: null,
      error: issue('structure', 'a quoted cell is not closed, or goes on after its quote', position),
    };
  while (cells.length > header.length && cells.at(-1)?.trim() === '') cells.pop();
  if (cells.length !== header.length) {
    const text = `the row has ${cells.length} cells, the header has ${header.length}`;
    return { position, tree: null, error: issue('structure', text, position) };
  }
  return { position, tree: Object.fromEntries(header.map((name, index) => [name, cells[index] as string])) };
}

/** Reads one row. A quote counts only at the start of a cell; inside one, all else is text. */
function readRow(text: string, at: number, delimiter: string): CsvCells {
  const cells: string[] = [];
  for (let start = at; ; ) {
    const quoted = text[start] === '"';
    const end = quoted ? closingQuote(text, start + 1) : start;
    const stop = quoted ? end + 1 : nextOf(text, start, delimiter);
    const after = text[stop];
    if (end < 0 || (after !== undefined && after !== delimiter && after !== '\n' && after !== '\r')) {
      return { cells: null, next: afterLine(text, at) };
    }
    cells.push(quoted ? text.slice(start + 1, end).replaceAll('""', '"') : text.slice(start, stop));
    if (after !== delimiter) return { cells, next: afterLine(text, stop) };
    start = stop + 1;
  }
}

/** Offset of the quote that ends a cell, -1 where none does. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

function nextOf(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}

/** The offset after the next line break (CRLF, LF or CR). */
function afterLine(text: string, from: number): number {
  const stop = nextOf(text, from, '\n');
  return text[stop] === '\r' && text[stop + 1] === '\n' ? stop + 2 : stop + 1;
}

function issue(code: string, text: string, field?: string): Issue {
  return { severity: 'error', code, text, ...(field ? { field } : {}) };
}
