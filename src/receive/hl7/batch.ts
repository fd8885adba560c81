/**
 * Batches of HL7 v2 (HL7 v2.9, 2.10.3): each message in one is a message of its own, with its own id, state
 * and acknowledgement.
 */
import { clean, newControlId, timestamp } from './ack.ts';

/**
 * `header`: the fields of BHS as sent, where there is none of the first MSH: numbers 1 to 6 mean the same in
 * both.
 */
export type Batch = { header: string[]; messages: Buffer[] };
type Mark = { kind: string; at: number };

const PUNCTUATION = '[!-/:-@[-`{-~]';

/**
 * The messages of a body that begins FHS or BHS, or holds several: the bytes of each, without its last line
 * ends. Null where it is one message, or none. Every character set that is read keeps ASCII as it is, so
 * bytes can be looked at.
 */
export function splitBatch(body: Buffer): Batch | null {
  const text = body.toString('latin1');
  const [, first, field] = new RegExp(`^[^A-Z]{0,8}(MSH|FHS|BHS)(${PUNCTUATION})`).exec(text) ?? [];
  if (!first || !field) return null;
  const marks = findMarks(text, field);
  const messages = marks.flatMap(({ kind, at }, index) =>
    kind === 'MSH' ? [trimmed(body.subarray(at, marks[index + 1]?.at))] : [],
  );
  if (messages.length === 0 || (messages.length === 1 && first === 'MSH')) return null;
  const head = marks.find(({ kind }) => kind === 'BHS') ?? marks.find(({ kind }) => kind === 'MSH');
  const line = text.slice(head?.at).split(/[\r\n]/, 1)[0] as string;
  return { header: [line.slice(0, 3), line.charAt(3), ...line.slice(4).split(line.charAt(3))], messages };
}

/** Where messages and the envelopes about them begin; a message may have delimiters of its own. */
function findMarks(text: string, field: string): Mark[] {
  const separator = field.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
  const begin = `(?=(MSH|FHS|BHS|BTS|FTS)${separator}|(MSH)(${PUNCTUATION})${PUNCTUATION}{1,5}\\3)`;
  return [...text.matchAll(new RegExp(`(?:^[^A-Z]{0,8}|[\\r\\n])${begin}`, 'g'))].map((match) => ({
    kind: (match[1] ?? match[2]) as string,
    at: match.index + match[0].length,
  }));
}

/**
 * Without white space and framing around it, which say nothing: a message is the same message alone and in a
 * batch.
 */
export function trimmed(body: Buffer): Buffer {
  let [from, to] = [0, body.length];
  while (from < to && (body[from] as number) <= 0x20) from++;
  while (to > from && (body[to - 1] as number) <= 0x20) to--;
  return body.subarray(from, to);
}

/**
 * One batch of all acknowledgements, in order; sender and receiver swapped, BHS-12 the id that the batch had
 * (BHS-11).
 */
export function acknowledgeBatch({ header }: Batch, acks: Buffer[], now = new Date()): Buffer {
  const [kind, field = '|', encoding] = header;
  const [from, at, to, receiver, reference] = [3, 4, 5, 6, 11].map((number) => clean(header[number] ?? ''));
  const bhs = ['BHS', encoding, to, receiver, from, at, timestamp(now), '', '', '', newControlId()];
  const line = (values: (string | undefined)[]) => Buffer.from(`${values.join(field)}\r`, 'latin1');
  const begin = line(kind === 'BHS' && reference ? [...bhs, reference] : bhs);
  return Buffer.concat([begin, ...acks, line(['BTS', String(acks.length)])]);
}
