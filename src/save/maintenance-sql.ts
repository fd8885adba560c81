/** SQL of rebuild, of parting and of replay. */

import type { Context } from '../context.ts';
import type { Answer, Issue, Message, System } from '../model.ts';
import type { Db } from '../store/pool.ts';
import { openBody, type StoredBody } from './body.ts';

const COLUMNS = 'key, type, "systemId", chart, ref, aliases, first, base, times, content, team';
const TYPES =
  'key uuid, type text, "systemId" int, chart uuid, ref uuid, aliases uuid[], first text, base text, times jsonb, content jsonb, team uuid';

export const REBUILD = {
  // Messages wait while statements are folded again: one that committed meanwhile would be lost from them.
  begin: `lock table statement in exclusive mode; create temporary table rebuilt (${TYPES}, primary key (key)) on commit drop`,
  // By number: `id` alone is the text, and a page of texts leaves records out.
  records: `select r.id::text as id, system_id as "systemId", stamp, mode, statements from record r where r.id > $1 order by r.id limit $2`,
  read: `select ${COLUMNS} from rebuilt where key = any($1::uuid[])`,
  write: `insert into rebuilt (${COLUMNS}) select ${COLUMNS} from jsonb_to_recordset($1::jsonb) as r(${TYPES})
    on conflict (key) do update set chart = excluded.chart, ref = excluded.ref, aliases = excluded.aliases,
      first = excluded.first, base = excluded.base, times = excluded.times, content = excluded.content, team = excluded.team`,
  apply: `insert into statement (key, type, system_id, chart, ref, aliases, record_id, first, base, times, content, team)
    select r.key, r.type, r."systemId", r.chart, r.ref, r.aliases, 0, r.first, r.base, r.times, r.content, r.team from rebuilt r
    left join statement s on s.key = r.key
    where s.key is null or (s.chart, s.ref, s.aliases, s.first, s.base, s.times, s.content, s.team)
      is distinct from (r.chart, r.ref, r.aliases, r.first, r.base, r.times, r.content, r.team)
    on conflict (key) do update set chart = excluded.chart, ref = excluded.ref, aliases = excluded.aliases,
      first = excluded.first, base = excluded.base, times = excluded.times, content = excluded.content, team = excluded.team`,
};

/** `id` orders them: of what comes again later, the next page begins after it. */
export type HeldMessage = Omit<Message, 'system'> & { id: string; system: System };

/**
 * Some of the messages held or failed, or with such a row, with their raw bytes, oldest first: for the source
 * their system has now, which may have been registered because of them. Not those whose bodies have expired.
 */
export async function heldMessages(
  { db, key }: Pick<Context, 'db' | 'key'>,
  after: string,
  limit: number,
): Promise<HeldMessage[]> {
  const { rows } = await db.query<HeldMessage & StoredBody>(
    `
    select m.id::text as id, m.channel, m.content_type as "contentType", m.identifier,
      case when m.channel in ('intake', 'mllp') then coalesce(y.source, m.source) else m.source end as source, m.content_hash as "contentHash", m.body, m.body_key as "bodyKey",
      m.received_at as "receivedAt",
      json_build_object('id', y.id, 'name', y.name, 'source', y.source, 'dialect', y.dialect, 'onHeld', y.on_held, 'numbers', y.numbers, 'ignore', y.ignore, 'service',
        json_build_object('id', s.id, 'name', s.name, 'ods', s.ods, 'team', s.team, 'sector', s.sector, 'kind', s.kind)) as system
    from intake i join message m on m.id = i.message_id and m.received_at >= i.received_at - interval '1 hour'
      join system y on y.id = i.system_id join service s on s.id = y.service_id
    where (i.status in ('held', 'failed') or i.units @> '[{"status": "held"}]' or i.units @> '[{"status": "failed"}]') and i.message_id > $1 and m.body is not null order by i.message_id limit $2`,
    [after, limit],
  );
  return rows.map(({ bodyKey, ...message }) => ({
    ...message,
    body: openBody(key, { ...message, bodyKey }),
  }));
}

/** `cause`: event, content or ours. `issue`: the first error. */
export type ListedHold = {
  messageId: string;
  system: string;
  identifier: string;
  receivedAt: Date;
  status: string;
  cause: string;
  issue: Issue | null;
};

/** What waits, of one system or of all; newest first, at most 1,000. */
export async function listHeld(db: Db, system: string | null): Promise<ListedHold[]> {
  const { rows } = await db.query<ListedHold>(
    `select i.message_id::text as "messageId", s.name as system, i.identifier, i.received_at as "receivedAt",
      i.status, skein_hold(i.status, i.units) as cause,
      (select e from jsonb_array_elements(i.units) u, jsonb_array_elements(u -> 'issues') e
        where e ->> 'severity' = 'error' limit 1) as issue
    from intake i join system s on s.id = i.system_id
    where (i.status in ('held', 'failed') or i.units @> '[{"status": "held"}]' or i.units @> '[{"status": "failed"}]')
      and ($1::text is null or s.name = $1) order by i.message_id desc limit 1000`,
    [system],
  );
  return rows;
}

