-- The person at the system that asked, where one proved who they are (docs/adr/0026-human-identity.md): issuer, subject, role and
-- organisation, no name.
alter table audit add column human jsonb;

-- A person at a service looks at somebody in an emergency whom the policy does not open to them: until when, and why. Read by grants
-- at every request; reviewed afterwards.
create table glass (
  id uuid primary key default gen_random_uuid(),
  at timestamptz not null default now(), expires_at timestamptz not null, person uuid not null,
  service uuid not null references service, system_id int not null references system,
  issuer text not null, subject text not null, name text, role text not null, organisation text not null,
  -- as that person wrote it: read by whoever reviews it, and by nobody else
  reason text not null,
  reviewed_at timestamptz, reviewed_by text, verdict text check (verdict in ('justified', 'unjustified')));
create index glass_of_person on glass (person, service, issuer, subject, expires_at);
create index glass_of_service on glass (service, issuer, subject, expires_at);
create index glass_to_review on glass (at) where verdict is null;

-- Who tried, and when, whether or not anybody was found: kept for an hour.
create table glass_attempt (issuer text not null, subject text not null, at timestamptz not null default now());
create index glass_attempt_of on glass_attempt (issuer, subject, at);
