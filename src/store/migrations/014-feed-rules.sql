-- What a sender is told of a held message: one code for all, or one by kind of hold (event=AA,content=AE,ours=CE).
alter table system drop constraint system_on_held_check,
  add constraint system_on_held_check check (on_held ~ '^((AA|AE|CE)|((event|content|ours)=(AA|AE|CE),?)+)$');
-- Message types and events (ORU, ADT^A60) that are taken from this system with AA and not kept.
alter table system add column ignore text[] not null default '{}';
-- All that is kept of them.
create table ignored (
  system_id int not null, event text not null, n bigint not null, first_at timestamptz not null default now(),
  last_at timestamptz not null default now(), primary key (system_id, event));

-- Why a message waits: 'ours' (a fault of ours), 'event' (nothing here reads its type or event), 'content' (something in it is wrong).
create function skein_hold(status text, units jsonb) returns text language sql immutable as $$
  select case
    when status = 'failed' or units @> '[{"status": "failed"}]' then 'ours'
    when exists (select from jsonb_array_elements(units) u, jsonb_array_elements(u -> 'issues') i
      where u ->> 'status' = 'held' and i ->> 'field' like 'MSH-9%') then 'event'
    else 'content' end $$;
