-- fact: a person was erased (docs/adr/0034-erasure.md): that it happened, and by which charts (keyed hashes) it is done again where an
-- older backup is restored. `person` is a keyed hash of the id, which answers as if it had never been.
create table erasure (
  id uuid primary key default gen_random_uuid(), at timestamptz not null default now(), person uuid not null,
  charts uuid[] not null, reason text not null, by_name text not null, approved_by text not null);
