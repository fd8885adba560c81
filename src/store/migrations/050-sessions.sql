-- Who is signed in to the pages (docs/adr/0040-sign-in.md). id: SHA-256 of what the cookie holds, 256 random bits.
-- human: issuer, subject, name, role and organisation; what that may do is asked of HUMAN_ROLES each time.
-- acts_as: the id of a service, or 'operator'; null: not chosen yet.
-- id_token: what ends the session at the issuer, too. proved_at: when the issuer last saw them prove who they are.
create table session (
  id bytea primary key, human jsonb not null, acts_as text, id_token text not null, proved_at timestamptz,
  begun_at timestamptz not null default now(), seen_at timestamptz not null default now());
