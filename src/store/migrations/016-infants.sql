-- Charts of infants share a key made of number and birth date, verified or not: a loss holds contacts with whoever may be that
-- infant. Any key that too many charts share (a placeholder) is followed no further, not a number's alone.
create or replace function skein_closure(wanted uuid[], ceiling int, out keys uuid[], out busy boolean, out crowded uuid)
language plpgsql as $$
declare found uuid[]; item_key uuid; followed uuid[];
begin
  busy := false;
  perform pg_advisory_xact_lock(h) from (select distinct skein_lock_key(k) as h from unnest(wanted) k order by h) ordered;
  keys := wanted;
  loop
    followed := array(select k from unnest(keys) k where not exists (select from tainted t where t.key = k));
    select array_agg(distinct k) into found from (
      select s.chart as k from statement s where s.key = any(keys)
      union select s.chart from statement s where s.ref = any(followed)
        and not exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref)
      union select s.chart from statement s where s.aliases && followed and s.aliases is not null
        and not exists (select from tainted t where t.key = s.ref)
      union select unnest(s.aliases || case when not exists (
        select from set_aside a where a.chart = s.chart and a.ref = s.ref) then s.ref end)
        from statement s where s.chart = any(keys) and (s.ref is not null or s.aliases is not null)
    ) more where k <> all (keys);
    exit when found is null;
    keys := keys || found;
    if cardinality(keys) > ceiling
      and (select count(*) from statement s where s.type = 'Patient' and s.key = any(keys)) > ceiling then
      -- Whatever it is that so many have in common, a number of a person or of a referral: half of them at least, since one
      -- message may speak of many people who have nothing in common.
      select name into crowded from (
        select s.ref as name, s.chart from statement s where s.ref = any(keys)
          and not exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref)
        union all select unnest(s.aliases), s.chart from statement s
          where s.type = 'Patient' and s.chart = any(keys) and s.aliases is not null
      ) shared where not exists (select from tainted t where t.key = name)
        group by name having count(distinct chart) > ceiling / 2 order by count(distinct chart) desc, name limit 1;
      exit when crowded is not null;
    end if;
    foreach item_key in array found loop
      if not pg_try_advisory_xact_lock(skein_lock_key(item_key)) then busy := true; end if;
    end loop;
    exit when busy;
  end loop;
end $$;
