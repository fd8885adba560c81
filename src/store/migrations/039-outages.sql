-- What is known of a receiver that is away, and of how quick it is (docs/adr/0027-long-outages.md).
alter table subscription
  -- the first failure of the outage that goes on; null: the last try was answered with 2xx
  add column failing_since timestamptz,
  -- while failing: look at it then, if that is sooner than next_attempt_at (a probe, a wake-up, an urgent event)
  add column soon_at timestamptz,
  -- when the newest contact-stop or loss that is not delivered yet was published
  add column urgent_at timestamptz,
  -- woken: its subscriber gave a sign of life, or a probe was answered, and no try has followed; woken_at: the time of that try
  add column woken boolean not null default false, add column woken_at timestamptz,
  -- the first of the 410s that go on
  add column gone_at timestamptz,
  -- switched off by Skein itself: its queue is kept until then
  add column waits_until timestamptz,
  -- its last run was answered and left more to send: so several Bundles may be numbered ahead
  add column steady boolean not null default false,
  -- of its answers to events, recent ones counting most; null: none yet
  add column mean_ms real,
  -- how much of the schedule of tries was warned of: 0, 50, 70, 90 or 100 %
  add column warned smallint not null default 0;

-- When there is something to do. Claims read the first of it in order, whatever waits behind.
drop index subscription_due;
create index subscription_ready on subscription (greatest(due_at, least(next_attempt_at, soon_at)))
  where due_at is not null and status <> 'off';
create index subscription_urgent on subscription (urgent_at) where urgent_at is not null;

update subscription set failing_since = now() where status = 'active' and attempts > 0;
-- Those in error are probed from now on, over an hour.
update subscription set failing_since = updated_at, due_at = now(), next_attempt_at = null,
  soon_at = now() + random() * interval '1 hour' where status = 'error';

-- A contact-stop or loss that reached nobody: of a subscription, not delivered in time; of a service, without one that takes it.
create table urgent_alert (
  event_id bigint not null, service uuid, subscription_id uuid, raised_at timestamptz not null default now(),
  unique nulls not distinct (event_id, service, subscription_id));
create index event_urgent on event (at) where event ->> 'code' in ('contact-stop', 'loss');
