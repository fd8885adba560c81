/** What nobody is told of, which is matched otherwise (rechecks.ts). */
export const IS_RECHECK = `event ->> 'code' = 'recheck'`;

/** Ahead of everything else, in their own order: what a retraction takes back comes before it. */
const FIRST = `'contact-stop', 'loss', 'loss-retracted'`;
/** Of these a subscription is told at once, whatever wait its failures have earned it. */
const URGENT = `'contact-stop', 'loss'`;

/**
 * One statement: takes the oldest visible outbox rows, keeps them as events, matches them to subscriptions
 * through the filter index, appends what is pending and marks those subscriptions due. $1 low-water bound, $2
 * limit. Subscriptions are locked in id order, as everywhere, so that two writers never wait for each other
 * in a circle.
 */
export const PUBLISH = `
with taken as (
  delete from outbox where id in (
    select id from outbox where id > $1 and not ${IS_RECHECK} order by id limit $2) returning id, at, event),
kept as (insert into event (id, at, event) select id, at, event from taken),
facet as (
  select id, 'event' as kind, event ->> 'code' as value from taken
  union all select id, 'journey', event ->> 'journey' from taken
  union all select id, 'stage', event ->> 'stage' from taken
  union all select id, 'patient', jsonb_array_elements_text(event -> 'persons') from taken
  union all select id, 'service', jsonb_array_elements_text(event -> 'services') from taken),
hit as (
  select f.subscription_id, facet.id, count(distinct f.clause) as clauses
    from facet join subscription_filter f on f.kind = facet.kind and f.value = facet.value group by 1, 2),
candidate as (
  select s.id as subscription_id, hit.id, s.encounters from hit join subscription s on s.id =
    hit.subscription_id
   where s.clauses = hit.clauses and s.status <> 'off' and (s.ends_at is null or s.ends_at > now())
  union all
  select s.id, taken.id, s.encounters from subscription s cross join taken
   where s.clauses = 0 and s.status <> 'off' and (s.ends_at is null or s.ends_at > now())),
appended as (
  insert into pending (subscription_id, priority, event_id)
  select c.subscription_id, case when t.event ->> 'code' in (${FIRST}) then 0 else 1 end, t.id
    from candidate c join taken t on t.id = c.id
   where c.encounters or t.event ->> 'code' <> 'encounter' returning subscription_id, event_id),
urgent as (
  select distinct a.subscription_id as id from appended a join taken t on t.id = a.event_id
   where t.event ->> 'code' in (${URGENT})),
locked as (
  select id from subscription where id in (select subscription_id from appended) order by id for no key
    update),
marked as (
  update subscription s set due_at = now(),
    urgent_at = case when u.id is null then s.urgent_at else now() end,
    soon_at = case when u.id is null then s.soon_at else now() end
    from locked left join urgent u on u.id = locked.id where s.id = locked.id)
select (select count(*)::int from taken) as taken, (select count(*)::int from appended) as appended,
  (select min(at) from taken) as oldest, exists (select from outbox where id > $1 and ${IS_RECHECK}) as
    rechecks`;
