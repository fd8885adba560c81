-- The secret that was, beside the new one: both sign for a day, so that a subscriber changes over when it likes.
alter table subscription add column former_secret text, add column former_until timestamptz;

-- A test that an operator asked for is an attempt like any other, of nobody's data.
alter table attempt drop constraint attempt_kind_check;
alter table attempt add constraint attempt_kind_check
  check (kind in ('handshake', 'heartbeat', 'event-notification', 'test'));
