-- The owner of the tables migrates; a role of its own serves, with the rights of src/store/rights.ts. Roles are of a whole
-- cluster, so they are named after the owner: stores of different owners share none, and who may act as one opens no other.
create function skein_role(part text) returns text language sql stable as
$$ select left(pg_get_userbyid(relowner), 55) || '_' || part from pg_class where oid = to_regclass('setting') $$;

-- Whether there are both roles and the owner may act as them, after making what the caller may make. Another database of the
-- cluster may make them at the same moment.
create function skein_make_roles() returns boolean language plpgsql as $$
declare
  owner text := (select pg_get_userbyid(relowner) from pg_class where oid = to_regclass('setting'));
  part text;
  needed text := case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end;
begin
  foreach part in array array[skein_role('service'), skein_role('reader')] loop
    begin
      if not exists (select from pg_roles where rolname = part) then execute format('create role %I nologin', part); end if;
    exception when duplicate_object or unique_violation then null;
    end;
    if not pg_has_role(owner, part, needed) then execute format('grant %I to %I', part, owner); end if;
  end loop;
  return true;
exception when insufficient_privilege or undefined_object then return false;
end $$;

-- What the service does by the rights of the owner, and nothing else: a path of names that it cannot change.
alter function skein_partitions(int) security definer;

-- A person lifts the taint of a number or its freeze. Neither goes without the row that says who it was.
create function skein_lift(lifted uuid, by_whom text, keys uuid[], aside jsonb) returns void
language sql security definer as $$
  with fact as (insert into lift (number, by_name) values (lifted, by_whom) returning id),
  freed as (delete from tainted where key = any(keys)),
  thawed as (delete from frozen where number = any(keys))
  insert into set_aside (ref, chart, lift_id)
  select a.ref, a.chart, (select id from fact) from jsonb_to_recordset(aside) as a(ref uuid, chart uuid)
  on conflict do nothing
$$;

-- When the oldest of the owner's transactions that write in this database began: of another login the server tells none.
create function skein_writing_since() returns timestamptz language sql stable security definer as $$
  select min(xact_start) from pg_stat_activity where backend_xid is not null and datname = current_database() $$;

create function skein_data_directory() returns text language sql stable security definer as
$$ select current_setting('data_directory') $$;

do $$
declare name text;
begin
  foreach name in array array['skein_partitions(int)', 'skein_lift(uuid, text, uuid[], jsonb)', 'skein_writing_since()',
    'skein_data_directory()'] loop
    execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
    execute format('revoke execute on function %s from public', name);
  end loop;
end $$;
