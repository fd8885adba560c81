import { Rejected } from '../errors.ts';
import {
  type Delimiters,
  decodeHl7,
  readDelimiters,
  split,
  splitSegments,
  unescapeHl7,
} from '../formats/hl7v2.ts';
import type { Unit } from '../model.ts';

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
  const { text } = decodeHl7(body);
  const [, kind, field = ''] = /^(MSH|FHS|BHS)([!-/:-@[-`{-~])/.exec(text) ?? [];
  if (!kind)
    throw rejected('structure', 'no HL7 v2 message here: it must begin with MSH and a field separator');
  const messages = groupByMessage(splitSegments(text, field));
  if (messages.length === 0) throw rejected('required', 'the batch holds no message');
  if (messages.length === 1) return [{ position: '', tree: readMessage(messages[0] as string[]) }];
  return messages.map((segments, index) => readOfMany(segments, `message ${index + 1}`));
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
function readOfMany(segments: string[], position: string): Unit {
  try {
    return { position, tree: readMessage(segments) };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return { position, tree: null, error: error.issues[0] };
  }
}

function readMessage(lines: string[]): { segments: Segment[] } {
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
  return { segments };
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
