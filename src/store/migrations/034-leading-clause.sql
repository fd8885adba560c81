-- A subscription with several filters is found by one of them, the one that the fewest events fit: what leads. The others are
-- asked only of what was found so. A clause that many share, such as event=episode-started, then costs an event nothing of those
-- whose other clause is of somebody else.
alter table subscription_filter add column leads boolean not null default true;
create index subscription_filter_leads on subscription_filter (kind, value) include (subscription_id) where leads;

-- Chooses what leads of these subscriptions (null: of all): by how many of the last 1,000 events fit its values; a person or a
-- journey is rarer than any service, event or stage. Changes only what is to lead and does not, or the other way round.
create function skein_choose_leads(of uuid[]) returns void language sql as $$
  with recent as (select event from event order by id desc limit 1000),
  seen as (
    select 'event' as kind, event ->> 'code' as value from recent
    union all select 'stage', event ->> 'stage' from recent
    union all select 'service', jsonb_array_elements_text(event -> 'services') from recent),
  often as (select kind, value, count(*) as n from seen group by 1, 2),
  weighed as (
    select f.subscription_id, f.clause, sum(coalesce(o.n, 0)) as n, count(*) as choices,
      min(array_position(array['patient', 'journey', 'service', 'event', 'stage'], f.kind)) as place
      from subscription_filter f left join often o using (kind, value)
     where of is null or f.subscription_id = any(of) group by 1, 2),
  best as (
    select distinct on (subscription_id) subscription_id, clause from weighed
     order by subscription_id, n, place, choices, clause)
  update subscription_filter f set leads = (f.clause = best.clause) from best
   where f.subscription_id = best.subscription_id and f.leads <> (f.clause = best.clause)
$$;

create function skein_leads() returns trigger language plpgsql as $$
begin
  perform skein_choose_leads(array(select distinct subscription_id from fresh));
  return null;
end $$;
create trigger leads after insert on subscription_filter referencing new table as fresh
  for each statement execute function skein_leads();
select skein_choose_leads(null);
