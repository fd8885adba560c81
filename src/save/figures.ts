/** SQL of what whoever runs Skein sees drawn: counts and times, of nobody. */
import type { Db } from '../store/pool.ts';

/** Of one hour. `other`: failed or rejected. */
export type IntakeHour = { hour: Date; accepted: number; held: number; other: number };
/** Seconds from numbering to the answer, of what was answered well in that hour; null where nothing was. */
export type DelayHour = { hour: Date; median: number | null; p95: number | null };
export type StageCount = { stage: string; count: number };

const HOURS = `select generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()),
  interval '1 hour') as hour`;
const MOST_MESSAGES = 200_000;
const MOST_JOURNEYS = 100_000;

const INTAKE = `
with hours as (${HOURS}), taken as (
  select date_trunc('hour', i.received_at) as hour, i.status from intake i
   where i.message_id > (select max(id) - ${MOST_MESSAGES} from message) and i.received_at > now() - interval '24 hours')
select h.hour, count(*) filter (where t.status = 'accepted')::int as accepted,
  count(*) filter (where t.status = 'held')::int as held,
  count(*) filter (where t.status in ('failed', 'rejected'))::int as other
from hours h left join taken t using (hour) group by 1 order by 1`;

const DELAYS = `
with hours as (${HOURS}), told as (
  select date_trunc('hour', t.settled_at) as hour, extract(epoch from t.settled_at - n.numbered_at)::float8 as seconds
    from attempt t join notification n on n.subscription_id = t.subscription_id and n.number = t.last_number
   where t.at > now() - interval '24 hours' and t.kind = 'event-notification' and t.status between 200 and 299)
select h.hour, percentile_cont(0.5) within group (order by t.seconds) as median,
  percentile_cont(0.95) within group (order by t.seconds) as p95
from hours h left join told t using (hour) group by 1 order by 1`;

const STAGES = `
with journeys as (select content from resource where type = 'Group' and state <> 'gone' limit ${MOST_JOURNEYS})
select c #>> '{valueCodeableConcept,coding,0,code}' as stage, count(*)::int as count
from journeys cross join lateral jsonb_array_elements(content -> 'characteristic') c
where coalesce(c #>> '{period,start}', '') <= $1 and coalesce(c #>> '{period,end}', '9999') > $1
group by 1 order by 2 desc`;

export const readIntakeHours = async (db: Db): Promise<IntakeHour[]> =>
  (await db.query<IntakeHour>(INTAKE)).rows;
export const readDelayHours = async (db: Db): Promise<DelayHour[]> =>
  (await db.query<DelayHour>(DELAYS)).rows;
/** `today`: a date. Of the first 100,000 journeys. */
export const readStages = async (db: Db, today: string): Promise<StageCount[]> =>
  (await db.query<StageCount>(STAGES, [today])).rows;
