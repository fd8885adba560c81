import { intake, type Pipeline } from '../pipeline.ts';
import { heldMessages } from '../save/maintenance-sql.ts';
import { claimUnread } from '../save/reading.ts';

/**
 * Reads on, one after the other, the files whose readers were cut short: their senders were told that they
 * are kept, and need not send them again. Safe to run in several processes.
 */
export async function readUnread(ctx: Pipeline): Promise<number> {
  let read = 0;
  for (let id = await claimUnread(ctx.db); id !== null; id = await claimUnread(ctx.db)) {
    const [file] = await heldMessages(ctx, String(BigInt(id) - 1n), 1);
    if (!file || file.id !== id) break;
    await intake(ctx, file, { replay: true });
    read++;
  }
  return read;
}
