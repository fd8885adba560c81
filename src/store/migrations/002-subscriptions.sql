-- Who wants to be told of what, what is waiting for them, and what they were told.


-- the most a service's subscriptions may carry, where its controller agreed to other than its sector's ceiling
alter table service add column payload_ceiling text check (payload_ceiling in ('empty', 'id-only', 'full-resource'));

create table subscription (
  -- no system: the loopback operator's
  id uuid primary key, system_id int references system,
  status text not null default 'requested' check (status in ('requested', 'active', 'error', 'off')), error text,
  -- as the client sent it, less id, meta, status and error; the columns below are read from it
  resource jsonb not null, content text not null check (content in ('empty', 'id-only', 'full-resource')),
  endpoint text not null, origin text not null, headers text[] not null, secret text not null,
  heartbeat int, timeout int not null, max_count int not null, ends_at timestamptz,
  -- number of AND-ed filters; 0 matches everything but encounters, which need event=encounter
  clauses smallint not null, encounters boolean not null,
  version int not null default 1, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  -- numbered so far, and acknowledged so far: what lies between is still to be sent
  last_number bigint not null default 0, delivered_number bigint not null default 0, sent_at timestamptz,
  -- due_at: there may be something to do (claim clears it, publish sets it); next_attempt_at: not before, after a failure
  due_at timestamptz, next_attempt_at timestamptz, attempts int not null default 0,
  lease_owner uuid, lease_until timestamptz) with (fillfactor = 60);
create index subscription_due on subscription (due_at) where due_at is not null;
create index subscription_lease on subscription (lease_until) where lease_until is not null;
create index subscription_ends on subscription (ends_at) where ends_at is not null and status <> 'off';
create index subscription_unfiltered on subscription (id) where clauses = 0 and status <> 'off';
create index subscription_system on subscription (system_id, id);

-- the values of one clause are OR-ed, the clauses AND-ed
create table subscription_filter (
  subscription_id uuid not null references subscription on delete cascade, clause smallint not null,
  kind text not null check (kind in ('journey', 'patient', 'service', 'stage', 'event')), value text not null,
  primary key (kind, value, subscription_id, clause));
create index subscription_filter_owner on subscription_filter (subscription_id);

-- committed events, once, whoever may be told of them
create table event (id bigint primary key, at timestamptz not null, event jsonb not null);
create index event_at on event (at);

-- not yet numbered; contact-stop and loss (priority 0) overtake everything else
create table pending (
  subscription_id uuid not null, priority smallint not null, event_id bigint not null,
  primary key (subscription_id, priority, event_id))
  with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- numbered: this recipient was, or is about to be, told. bundle = the last number of the Bundle it travels in;
-- resources = what a full-resource payload carries, as text, kept until acknowledged: a retry is byte-identical
create table notification (
  subscription_id uuid not null, number bigint not null, bundle bigint not null, event_id bigint not null,
  numbered_at timestamptz not null, withheld boolean not null default false, resources json,
  primary key (subscription_id, number));
create index notification_numbered on notification using brin (numbered_at);

-- the audit of disclosure: committed before the bytes leave (outcome null: they may have left), settled afterwards
create table attempt (
  id bigint generated always as identity primary key, at timestamptz not null default now(),
  subscription_id uuid not null, kind text not null check (kind in ('handshake', 'heartbeat', 'event-notification')),
  first_number bigint, last_number bigint, delivered_number bigint, content text not null,
  outcome text, status int, settled_at timestamptz);
create index attempt_subscription on attempt (subscription_id, id);
create index attempt_at on attempt using brin (at);
