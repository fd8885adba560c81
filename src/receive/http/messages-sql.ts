import type { Answer, MessageStatus } from '../../model.ts';
import type { Db } from '../../store/pool.ts';

export type Delivery = {
  system: string;
  identifier: string;
  messageId: string;
  receivedAt: Date;
  /**
   * `in-progress`: a file of which not every row has been read yet; one cut short goes on when it is sent
   * again or replayed.
   */
  status: MessageStatus | 'in-progress';
  units: Answer['units'];
  /** Of a file in progress: rows read so far, and all. */
  progress?: { read: number; all: number };
};

/** Whose messages: one system's, or (operator) those of the system named, or all. */
export type Owner = { systemId: number | null; system: string | null };

/**
 * More than one answer is rare: a request id sent with several correlation ids, or several systems with one
 * id.
 */
const MOST = 100;

// BaRS ids are kept as `request|correlation`, in lower case; the request id alone finds them.
const FIND = `
select s.name as system, i.identifier, i.message_id::text as "messageId", i.received_at as "receivedAt",
  case when i.status = 'held' and i.units = '[]' then 'in-progress' else i.status end as status, i.units,
  case when i.status = 'held' and i.units = '[]' and i.rows_all is not null
    then json_build_object('read', i.rows_read, 'all', i.rows_all) end as progress
from intake i join system s on s.id = i.system_id
where ($1::int is null or i.system_id = $1) and ($2::text is null or s.name = $2)
  and (i.identifier in ($3, lower($3)) or ($4 and starts_with(i.identifier, lower($3) || '|')))
order by i.received_at desc limit ${MOST}`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What became of the messages sent under one id, newest first. */
export async function findDeliveries(db: Db, owner: Owner, identifier: string): Promise<Delivery[]> {
  const { rows } = await db.query<Omit<Delivery, 'progress'> & { progress: Delivery['progress'] | null }>(
    FIND,
    [owner.systemId, owner.system, identifier, UUID.test(identifier)],
  );
  return rows.map(({ progress, ...one }) => (progress ? { ...one, progress } : one));
}
