-- How far a file has been read, and when its reader last said so: one whose reader says no more is read by another.
alter table intake add column rows_read int, add column rows_all int, add column reading timestamptz;
create index intake_unread on intake (message_id) where status = 'held' and units = '[]';
