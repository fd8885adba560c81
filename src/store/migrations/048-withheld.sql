-- What was withheld when numbers were given, or a number was emptied, and by which rule: for whoever runs Skein, and told to nobody
-- else. One row for each event and rule of a batch, without ids of persons; kept as long as notifications are.
create table withheld (
  event_id bigint not null, at timestamptz not null, rule text not null, policy text not null, subscriptions uuid[] not null);
create index withheld_event on withheld (event_id);
create index withheld_at on withheld using brin (at);
