-- The person at the system that asked, where one proved who they are (docs/adr/0026-human-identity.md): issuer, subject, role and
-- organisation, no name.
alter table audit add column human jsonb;
