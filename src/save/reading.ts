/** How far files have been read, in the row that says what became of them. */
import type { Db } from '../store/pool.ts';

/** A file that has not been read to its end. */
const UNREAD = `status = 'held' and units = '[]'`;
/** Whoever reads a file says so oftener than this. */
const SILENT = `interval '2 minutes'`;

export async function noteReading(
  db: Db,
  messageId: string,
  { read, all }: { read: number; all: number },
): Promise<void> {
  await db.query(
    `update intake set rows_read = $2, rows_all = $3, reading = now() where message_id = $1 and ${UNREAD}`,
    [messageId, read, all],
  );
}

/** Takes over the oldest file that nobody reads any more; null where there is none. */
export async function claimUnread(db: Db): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>(
    `update intake set reading = now() where (system_id, identifier) = (
       select system_id, identifier from intake
       where ${UNREAD} and expired_at is null and coalesce(reading, received_at) < now() - ${SILENT}
       order by message_id limit 1 for update skip locked)
     returning message_id::text as id`,
  );
  return rows[0]?.id ?? null;
}
