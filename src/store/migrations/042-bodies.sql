-- A raw message expires (docs/adr/0033-retention.md): its body goes, with the key that it is encrypted with; its hash stays.
alter table message alter column body drop not null;
-- The key of this one body, itself encrypted; null: the body is in the clear, or gone.
alter table message add column body_key bytea;
create index message_body on message (received_at) where body is not null;
-- Held or failed, and nobody mended it for so long that its body has expired.
alter table intake add column expired_at timestamptz;
create index intake_expired on intake (message_id) where expired_at is not null;
