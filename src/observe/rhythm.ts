/** Which senders are silent for longer than is usual for them, by the hours of their last eight weeks. */
import type { Db } from '../store/pool.ts';

const WEEKS = 8;
/** Nobody has a rhythm before. */
const LEAST_WEEKS = 2;
/** Messages looked at in one go; at the first time of a store the newest of them. */
const MOST = 100_000;

const NOTE = `
with place as (
  select coalesce((select value::bigint from setting where name = 'heard'),
    (select max(id) - ${MOST} from message)) as after),
taken as (select id, system_id, received_at from message where id > (select after from place) order by id limit ${MOST}),
noted as (
  insert into heard (system_id, hour) select distinct system_id, date_trunc('hour', received_at) from taken where system_id is not null
  on conflict do nothing),
forgotten as (delete from heard where hour < now() - interval '${WEEKS + 1} weeks')
insert into setting (name, value) select 'heard', max(id)::text from taken having max(id) is not null
on conflict (name) do update set value = excluded.value`;

/** Notes the hours in which systems were heard since the last time. Safe to repeat, from several workers. */
export async function noteHeard(db: Db): Promise<void> {
  await db.query(NOTE);
}

// Since it was last heard: hours that had a message, in the same time of each week before, on average.
const SILENT = `
with known as (
  select h.system_id, v.registered, s.name, max(h.hour) as last,
    least(${WEEKS}, floor(extract(epoch from $1 - min(h.hour)) / 604800)) as weeks
  from heard h join system s on s.id = h.system_id join service v on v.id = s.service_id
  where s.disabled_at is null and not s.for_pages group by 1, 2, 3)
select k.name as system, extract(epoch from $1 - k.last - interval '1 hour')::float8 as seconds,
  (select count(*)::float8 / k.weeks from generate_series(1, k.weeks::int) as week join heard h on h.system_id = k.system_id
    and h.hour > k.last - week * interval '7 days'
    and h.hour <= $1 - week * interval '7 days' - interval '1 hour') as missed
from known k where k.registered and k.weeks >= ${LEAST_WEEKS}`;

/**
 * `missed`: hours in which it would have been heard by its own rhythm, whole ones, since it last was;
 * `seconds` since the end of that hour.
 */
export type Silence = { system: string; seconds: number; missed: number };

/** Of registered systems that have been heard for two weeks. `at`: now. */
export async function readSilence(db: Db, at = new Date()): Promise<Silence[]> {
  return (await db.query<Silence>(SILENT, [at])).rows;
}
