/** SQL of the list of messages: metadata, and the first thing that is wrong; never a body. */
import type { Issue } from '../model.ts';
import type { Db } from '../store/pool.ts';
import { openBody, type StoredBody } from './body.ts';

/** `row`: of the message, as text. `cause`: event, content or ours; null where it is not held. */
export type ListedMessage = {
  row: string;
  system: string;
  identifier: string;
  receivedAt: Date;
  status: string;
  cause: string | null;
  issue: Issue | null;
};

/** `service`: of those systems alone that speak for it. */
export type WhichMessages = {
  system: string | null;
  state: string | null;
  service: string | null;
  before: string | null;
};

/** What is kept under each id of a sender, newest first: of one system or state, older than a row. */
export async function listMessages(
  db: Db,
  { system, state, service, before }: WhichMessages,
  limit: number,
): Promise<ListedMessage[]> {
  const { rows } = await db.query<ListedMessage>(
    `select i.message_id::text as row, s.name as system, i.identifier, i.received_at as "receivedAt", i.status,
      case when i.status in ('held', 'failed') then skein_hold(i.status, i.units) end as cause,
      (select e from jsonb_array_elements(i.units) u, jsonb_array_elements(u -> 'issues') e
        where e ->> 'severity' = 'error' limit 1) as issue
    from intake i join system s on s.id = i.system_id
    where ($1::text is null or s.name = $1) and ($2::text is null or i.status = $2)
      and ($3::bigint is null or i.message_id < $3) and ($5::uuid is null or s.service_id = $5)
    order by i.message_id desc limit $4`,
    [system, state, before, limit, service],
  );
  return rows;
}

/** The bytes of one message as they came; null where they have expired. `row`: of the message. */
export async function readMessageBody(db: Db, key: Buffer, row: string): Promise<Buffer | null> {
  const { rows } = await db.query<StoredBody & { contentHash: string }>(
    `select body, body_key as "bodyKey", content_hash as "contentHash" from message
      where id = $1 and body is not null`,
    [row],
  );
  return rows[0] ? openBody(key, rows[0]) : null;
}
