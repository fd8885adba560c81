/** What nobody is told of, which is matched otherwise (rechecks.ts). */
export const IS_RECHECK = `event ->> 'code' = 'recheck'`;

/** Ahead of everything else, in their own order: what a retraction takes back comes before it. */
const FIRST = `'contact-stop', 'loss', 'loss-retracted'`;
/** Of these a subscription is told at once, whatever wait its failures have earned it. */
const URGENT = `'contact-stop', 'loss'`;

/**
 * One statement: takes the oldest visible outbox rows, keeps them as events, matches them to subscriptions
 * through the filter index, appends what is pending and marks those subscriptions due. A subscription is
 * found by the filter that leads (`hit`), then asked about all of them (`held`); `looked`: how many were
 * found so. `offset 0` keeps these to index lookups, whose cost does not grow with the subscriptions there
 * are. $1 low-water bound, $2 limit. Subscriptions are locked in id order, as everywhere, so that two writers
 * never wait for each other in a circle.
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
  select distinct f.subscription_id, facet.id from facet cross join lateral (
    select subscription_id from subscription_filter
     where leads and kind = facet.kind and value = facet.value offset 0) f),
held as (
  select hit.subscription_id, hit.id, count(distinct f.clause) as clauses from hit cross join lateral (
    select clause, kind, value from subscription_filter where subscription_id = hit.subscription_id offset 0) f
    join facet on facet.id = hit.id and facet.kind = f.kind and facet.value = f.value group by 1, 2),
candidate as (
  select s.id as subscription_id, held.id, s.encounters from held cross join lateral (
    select * from subscription where id = held.subscription_id offset 0) s
   where s.clauses = held.clauses and s.status <> 'off' and (s.ends_at is null or s.ends_at > now())
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
  select id from subscription where id = any(array(select distinct subscription_id from appended)) order by id
    for no key update),
marked as (
  update subscription set due_at = now(),
    urgent_at = case when id = any(array(select id from urgent)) then now() else urgent_at end,
    soon_at = case when id = any(array(select id from urgent)) then now() else soon_at end
    where id = any(array(select id from locked)))
select (select count(*)::int from taken) as taken, (select count(*)::int from appended) as appended,
  (select count(*)::int from hit) as looked,
  (select min(at) from taken) as oldest,
  array(select distinct event ->> 'trace' from taken where event ? 'trace') as traces, exists (select from outbox where id > $1 and ${IS_RECHECK}) as
    rechecks`;

/**
 * Which of its filters leads of each, by what the last events had (034-leading-clause.sql). One that its
 * owner is changing at this moment is left to that change: whoever changes filters holds its subscription.
 */
export const CHOOSE_LEADS = `
select skein_choose_leads(array(select id from (
  select id from subscription where clauses > 1 and status <> 'off' order by id for no key update skip locked) s))`;
