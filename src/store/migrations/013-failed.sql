-- 'failed': kept, and nothing is wrong with it: a fault of ours, or a mapping that is not loaded. Tried again by a retry or a replay.
alter table intake drop constraint intake_status_check,
  add constraint intake_status_check check (status in ('accepted', 'held', 'rejected', 'failed'));
drop index intake_held;
create index intake_held on intake (message_id) where status in ('held', 'failed');
