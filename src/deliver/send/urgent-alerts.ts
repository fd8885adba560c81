/** Contact-stops and losses that reach nobody, for people who can ring the service on duty. */
import type { Context } from '../../context.ts';
import type { Db } from '../../store/pool.ts';

/** Not delivered for so long. */
const LATE_MINUTES = 15;
/** A service that nothing takes these for is shown so long. */
const SHOWN_DAYS = 7;

/**
 * One that reached nobody: it is not delivered, or its service has no active subscription that takes it.
 */
type Unheard = {
  eventId: string;
  code: string;
  cause: Cause;
  service: string | null;
  subscription: string | null;
};
type Cause = 'not-delivered' | 'no-subscription';
/** For people: whom to ring about it. */
type Unreached = {
  code: string;
  cause: Cause;
  service: string | null;
  system: string | null;
  at: Date;
  phone: string | null;
  hours: string | null;
};

const CODES = `('contact-stop', 'loss')`;

// Pending, or numbered and not acknowledged.
const UNDELIVERED = `
select e.id, e.at, e.event ->> 'code' as code, s.id as subscription, y.service_id as service, y.name as system
  from subscription s left join system y on y.id = s.system_id
  cross join lateral (
    select event_id from pending p where p.subscription_id = s.id and p.priority = 0
    union all select event_id from notification n
     where n.subscription_id = s.id and n.number > s.delivered_number and not n.withheld) w
  join event e on e.id = w.event_id
 where s.urgent_at is not null and (s.status <> 'off' or s.waits_until > now()) and e.event ->> 'code' in ${CODES}
   and e.at < now() - interval '${LATE_MINUTES} minutes'`;

// Of those who are to be told (to): without an active subscription whose filters let it through, now or then.
// What is told as a contact or care of its own is kept under another id, with the same time.
const UNTAKEN = `
select e.id, e.at, e.event ->> 'code' as code, v.id as service
  from event e cross join lateral jsonb_array_elements_text(e.event -> 'to') as t (id) join service v on v.id = t.id::uuid
 where e.at > now() - interval '${SHOWN_DAYS} days' and e.event ->> 'code' in ${CODES}
   and not exists (select from subscription s join system y on y.id = s.system_id
     where y.service_id = v.id and s.status = 'active'
       and not exists (select from subscription_filter f where f.subscription_id = s.id and f.kind = 'event'
         group by f.clause having not bool_or(f.value = e.event ->> 'code')))
   and not exists (select from subscription s join system y on y.id = s.system_id
     join notification n on n.subscription_id = s.id and n.number <= s.delivered_number join event o on o.id = n.event_id
     where y.service_id = v.id and o.at = e.at and o.event ->> 'code' = e.event ->> 'code')`;

const RAISE = `
with found as (
  select id, code, 'not-delivered' as cause, service, subscription from (${UNDELIVERED}) d
  union all select id, code, 'no-subscription', service, null from (${UNTAKEN}) u),
raised as (
  insert into urgent_alert (event_id, service, subscription_id) select distinct id, service, subscription from found
  on conflict do nothing returning event_id, service, subscription_id)
select r.event_id as "eventId", f.code, f.cause, r.service, r.subscription_id as subscription
  from raised r join found f on f.id = r.event_id and f.service is not distinct from r.service
    and f.subscription is not distinct from r.subscription_id`;

const FORGET = `delete from urgent_alert where raised_at < now() - interval '90 days'`;

/** Logs each once, in whichever process finds it. Safe to repeat. */
export async function alertUnheard({ db, log }: Context): Promise<void> {
  await db.query(FORGET);
  const { rows } = await db.query<Unheard>(RAISE);
  for (const { eventId, code, cause, service, subscription } of rows)
    log.error(
      { event: 'urgent.unheard', eventId, code, cause, service, subscription },
      'told to nobody yet: see skein doctor',
    );
}

const COUNT = `
select 'not-delivered' as cause, count(*)::int as n from (${UNDELIVERED}) d
union all select 'no-subscription', count(*)::int from (${UNTAKEN}) u`;

/** How many reach nobody now, by cause. */
export async function countUnheard(db: Db): Promise<Record<Cause, number>> {
  const { rows } = await db.query<{ cause: Cause; n: number }>(COUNT);
  const counts = { 'not-delivered': 0, 'no-subscription': 0 };
  for (const { cause, n } of rows) counts[cause] = n;
  return counts;
}

const LIST = `
select u.code, u.cause, v.name as service, u.system, u.at, d.phone, d.hours from (
  select code, 'not-delivered' as cause, service, system, at from (${UNDELIVERED}) d
  union all select code, 'no-subscription', service, null, at from (${UNTAKEN}) u) u
left join service v on v.id = u.service left join duty_contact d on d.service = u.service
order by u.at limit 100`;

/** A line for each, with how its service is reached: for operators alone. */
export async function describeUnheard(db: Db): Promise<string[]> {
  const { rows } = await db.query<Unreached>(LIST);
  return rows.map(({ code, cause, service, system, at, phone, hours }) => {
    const who = service ?? system ?? 'the operator';
    const why = cause === 'not-delivered' ? 'is not delivered' : 'has no active subscription to go to';
    const ring = phone ? `ring ${phone} (${hours})` : 'no duty contact is known: skein service set';
    return `${code} of ${at.toISOString()} for ${who} ${why}: ${ring}`;
  });
}

/** For /health/ready: how many, and nobody's name. */
export async function noticeUnheard(db: Db): Promise<string[]> {
  const counts = await countUnheard(db);
  const n = counts['not-delivered'] + counts['no-subscription'];
  return n > 0 ? [`${n} of contact-stop or loss reached nobody: skein doctor says whom to ring`] : [];
}
