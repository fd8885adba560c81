-- What a subscriber that lost everything is given page by page: the rows there were when it asked, and the event number after which
-- its events tell of whatever changed since. One for each subscription; kept a day.
create table snapshot (
  subscription_id uuid primary key references subscription on delete cascade, id uuid not null, number bigint not null,
  made_at timestamptz not null default now(), row_ids bigint[] not null);
-- A page reads its part of the list: what is compressed would be read whole.
alter table snapshot alter column row_ids set storage external;
