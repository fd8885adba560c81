/** SQL of erasing a person: what is looked through, and what goes. All of it in one transaction. */
import type { Context } from '../context.ts';
import type { Message } from '../model.ts';
import type { IdentifiedStatement } from '../store/facts.ts';
import type { Db } from '../store/pool.ts';
import { openBody, type StoredBody } from './body.ts';

export type RecordRow = {
  id: string;
  createdAt: Date;
  messageId: string;
  statements: IdentifiedStatement[];
};

// No index says whom records speak of: each is read once, without a lock that anybody waits for.
const RECORDS = `select r.id::text as id, r.created_at as "createdAt", r.message_id::text as "messageId", r.statements
  from record r where r.created_at >= $2 and exists (
    select from jsonb_array_elements(r.statements) s
     where s ->> 'chart' = any($1::text[]) or s ->> 'key' = any($1::text[]) or s ->> 'ref' = any($1::text[]))`;

/** Records since then that speak of any of these keys. */
export async function recordsOf(db: Db, keys: string[], since: Date): Promise<RecordRow[]> {
  return (await db.query<RecordRow>(RECORDS, [keys, since])).rows;
}

type Unread = StoredBody & Pick<Message, 'contentHash'> & { id: string };

// Of messages that made no record, or not of all of their rows: only the body says whom they speak of.
const UNREAD = `select m.id::text as id, m.body, m.body_key as "bodyKey", m.content_hash as "contentHash" from message m
  where m.body is not null and m.received_at >= $1 and m.id > $2 and (
    not exists (select from record r where r.message_id = m.id)
    or exists (select from intake i where i.system_id = m.system_id and i.identifier = m.identifier
      and i.message_id = m.id and i.units <> '[]' and not i.units @> '[{"status": "accepted"}]'
      or i.units @> '[{"status": "held"}]' or i.units @> '[{"status": "failed"}]'))
  order by m.id limit 20`;

/** Ids of such messages since then whose body the test holds for. */
export async function unreadOf(
  { db, key }: Pick<Context, 'key'> & { db: Db },
  since: Date,
  isOf: (body: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for (let after = '0'; ; ) {
    const { rows } = await db.query<Unread>(UNREAD, [since, after]);
    const last = rows.at(-1);
    if (!last) return found;
    after = last.id;
    for (const one of rows) if (isOf(openBody(key, one).toString('latin1'))) found.push(one.id);
  }
}

export type Erasing = {
  /** The id of the person, those that led to it, and the charts: all the same kind of key. */
  ids: string[];
  keys: string[];
  statements: { key: string; content: object }[];
  records: { id: string; createdAt: Date; statements: object[] }[];
  messages: string[];
  views: string[];
  texts: string[];
  names: { family: string; given: string }[];
};

// What one statement says is left to be read by others stays under its key; of a message that was not wholly
// taken, what was not can be taken no more.
const ERASE = [
  `delete from statement where key = any($keys) or chart = any($ids)`,
  `update statement s set content = x.content from jsonb_to_recordset($statements) as x (key uuid, content jsonb)
    where s.key = x.key`,
  `update record r set statements = x.statements,
     lineage = case when x.statements = '[]' then '[]' else r.lineage end
     from jsonb_to_recordset($records) as x (id bigint, "createdAt" timestamptz, statements jsonb)
    where r.id = x.id and r.created_at between x."createdAt" - interval '1 second' and x."createdAt" + interval '1 second'`,
  `update message set body = null, body_key = null where id = any($messages)`,
  `update intake set status = case when status = 'accepted' then status else 'rejected' end, units = (
     select coalesce(jsonb_agg(u || jsonb_build_object('issues', '[]'::jsonb, 'status',
       case when u ->> 'status' = 'accepted' then 'accepted' else 'rejected' end)), '[{"position": "", "status": "rejected", "issues": []}]')
       from jsonb_array_elements(units) u)
    where message_id = any($messages)`,
  `delete from assertion where a = any($ids) or b = any($ids)`,
  `delete from trace where chart = any($ids)`,
  `delete from due where owner = any($ids)`,
  `delete from set_aside where chart = any($ids)`,
  `delete from deferral where one = any($ids) or other = any($ids)`,
  `update glass set reason = 'erased' where person = any($ids)`,
  `update notification n set withheld = true, resources = null from event e
    where n.resources is not null and e.id = n.event_id and (e.event -> 'persons' ?| $ids::text[]
      or e.event #>> '{focus,id}' = any($views::text[]))`,
  `delete from resource_history where id = any($views) and (persons && $ids
    or exists (select from unnest($texts) t where position(t in lower(content::text)) > 0)
    or exists (select from jsonb_to_recordset($names) as n (family text, given text)
      where position(concat('"', n.family, '"') in lower(content::text)) > 0
        and position(concat('"', n.given, '"') in lower(content::text)) > 0))`,
];
const TYPES: Record<keyof Erasing, string> = {
  ids: 'uuid[]',
  keys: 'uuid[]',
  statements: 'jsonb',
  records: 'jsonb',
  messages: 'bigint[]',
  views: 'uuid[]',
  texts: 'text[]',
  names: 'jsonb',
};

export async function eraseRows(db: Db, erasing: Erasing): Promise<void> {
  for (const sql of ERASE) {
    const values: unknown[] = [];
    const text = sql.replace(/\$(\w+)/g, (_, name: keyof Erasing) => {
      const value = erasing[name];
      values.push(TYPES[name] === 'jsonb' ? JSON.stringify(value) : value);
      return `$${values.length}::${TYPES[name]}`;
    });
    await db.query(text, values);
  }
}

export type ErasureFact = {
  person: string;
  charts: string[];
  reason: string;
  by: string;
  approvedBy: string;
};

const KEEP = `insert into erasure (id, at, person, charts, reason, by_name, approved_by)
  values (coalesce($1, gen_random_uuid()), coalesce($2, now()), $3, $4, $5, $6, $7)`;

/** `id` and `at`: of one that a ledger tells of. */
export async function keepErasure(db: Db, fact: ErasureFact & { id?: string; at?: string }): Promise<void> {
  const { id = null, at = null, person, charts, reason, by, approvedBy } = fact;
  await db.query(KEEP, [id, at, person, charts, reason, by, approvedBy]);
}

/** Whether a safety hold is in force of any of these. */
export async function isHeld(db: Db, ids: string[]): Promise<boolean> {
  const sql = 'select from member where held and person = any($1::uuid[])';
  return ((await db.query(sql, [ids])).rowCount ?? 0) > 0;
}
