-- fact: an item of the worklist that somebody put off until a day (null: no more). Of two persons, or of an infant whose mother nobody
-- knows, by the charts that gave them their ids: whom those are of now is asked each time.
create table deferral (
  id bigint generated always as identity primary key, question text not null, one uuid not null, other uuid, until date,
  by_name text not null, reason text not null, system_id int, at timestamptz not null default now());
