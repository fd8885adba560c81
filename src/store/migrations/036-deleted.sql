-- A subscription that its owner deleted: it answers that it is gone (410), and goes on with its numbers nowhere.
alter table subscription add column deleted_at timestamptz;
