-- A system may prove who it is by keys of its own (SMART Backend Services): its public key set, or where that is read.
-- scopes: what it may do over HTTP; null: whatever a token could ever do, and nothing by a key.
-- credentials: goes up whenever token, keys or scopes change, or the system is disabled: what was granted before is void.
alter table system add column jwks jsonb, add column jwks_url text, add column scopes text[], add column disabled_at timestamptz,
  add column credentials int not null default 1, add constraint system_one_key_set check (jwks is null or jwks_url is null);
-- Approvals of a sector are for one change of it: not for the same change made again later.
alter table service add column sector_changes int not null default 0;

-- Access tokens as their SHA-256: 256 random bits cannot be guessed.
create table access_token (
  hash bytea primary key, system_id int not null references system on delete cascade, credentials int not null,
  scopes text[] not null, expires_at timestamptz not null);
create index access_token_expiry on access_token (expires_at);
-- Assertions that were used, as a keyed hash of client and jti: none is taken twice, by whatever process.
create table used_assertion (id uuid primary key, expires_at timestamptz not null);
create index used_assertion_expiry on used_assertion (expires_at);
