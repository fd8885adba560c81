-- Attempts by month, so that old ones go as a whole (docs/adr/0033-retention.md). What there is becomes the partition of this month
-- and of all before: its rows are read once, to see that none is of a later one, and not written.
alter table attempt rename to attempt_before;
alter table attempt_before alter column id drop identity;
alter table attempt_before drop constraint attempt_pkey;
drop index attempt_subscription;
drop index attempt_at;

create table attempt (
  id bigint generated always as identity, at timestamptz not null default now(),
  subscription_id uuid not null, kind text not null
    constraint attempt_kind_check check (kind in ('handshake', 'heartbeat', 'event-notification', 'test')),
  first_number bigint, last_number bigint, delivered_number bigint, content text not null,
  outcome text, status int, settled_at timestamptz, policy text,
  -- heartbeats that were answered well are counted, a row a day
  times int not null default 1,
  primary key (id, at)) partition by range (at);
alter table attempt_before add column times int not null default 1;
select setval(pg_get_serial_sequence('attempt', 'id'), coalesce((select max(id) from attempt_before), 0) + 1, false);
create index attempt_subscription on attempt (subscription_id, id);

do $$
declare month date := date_trunc('month', now() at time zone 'UTC')::date;
begin
  -- A new store, or one that a backup is put into, has all months as they are.
  if not exists (select from attempt_before) then
    drop table attempt_before;
    return;
  end if;
  execute format('alter table attempt_before rename to %I', 'attempt_' || to_char(month, 'YYYY_MM'));
  execute format('alter table attempt attach partition %I for values from (minvalue) to (%L)',
    'attempt_' || to_char(month, 'YYYY_MM'), (month + interval '1 month')::timestamp at time zone 'UTC');
end $$;

-- As in 028-audit.sql, with the attempts.
create or replace function skein_partitions(ahead int) returns void language plpgsql as $$
declare parent text; first date; part regclass;
begin
  foreach parent in array array['message', 'record', 'resource_history', 'audit', 'attempt'] loop
    for i in 0..ahead loop
      first := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => i))::date;
      if to_regclass(format('%I', parent || '_' || to_char(first, 'YYYY_MM'))) is null then
        execute format('create table %I partition of %I for values from (%L) to (%L)', parent || '_' || to_char(first, 'YYYY_MM'),
          parent, first::timestamp at time zone 'UTC', (first + interval '1 month')::timestamp at time zone 'UTC');
      end if;
    end loop;
    if to_regclass(parent || '_default') is null then
      execute format('create table %I partition of %I default', parent || '_default', parent);
    end if;
  end loop;
  for part in select i.inhrelid from pg_inherits i where i.inhparent = 'audit'::regclass
      and not exists (select from pg_trigger t where t.tgrelid = i.inhrelid and t.tgname = 'never_emptied') loop
    execute format('create trigger never_emptied before truncate on %s for each statement execute function skein_append_only()', part);
  end loop;
end $$;
select skein_partitions(2);
