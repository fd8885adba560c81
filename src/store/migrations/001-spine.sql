-- Facts are append-only; views are computed from facts and can be rebuilt. Row ids are bigint, FHIR ids are uuid.

create table setting (name text primary key, value text not null);

-- registered: services (teams) and the systems that act for them
create table service (
  id uuid primary key, name text not null, ods text not null, team text not null,
  sector text, kind text, registered boolean not null default false, unique (ods, team));
create table system (
  id int generated always as identity primary key, name text not null unique, service_id uuid not null references service,
  source text, dialect text, on_held text not null default 'AE' check (on_held in ('AE', 'AA')),
  token_hash bytea unique, created_at timestamptz not null default now());

-- facts ---------------------------------------------------------------------------------------------------------
create table message (
  id bigint generated always as identity, received_at timestamptz not null default now(),
  system_id int, channel text not null, content_type text not null, source text not null,
  identifier text not null, content_hash text not null, body bytea not null,
  primary key (id, received_at)) partition by range (received_at);

-- what became of each message, by the sender's own id: one row per (system, identifier), the latest accepted or held delivery
create table intake (
  system_id int not null, identifier text not null, message_id bigint not null, received_at timestamptz not null,
  content_hash text not null, status text not null check (status in ('accepted', 'held', 'rejected')),
  units jsonb not null, primary key (system_id, identifier));
create index intake_held on intake (message_id) where status = 'held';

create table record (
  id bigint generated always as identity, created_at timestamptz not null default now(),
  message_id bigint not null, system_id int not null, position text not null, said_at timestamptz not null,
  stamp text not null, mapping text not null, mode text not null, statements jsonb not null, lineage jsonb not null,
  primary key (id, created_at)) partition by range (created_at);
create index record_message on record (message_id);

create table assertion (
  id bigint generated always as identity primary key, record_id bigint, kind text not null, a uuid not null, b uuid,
  method text not null, evidence jsonb not null, asserted_by text not null, asserted_at timestamptz not null default now(),
  unique nulls not distinct (kind, a, b, method));
create index assertion_b on assertion (b);

-- a number (keyed hash) that so many charts carry that it is a placeholder: it links nobody and is not followed
create table tainted (key uuid primary key, at timestamptz not null default now());

-- views: per sender ---------------------------------------------------------------------------------------------
-- the present state of each resource as its sender says it; key = keyed hash of (system, type, business identifier)
create table statement (
  key uuid primary key, seq bigint generated always as identity, type text not null, system_id int not null,
  chart uuid not null, ref uuid, record_id bigint not null, first text not null, base text not null, times jsonb, content jsonb not null,
  person uuid); -- Patient statements only: the person (Patient id) this chart belongs to now
create index statement_chart on statement (chart);
create index statement_person on statement (person) where person is not null;
create index statement_ref on statement (ref) where ref is not null;

-- views: shared -------------------------------------------------------------------------------------------------
create table resource (
  row_id bigint generated always as identity primary key, type text not null, id uuid not null, version int not null,
  updated_at timestamptz not null default now(), content jsonb not null, owner uuid, persons uuid[] not null,
  authors uuid[] not null, service uuid, state text, digest text not null, record_id bigint);
create unique index resource_id on resource (id, type);
create index resource_owner on resource (owner) where owner is not null;
create index resource_updated on resource (type, updated_at, row_id);
create table resource_history (
  row_id bigint not null, type text not null, id uuid not null, version int not null, updated_at timestamptz not null,
  content jsonb not null, persons uuid[] not null, authors uuid[] not null, service uuid,
  primary key (id, type, version, updated_at)) partition by range (updated_at);

-- search index rows: param is a small number from src/fhir/search-parameters.ts; token and reference values are 64-bit hashes
create table index_token (row_id bigint not null, param smallint not null, hash bigint not null);
create index index_token_hash on index_token (param, hash, row_id);
create index index_token_row on index_token (row_id);
-- a hash belongs to few parameters: not knowing that, the planner expects a twentieth of a common code's rows, and sorts them all
create statistics index_token_values (dependencies, ndistinct, mcv) on param, hash from index_token;
create table index_date (row_id bigint not null, param smallint not null, low timestamptz not null, high timestamptz not null);
create index index_date_low on index_date (param, low, row_id);
create index index_date_row on index_date (row_id);
create table index_string (row_id bigint not null, param smallint not null, value text not null);
create index index_string_value on index_string (param, value text_pattern_ops, row_id);
create index index_string_row on index_string (row_id);

-- for access: which service cares for which person, and who is what in which journey
create table involvement (
  person uuid not null, service uuid not null, state text not null check (state in ('open', 'pending', 'closed')),
  since timestamptz, until timestamptz, primary key (person, service));
create index involvement_service on involvement (service, person);
create table member (
  journey uuid not null, person uuid not null, role text not null check (role in ('mother', 'partner', 'infant')),
  primary key (journey, person));
create index member_person on member (person);

-- out -----------------------------------------------------------------------------------------------------------
create table outbox (
  id bigint generated always as identity primary key, at timestamptz not null default now(), event jsonb not null)
  with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);

-- Up to a page a row stays whole: PostgreSQL would compress every one over 2 kB, which costs more than it saves.
alter table statement set (toast_tuple_target = 8160);
alter table resource set (toast_tuple_target = 8160);
-- What is large anyway is compressed by lz4, at a fifth of the CPU of the default, where the server was built with it.
do $$ begin
  alter table message alter body set compression lz4;
  alter table record alter statements set compression lz4, alter lineage set compression lz4;
exception when feature_not_supported then null;
end $$;

create function skein_partitions(ahead int) returns void language plpgsql as $$
declare parent text; first date;
begin
  foreach parent in array array['message', 'record', 'resource_history'] loop
    for i in 0..ahead loop
      first := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => i))::date;
      if to_regclass(format('%I', parent || '_' || to_char(first, 'YYYY_MM'))) is null then
        execute format('create table %I partition of %I for values from (%L) to (%L)', parent || '_' || to_char(first, 'YYYY_MM'),
          parent, first::timestamp at time zone 'UTC', (first + interval '1 month')::timestamp at time zone 'UTC');
      end if;
    end loop;
    if to_regclass(parent || '_default') is null then
      execute format('create table %I partition of %I default', parent || '_default', parent);
    end if;
  end loop;
end $$;
select skein_partitions(2);
