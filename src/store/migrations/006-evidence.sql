-- Who is meant and who may say so: further keys of a chart, what waits for time alone, and numbers that people lifted a taint of.

-- Keys besides `key` and `ref` by which the charts of one family are found from one another: a second identifier of the sender's
-- own, a number that is no more than claimed, a person whom a sender only referred to. Null for most, who cost the index nothing.
alter table statement add column aliases uuid[];
create index statement_aliases on statement using gin (aliases) with (fastupdate = off) where aliases is not null;

-- when a family changes by time alone; `owner` is a chart of it
create table due (owner uuid primary key, at timestamptz not null);
create index due_at on due (at);

-- facts: a person lifted a dispute or a taint of a number (keyed hash), and whose word on it is set aside since
create table lift (
  id bigint generated always as identity primary key, number uuid not null, by_name text not null,
  at timestamptz not null default now());
create table set_aside (
  ref uuid not null, chart uuid not null, lift_id bigint not null references lift, primary key (chart, ref));

-- whom a system's data-quality team is told by: an e-mail address or a URL
alter table system add column data_quality text;

create or replace function skein_closure(wanted uuid[], ceiling int, out keys uuid[], out busy boolean, out crowded uuid)
language plpgsql as $$
declare found uuid[]; item_key uuid;
begin
  busy := false;
  perform pg_advisory_xact_lock(h) from (select distinct skein_lock_key(k) as h from unnest(wanted) k order by h) ordered;
  keys := wanted;
  loop
    select array_agg(distinct k) into found from (
      select s.chart as k from statement s where s.key = any(keys)
      union select s.chart from statement s where s.ref = any(keys) and not exists (select from tainted t where t.key = s.ref)
        and not exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref)
      union select s.chart from statement s where s.aliases && keys and s.aliases is not null
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
      select s.ref into crowded from statement s where s.ref = any(keys)
        and not exists (select from tainted t where t.key = s.ref)
        and not exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref)
        group by s.ref having count(distinct s.chart) > ceiling / 2 order by count(distinct s.chart) desc, s.ref limit 1;
      exit when crowded is not null;
    end if;
    foreach item_key in array found loop
      if not pg_try_advisory_xact_lock(skein_lock_key(item_key)) then busy := true; end if;
    end loop;
    exit when busy;
  end loop;
end $$;
