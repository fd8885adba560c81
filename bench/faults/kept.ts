/** Is what was acknowledged there once, byte for byte, with all that comes of it and nothing else? */
import type { Pool } from 'pg';
import type { Stage } from './stage.ts';

const STORED = `
select i.identifier, i.status, count(distinct m.id)::int as messages, count(distinct r.id)::int as records,
  count(distinct p.row_id)::int as linked, min(encode(sha256(m.body), 'hex')) as digest
from intake i join message m on m.id = i.message_id left join record r on r.message_id = m.id
left join resource p on p.record_id = r.id group by 1, 2`;
// What was refused is kept each time that it comes.
const TWICE = `
select count(*)::int as n from (select from intake i join message m using (system_id, identifier, content_hash)
  where i.status = 'accepted' group by system_id, identifier having count(*) > 1) more`;
/** What is only there together: of a message that is not, nothing is. */
const TORN: Record<string, string> = {
  'a record without its message':
    'select count(*)::int as n from record r where not exists (select from message m where m.id = r.message_id)',
  'a message that nothing became of': `select count(*)::int as n from message m where not exists (
    select from intake i where i.system_id = m.system_id and i.identifier = m.identifier)`,
  'an accepted message without a record': `select count(*)::int as n from intake i where i.status = 'accepted'
    and not exists (select from record r where r.message_id = i.message_id)`,
  'a view without its record': `select count(*)::int as n from resource v where v.record_id is not null
    and not exists (select from record r where r.id = v.record_id)`,
  'an event of no view': `select count(*)::int as n from event e where e.event -> 'focus' ->> 'id' is not null
    and not exists (select from resource v where v.id = (e.event -> 'focus' ->> 'id')::uuid)`,
};
const PERSONS = `
select count(*)::int as n from resource where type = 'Patient' and (content ->> 'active') is distinct from 'false'`;

type Stored = {
  identifier: string;
  status: string;
  messages: number;
  records: number;
  linked: number;
  digest: string;
};
/** `acknowledged`: how many; `missing`: those not kept exactly once as they were sent; `torn`: halves. */
export type Kept = {
  acknowledged: number;
  missing: string[];
  torn: string[];
  twice: number;
  persons: number;
};

export async function checkKept({ db, senders, never }: Stage): Promise<Kept> {
  const { pool } = db;
  const { rows } = await pool.query<Stored>(STORED);
  const stored = new Map(rows.map((row) => [row.identifier, row]));
  const sent = new Map([
    ...senders.acknowledged.map(({ identifier, digest }) => [identifier, digest] as const),
    ...senders.admissions,
  ]);
  const missing = [...sent].filter(([identifier, digest]) => !isWhole(stored.get(identifier), digest));
  const torn = await Promise.all(
    Object.entries(TORN).map(async ([what, sql]) => ({ what, n: await count(pool, sql) })),
  );
  const people = new Set(senders.acknowledged.map(({ person }) => person)).size + senders.admissions.size;
  return {
    acknowledged: sent.size,
    missing: missing.map(([id]) => `not stored whole: ${id} ${JSON.stringify(stored.get(id))}`),
    torn: [
      ...torn.filter(({ n }) => n > 0).map(({ what, n }) => `${n} times ${what}`),
      ...never.filter((id) => stored.has(id)).map((id) => `kept, though it never came whole: ${id}`),
    ],
    twice: await count(pool, TWICE),
    persons: (await count(pool, PERSONS)) - people,
  };
}

const isWhole = (row: Stored | undefined, digest: string) =>
  row?.status === 'accepted' &&
  row.messages === 1 &&
  row.records === 1 &&
  row.linked > 0 &&
  row.digest === digest;

async function count(pool: Pool, sql: string): Promise<number> {
  return (await pool.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
}
