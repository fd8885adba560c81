import { Rejected } from '../errors.ts';
import {
  type Delimiters,
  isLeftEscaped,
  readDelimiters,
  split,
  splitSegments,
  unescapeHl7,
} from '../formats/hl7v2.ts';
import { decodeHl7 } from '../formats/hl7v2-charset.ts';
import type { Issue, Unit } from '../model.ts';

/**
 * `n` counts segments of that name. `fields[5]` is PID-5: repetitions, components, subcomponents; '' is
 * absent, '""' is null.
 */
export type Segment = { name: string; n: number; fields: string[][][][] };

/** Shared by the many empty fields of a message: nobody writes to a tree. */
const EMPTY: string[][][] = [[['']]];
/**
 * Real messages have some hundreds; a body of separators alone would take a hundred times its size in memory.
 */
const MAX_VALUES = 500_000;

/** The messages of a body: one, or those of a batch (FHS, BHS, BTS, FTS) as `message 1`, `message 2`. */
export function readHl7(body: Buffer): Unit[] {
  const { text, warning } = decodeHl7(body);
  const issues = warning ? [warning] : [];
  const [, kind, field = ''] = /^(MSH|FHS|BHS)([!-/:-@[-`{-~])/.exec(text) ?? [];
  if (!kind)
    throw rejected('structure', 'no HL7 v2 message here: it must begin with MSH and a field separator');
  const messages = groupByMessage(splitSegments(text, field));
  if (messages.length === 0) throw rejected('required', 'the batch holds no message');
  if (messages.length === 1) return [readUnit(messages[0] as string[], '', issues)];
  return messages.map((segments, index) => readOfMany(segments, `message ${index + 1}`, issues));
}

function groupByMessage(segments: string[]): string[][] {
  const messages: string[][] = [];
  for (const segment of segments) {
    if (segment.startsWith('MSH')) messages.push([segment]);
    else if (!/^(FHS|BHS|BTS|FTS)/.test(segment)) messages.at(-1)?.push(segment);
  }
  return messages;
}

/** One bad message of a batch costs the others nothing. */
function readOfMany(segments: string[], position: string, issues: Issue[]): Unit {
  try {
    return readUnit(segments, position, issues);
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return { position, tree: null, error: error.issues[0] };
  }
}

function readUnit(lines: string[], position: string, issues: Issue[]): Unit {
  const { segments, delimiters } = readMessage(lines);
  const told = [
    ...issues,
    ...segments.flatMap((one, index) => findOddities(one, lines[index] as string, delimiters)),
  ];
  return { position, tree: { segments }, ...(told.length > 0 ? { issues: told } : {}) };
}

/**
 * Of control characters a text may hold tab, line feed and carriage return; those above 127 are old quotes.
 */
const CONTROL = /(?![\t\n\r\u0080-\u009f])\p{Cc}/u;

/** What no text should hold: control characters, and escapes of characters that are left as they are. */
function findOddities({ name, n, fields }: Segment, line: string, delimiters: Delimiters): Issue[] {
  // Few lines have any: the fields of the others are not looked at one by one.
  if (name === 'MSH' || !(CONTROL.test(line) || line.includes(delimiters.escape || '\0'))) return [];
  return line.split(delimiters.field).flatMap((value, number) => {
    const field = `${name}${n > 1 ? `[${n}]` : ''}-${number}`;
    const told = (code: string, text: string): Issue[] => [{ severity: 'warning', code, field, text }];
    const controls = fields[number]?.flat(2).some((text) => CONTROL.test(text));
    return [
      ...(controls ? told('invalid', `${field} holds a control character`) : []),
      ...(isLeftEscaped(value, delimiters)
        ? told('value', `${field} holds an escape sequence that stands for no character: it is left as sent`)
        : []),
    ];
  });
}

function readMessage(lines: string[]): { segments: Segment[]; delimiters: Delimiters } {
  const delimiters = readDelimiters(lines[0] as string);
  checkSize(lines, delimiters);
  const counts = new Map<string, number>();
  const segments = lines.map((line) => {
    const [name = '', ...values] = line.split(delimiters.field);
    const n = (counts.get(name) ?? 0) + 1;
    counts.set(name, n);
    const header = name === 'MSH';
    const fields = values.map((value, index) =>
      header && index === 0 ? [[[value]]] : readField(value, delimiters),
    );
    return { name, n, fields: [[[[name]]], ...(header ? [[[[delimiters.field]]]] : []), ...fields] };
  });
  return { segments, delimiters };
}

function readField(value: string, delimiters: Delimiters): string[][][] {
  if (value === '') return EMPTY;
  return split(value, delimiters.repetition).map((repetition) =>
    split(repetition, delimiters.component).map((component) =>
      split(component, delimiters.subcomponent).map((text) => unescapeHl7(text, delimiters)),
    ),
  );
}

function checkSize(lines: string[], { field, repetition, component, subcomponent }: Delimiters): void {
  if (lines.reduce((sum, line) => sum + line.length, 0) <= MAX_VALUES) return;
  const separators = new Set([field, repetition, component, subcomponent]);
  let count = 0;
  for (const line of lines) for (const character of line) if (separators.has(character)) count++;
  if (count > MAX_VALUES) throw rejected('too-costly', `more than ${MAX_VALUES} values in one message`);
}

function rejected(code: string, text: string): Rejected {
  return new Rejected(400, [{ severity: 'error', code, text }]);
}
