-- Who was given what, who was refused, and what people changed (docs/adr/0022-audit.md): one row each, never a name of a person, a
-- number, an address or what was searched for. Notifications have their rows in attempt.
create table audit (
  id bigint generated always as identity, at timestamptz not null default now(),
  kind text not null check (kind in ('read', 'refusal', 'change', 'decision', 'registration', 'policy')),
  -- HTTP status; of what people change by the command line 'done', or 'unchanged' where it was so already
  outcome text not null,
  -- who asked: a system and its service, both null for the operator; the name is the system's, or that of who decided
  system_id int, service uuid, name text not null,
  -- read, vread, search, $journey …
  interaction text not null, type text,
  -- what was given, or of a refusal what was asked for; whom that is about
  ids uuid[] not null, persons uuid[] not null,
  -- the registered system that was changed
  target int,
  -- as the log calls the request
  request text,
  -- the sharing policy in force: the first 16 digits of the file's SHA-256
  policy text not null,
  primary key (id, at)) partition by range (at);
-- A short list of what is to be indexed: whoever empties it waits for it.
create index audit_persons on audit using gin (persons) with (gin_pending_list_limit = 256);

-- Rows of the audit in the order of their ids, sealed: a segment names its rows and has the SHA-256 of each (32 bytes, in their
-- order), and its hash covers these and the hash of the segment before it.
create table audit_segment (
  n bigint primary key, sealed_at timestamptz not null default now(), after_id bigint not null, last_id bigint not null,
  first_at timestamptz not null, last_at timestamptz not null, ids bigint[] not null, digests bytea not null,
  hash bytea not null, signature bytea not null);

-- Which policy a notification was sent under.
alter table attempt add column policy text;

create function skein_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are neither changed nor removed', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete on audit for each row execute function skein_append_only();
create trigger append_only before update or delete on audit_segment for each row execute function skein_append_only();
create trigger never_emptied before truncate on audit for each statement execute function skein_append_only();
create trigger never_emptied before truncate on audit_segment for each statement execute function skein_append_only();

-- As in 001-spine.sql, with the audit. Its partitions do not have the trigger against TRUNCATE from it.
create or replace function skein_partitions(ahead int) returns void language plpgsql as $$
declare parent text; first date; part regclass;
begin
  foreach parent in array array['message', 'record', 'resource_history', 'audit'] loop
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
