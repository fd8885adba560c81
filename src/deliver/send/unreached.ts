/** Referrals whose named receiver is not reached: their referrers are told, and operators see how many. */
import type { Context } from '../../context.ts';
import { bankHolidaysAround } from '../../fhir/bank-holidays.ts';
import { unreachedReferrals } from '../../observe/metrics.ts';
import type { Db } from '../../store/pool.ts';
import { storeTime } from '../../store/store-time.ts';

/** $2: the bank holidays around now. */
const isWorked = (day: string): string => `extract(isodow from ${day}) < 6 and ${day} <> all($2::date[])`;
const nextWorked = (day: string): string =>
  `(select min(d)::date from generate_series(${day} + 1, ${day} + 14, interval '1 day') d where ${isWorked('d::date')})`;
// The same time of the next working day; what begins on another day begins with the next working one.
const WORKING_DAY = `(${nextWorked('begun::date')} + begun::time) at time zone 'Europe/London'`;
const BEGUN = `case when ${isWorked('local::date')} then local else ${nextWorked('local::date')}::timestamp end`;

// Of a service that fails, what it was not told of: that a referral names it. Not where another subscription
// of that service has it, nor where the referral was taken back, or answered without any notification: then
// the care that waited is open since, or is not there any more.
const UNREACHED = `
with waiting as materialized (
  select y.service_id as receiver, s.failing_since, e.id, e.event, e.event ? 'urgent' as urgent,
    (e.event -> 'focus' ->> 'id')::uuid as referral, greatest(e.at, s.failing_since) as since, e.at
  from subscription s join system y on y.id = s.system_id
    cross join lateral (
      select event_id from pending p where p.subscription_id = s.id
      union all select event_id from notification n
       where n.subscription_id = s.id and n.number > s.delivered_number and not n.withheld) w
    join event e on e.id = w.event_id
   where s.failing_since is not null and s.deleted_at is null
     and (s.status in ('active', 'error') or s.status = 'off' and s.waits_until > now())
     and e.event ->> 'code' = 'referral-received'),
late as (
  select *, case when urgent then since + interval '1 hour' else ${WORKING_DAY} end as due
  from (select *, ${BEGUN} as begun from (select *, since at time zone 'Europe/London' as local from waiting) l) w),
unreached as (
  select distinct on (l.referral, l.receiver) l.* from late l
    join resource r on r.id = l.referral and r.type = 'ServiceRequest' and r.service = l.receiver
    join involvement i on i.person = r.persons[1] and i.service = l.receiver
     and (i.state = 'pending' or i.state = 'open' and i.since < l.at)
   where l.due <= $1 and r.state is distinct from 'revoked' and r.state is distinct from 'entered-in-error'
     and not exists (select from subscription o join system z on z.id = o.system_id
       join told t on t.id = l.referral and t.type = 'ServiceRequest' and t.subscription_id = o.id
       where z.service_id = l.receiver and o.status = 'active' and o.attempts = 0)
   order by l.referral, l.receiver, l.failing_since)`;

const WARN = `${UNREACHED},
kept as (
  insert into unreached (referral, receiver, failing_since) select referral, receiver, failing_since from unreached
  on conflict do nothing returning referral, receiver),
warned as (
  select u.*, (select jsonb_agg(service) from jsonb_array_elements_text(u.event -> 'services') as s (service)
    where service <> u.receiver::text) as referrers from unreached u join kept using (referral, receiver)),
told as (
  insert into outbox (event) select event - 'urgent' || jsonb_build_object('code', 'referral-undelivered', 'to', referrers)
    from warned where referrers is not null)
select referral, receiver as service, urgent from warned`;

const FORGET = `delete from unreached where told_at < now() - interval '90 days'`;

/**
 * Tells the referrer of each once for each outage, by an event to its service alone. `at`: now. Safe to
 * repeat, and at once from several workers.
 */
export async function warnReferrers({ db, log }: Context, at = new Date(storeTime())): Promise<void> {
  await db.query(FORGET);
  const { rows } = await db.query<{ service: string; urgent: boolean }>(WARN, [at, bankHolidaysAround(at)]);
  for (const { service, urgent } of rows)
    log.warn(
      { event: 'referral.unreached', service, kind: urgent ? 'urgent' : 'routine' },
      'its referrer is told',
    );
  unreachedReferrals.set((await findUnreached(db, at)).reduce((sum, { n }) => sum + n, 0));
}

type OfReceiver = { service: string; n: number; oldest: Date };
const COUNT = `${UNREACHED}
select v.ods || '|' || v.team as service, count(*)::int as n, min(u.at) as oldest
from unreached u join service v on v.id = u.receiver group by 1 order by oldest`;

async function findUnreached(db: Db, at: Date): Promise<OfReceiver[]> {
  return (await db.query<OfReceiver>(COUNT, [at, bankHolidaysAround(at)])).rows;
}

/** A line for each receiver, for operators alone. */
export async function describeUnreached(db: Db, at = new Date(storeTime())): Promise<string[]> {
  return (await findUnreached(db, at)).map(
    ({ service, n, oldest }) =>
      `${n} referrals to ${service} did not reach it, the oldest of ${oldest.toISOString()}: their referrers are told`,
  );
}
