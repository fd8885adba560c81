-- A referral whose receiver was not reached in time, once for each outage of that receiver: its referrer was told of it.
create table unreached (
  referral uuid not null, receiver uuid not null, failing_since timestamptz not null, told_at timestamptz not null default now(),
  primary key (referral, receiver, failing_since));

-- Where somebody is told that this subscription fails, beside its endpoint; registered by an operator.
alter table subscription add column contact text;
-- Warnings that are still to be sent: to the contact of a subscription, or to the hook of whoever runs Skein.
create table warning (
  id uuid primary key default gen_random_uuid(), subscription_id uuid not null references subscription on delete cascade,
  hook text not null check (hook in ('contact', 'operator')), percent smallint not null, at timestamptz not null default now(),
  tries smallint not null default 0, due_at timestamptz not null default now());
create index warning_due on warning (due_at);
create index warning_subscription on warning (subscription_id);

-- In which hours each system was heard, for its own rhythm: who is silent for longer than that may be down. Kept for nine weeks.
create table heard (system_id int not null, hour timestamptz not null, primary key (system_id, hour));
