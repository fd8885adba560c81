/** A message of many rows: kept once, then taken row by row (`pipeline.ts` has the story of each). */
import type { Context } from '../context.ts';
import type { Answer, Message, MessageStatus } from '../model.ts';
import { answerEarlier, messageKey } from '../save/load.ts';
import { noteReading } from '../save/reading.ts';
import { findStoredRows, NOTHING, save } from '../save/save.ts';
import { faultOf, logFault } from './faults.ts';
import { settle } from './gather.ts';
import type { Job } from './settle.ts';
import type { Understood } from './understand.ts';
import { withMessage } from './with-message.ts';

/** `prepareRow`: a row ready for `settle`. `replay`: a held file tried again. */
type File = {
  rows: Understood[];
  prepareRow: (row: Understood, messageId: string) => Promise<Job>;
  replay?: boolean;
};

/** Files being read by this process, by store and id. */
const underway = new WeakMap<Context['db'], Map<string, { contentHash: string; reading: Promise<Answer> }>>();

/**
 * A file sent again while it is being read (by a client that would not wait) is answered by that reading;
 * other content under its id waits for it, and is then a correction or refused, as of any message.
 */
export async function settleFile(ctx: Context, message: Message, file: File): Promise<Answer> {
  const files = underway.get(ctx.db) ?? new Map();
  underway.set(ctx.db, files);
  const lock = messageKey(ctx.key, message.system.id, message.identifier);
  for (let other = files.get(lock); other; other = files.get(lock)) {
    if (other.contentHash === message.contentHash) return other.reading;
    await Promise.allSettled([other.reading]);
  }
  const reading = readFile(ctx, message, file).finally(() => files.delete(lock));
  files.set(lock, { contentHash: message.contentHash, reading });
  return reading;
}

/**
 * Kept first, then row by row in groups (`gather.ts`), so that a bad row costs nobody else and a retry goes
 * on where it stopped.
 */
async function readFile(ctx: Context, message: Message, file: File): Promise<Answer> {
  const kept = await keepFirst(ctx, message, file);
  return isUnread(kept) ? settleRows(ctx, message, { ...file, messageId: kept.messageId }) : kept;
}

/** What its id came to so far; of one not heard of before, that it is kept and not read yet. */
export function keepFirst(
  ctx: Context,
  message: Message,
  options: { replay?: boolean } = {},
): Promise<Answer> {
  return withMessage(ctx, message, async (client, earlier) => {
    const known = answerEarlier(earlier, message, options);
    if (known && !known.conflict) return known;
    const same = earlier?.contentHash === message.contentHash;
    const answer = { message, status: 'held' as const, units: [] };
    const kept = same ? { messageId: earlier.messageId } : { message };
    const messageId = await save(client, ctx, { ...NOTHING, ...kept, answer: known ? null : answer });
    const { identifier } = message;
    return known ?? { messageId, identifier, status: 'held', units: [], duplicate: false, conflict: false };
  });
}

export const isUnread = ({ status, units }: Answer): boolean => status === 'held' && units.length === 0;

type Begun = File & { messageId: string };

/** Rows on their way at once: while one group of them is written the next is linked. */
const LANES = 64;

async function settleRows(
  ctx: Context,
  message: Message,
  { rows, prepareRow, messageId }: Begun,
): Promise<Answer> {
  const done = await findStoredRows(ctx.db, messageId);
  const inTurn = queue<Job>();
  const tell = counter(rows.length, (progress) => noteReading(ctx.db, messageId, progress));
  await tell(0);
  const units = await inLanes(rows, async (row) => {
    const { position, issues } = row;
    await tell(1);
    if (done.has(position)) return [{ position, status: 'accepted' as const, issues }];
    try {
      const job = await inTurn(prepareRow(row, messageId));
      return (await settle(ctx, job)).units;
    } catch (error) {
      const fault = faultOf(error);
      if (!fault) throw error;
      logFault(ctx, { messageId, message, error });
      return [{ position, status: fault.status, issues: [...issues, fault.issue] }];
    }
  });
  const found = new Set(units.map((unit) => unit.status));
  const status: MessageStatus = found.has('accepted') ? 'accepted' : found.has('failed') ? 'failed' : 'held';
  await withMessage(ctx, message, async (client, earlier) => {
    // A correction that another process took meanwhile stands.
    if (earlier?.messageId !== messageId) return;
    await save(client, ctx, { ...NOTHING, messageId, answer: { message, status, units } });
  });
  return { messageId, identifier: message.identifier, status, units, duplicate: false, conflict: false };
}

/** So many rows make news of how far it is. */
const ROWS_OF_NEWS = 250;

function counter(all: number, note: (progress: { read: number; all: number }) => Promise<void>) {
  let read = 0;
  return async (more: number): Promise<void> => {
    read += more;
    if (read % ROWS_OF_NEWS === 0) await note({ read, all });
  };
}

/**
 * What is made at once comes out in the order of asking: of two rows of a family the earlier is heard first.
 */
function queue<T>(): (made: Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (made) => {
    const turn = Promise.allSettled([made, last]).then(() => made);
    last = turn;
    return turn;
  };
}

/**
 * Some rows at a time, begun in their order, answered in their order. After a passing fault no more are
 * begun. Then this throws, and the file sent again goes on where it stopped.
 */
async function inLanes(
  rows: Understood[],
  settle: (row: Understood) => Promise<Answer['units']>,
): Promise<Answer['units']> {
  const units: Answer['units'][] = [];
  const errors: unknown[] = [];
  let next = 0;
  const runLane = async () => {
    while (next < rows.length && errors.length === 0) {
      const place = next++;
      await settle(rows[place] as Understood).then(
        (found) => {
          units[place] = found;
        },
        (error: unknown) => errors.push(error),
      );
    }
  };
  await Promise.all(Array.from({ length: LANES }, runLane));
  if (errors.length > 0) throw errors[0];
  return units.flat();
}
