-- The day that a trial is at (`skein clock`), each as it was set: the newest counts. Null: the real one.
create table clock (
  id bigint generated always as identity primary key,
  day date,
  set_at timestamptz not null default now()
);
