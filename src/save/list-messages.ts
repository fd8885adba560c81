/** SQL of the list of messages: metadata, and the first thing that is wrong; never a body. */
import type { Issue } from '../model.ts';
import type { Db } from '../store/pool.ts';

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

/** What is kept under each id of a sender, newest first: of one system or state, older than a row. */
export async function listMessages(
  db: Db,
  { system, state, before }: { system: string | null; state: string | null; before: string | null },
  limit: number,
): Promise<ListedMessage[]> {
  const { rows } = await db.query<ListedMessage>(
    `select i.message_id::text as row, s.name as system, i.identifier, i.received_at as "receivedAt", i.status,
      case when i.status in ('held', 'failed') then skein_hold(i.status, i.units) end as cause,
      (select e from jsonb_array_elements(i.units) u, jsonb_array_elements(u -> 'issues') e
        where e ->> 'severity' = 'error' limit 1) as issue
    from intake i join system s on s.id = i.system_id
    where ($1::text is null or s.name = $1) and ($2::text is null or i.status = $2)
      and ($3::bigint is null or i.message_id < $3) order by i.message_id desc limit $4`,
    [system, state, before, limit],
  );
  return rows;
}