export type StoredMessage = {
  messageId: string;
  system: string;
  identifier: string;
  channel: string;
  source: string;
  receivedAt: Date;
  /** Null where another message has its id since: a correction, or a conflict. */
  status: string | null;
  units: Answer['units'] | null;
  /** Mappings that made a record of it, in order. */
  mappings: string[];
};

/** What is kept of one message, by its row. */
export async function findMessage(db: Db, id: string): Promise<StoredMessage | null> {
  const { rows } = await db.query<StoredMessage>(
    `select m.id::text as "messageId", s.name as system, m.identifier, m.channel, m.source,
      m.received_at as "receivedAt", i.status, i.units,
      array(select r.mapping from record r where r.message_id = m.id order by r.id) as mappings
    from message m join system s on s.id = m.system_id left join intake i on i.message_id = m.id where m.id = $1`,
    [id],
  );
  return rows[0] ?? null;
}

/** An event is never older than the message that made it. */
const CONCERNED = `
select distinct person from event e cross join lateral jsonb_array_elements_text(e.event -> 'persons') person
where e.at >= $1 and e.event -> 'message' ->> 'id' = $2 order by person`;

/** The persons of whom one message changed something that is told: known for as long as events are. */
export async function findConcerned(
  db: Db,
  { messageId, receivedAt }: Pick<StoredMessage, 'messageId' | 'receivedAt'>,
): Promise<string[]> {
  const { rows } = await db.query<{ person: string }>(CONCERNED, [receivedAt, messageId]);
  return rows.map(({ person }) => person);
}

/** Rows of messages older than `before`, newest first. */
export async function messageIds(db: Db, before: string | null, limit: number): Promise<string[]> {
  const sql = `select id::text as id from message where $1::bigint is null or id < $1 order by message.id desc limit $2`;
  const { rows } = await db.query<{ id: string }>(sql, [before, limit]);
  return rows.map(({ id }) => id);
}

/** One more message that the rule of a system left out. */
export async function countIgnored(db: Db, systemId: number, rule: string): Promise<void> {
  const sql = `insert into ignored (system_id, event, n) values ($1, $2, 1)
    on conflict (system_id, event) do update set n = ignored.n + 1, last_at = now()`;
  await db.query(sql, [systemId, rule]);
}

/** The charts that carry any of these numbers (keyed hashes). */
export async function chartsWith(db: Db, numbers: string[]): Promise<string[]> {
  const sql =
    'select distinct chart from statement where ref = any($1::uuid[]) or (aliases && $1::uuid[] and aliases is not null)';
  const { rows } = await db.query<{ chart: string }>(sql, [numbers]);
  return rows.map(({ chart }) => chart);
}

/** Every patient's chart, first seen first. */
export async function allCharts(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ key: string }>(
    "select key from statement where type = 'Patient' order by seq",
  );
  return rows.map(({ key }) => key);
}

/** Charts of families that time has changed, longest due first. */
export async function findDue(db: Db, at: Date, limit: number): Promise<string[]> {
  const sql = 'select owner from due where at <= $1 order by at limit $2';
  const { rows } = await db.query<{ owner: string }>(sql, [at, limit]);
  return rows.map(({ owner }) => owner);
}

/** It was computed again; where that made it due later, it stays. */
export async function settleDue(db: Db, owner: string, at: Date): Promise<void> {
  await db.query('delete from due where owner = $1 and at <= $2', [owner, at]);
}

/** `cause`: event, content or ours, as metrics name it; `since`: of the oldest. */
export type HeldCount = { system: string; status: string; cause: string; count: number; since: Date };

const COUNT_HELD = `
select y.name as system, i.status, skein_hold(i.status, i.units) as cause, count(*)::int as count,
  min(i.received_at) as since
from intake i join system y on y.id = i.system_id where i.status in ('held', 'failed') group by 1, 2, 3 order by 5`;

/** What waits for somebody, by system and cause, the longest first. */
export async function countHeld(db: Db): Promise<HeldCount[]> {
  return (await db.query<HeldCount>(COUNT_HELD)).rows;
}

export type MessageCounts = { lastHour: number; lastDay: number; newestAt: Date | null };

const COUNT_MESSAGES = `
select count(*) filter (where received_at > now() - interval '1 hour')::int as "lastHour",
  count(*)::int as "lastDay", (select received_at from message order by id desc limit 1) as "newestAt"
from message where received_at > now() - interval '1 day'`;

/** How many were received. */
export async function countMessages(db: Db): Promise<MessageCounts> {
  return (await db.query<MessageCounts>(COUNT_MESSAGES)).rows[0] as MessageCounts;
}
