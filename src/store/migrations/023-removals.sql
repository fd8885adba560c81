-- What a recipient says it has removed: by the number of the event that took it back.
create table removal (
  subscription_id uuid not null, number bigint not null, confirmed_at timestamptz not null default now(),
  primary key (subscription_id, number));
