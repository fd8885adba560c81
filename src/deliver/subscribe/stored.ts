/**
 * A stored subscription, and the statements that change it. Rows are locked in id order everywhere, or not
 * waited for.
 */
import type { Subscription } from '@medplum/fhirtypes';
import type { Payload } from '../../access/decide/policy.ts';
import type { Recipient, System } from '../../model.ts';

export type Status = 'requested' | 'active' | 'error' | 'off';

export type Stored = {
  id: string;
  status: Status;
  error: string | null;
  resource: Subscription;
  content: Payload;
  endpoint: string;
  contentType: string;
  origin: string;
  headers: string[];
  secret: string;
  /** The one before, while both sign. */
  formerSecret: string | null;
  heartbeat: number | null;
  timeout: number;
  maxCount: number;
  version: number;
  updatedAt: Date;
  lastNumber: number;
  deliveredNumber: number;
  attempts: number;
  /** By its owner: it is off, and never on again. */
  deleted: boolean;
  heartbeatDue: boolean;
  /** What the controller of its service agreed to, if anything. */
  approved: Payload | null;
  /** Null: the loopback operator's. */
  system: System | null;
};

/** Of `s`, a subscription row in scope; with the system as it is registered now. */
export const SELECT = `
select s.id, s.status, s.error, s.resource, s.content, s.endpoint, s.resource -> 'channel' ->> 'payload' as "contentType",
  s.origin, s.headers, s.secret, s.heartbeat, s.timeout, s.max_count as "maxCount", s.version, s.updated_at as "updatedAt",
  s.last_number::float8 as "lastNumber", s.delivered_number::float8 as "deliveredNumber", s.attempts,
  s.deleted_at is not null as deleted, case when s.former_until > now() then s.former_secret end as "formerSecret",
  coalesce(s.sent_at + make_interval(secs => s.heartbeat) <= now(), false) as "heartbeatDue",
  v.payload_ceiling as approved, case when y.id is not null then json_build_object('id', y.id, 'name', y.name, 'source', y.source, 'dialect', y.dialect,
    'onHeld', y.on_held, 'service', json_build_object('id', v.id, 'name', v.name, 'ods', v.ods, 'team', v.team,
    'sector', v.sector, 'kind', v.kind), 'scopes', y.scopes) end as system`;
export const JOINS = 'left join system y on y.id = s.system_id left join service v on v.id = y.service_id';

export function recipientOf({ system }: Pick<Stored, 'system'>): Recipient {
  return system ? { kind: 'system', system } : { kind: 'operator', name: 'loopback' };
}

/** Nobody is at work on it, nothing keeps it from another try. */
const FREE = `coalesce(lease_until, '-infinity') <= now() and coalesce(next_attempt_at, '-infinity') <= now()
  and status <> 'off'`;
/**
 * Marked due, or left behind by a worker that died with it. In a form that no index has: asked of rows that
 * were chosen already, it is never to be looked up by.
 */
const DUE = `least(due_at, lease_until) <= now() and ${FREE}`;
/** When it became due; as subscription_due has it. */
const SINCE = 'greatest(due_at, next_attempt_at)';
/** Not to an origin that has as many in flight as it may. */
const OPEN = 'origin not in (select origin from busy where count >= $5)';

/**
 * $1 lease, $2 its seconds, $3 origins in flight, $4 how many each, $5 most per origin, $6 limit. Claiming
 * clears due_at. Looks at the first 4 x $6 that are due, in their order, and never at all of them: ten
 * thousand due at once are three hundred batches. What is beyond the share of its origin waits for the next
 * batch, which passes that origin over.
 */
export const CLAIM = `
with busy as (select * from unnest($3::text[], $4::int[]) as b (origin, count)),
candidate as (
  select id, origin, since, row_number() over (partition by origin order by since) as place from (
    (select id, origin, ${SINCE} as since from subscription
      where due_at is not null and ${SINCE} <= now() and ${FREE} and ${OPEN} order by ${SINCE} limit 4 * $6)
    union
    (select id, origin, lease_until from subscription where lease_until <= now() and due_at is null and ${FREE}
      and ${OPEN} limit 4 * $6)) first),
chosen as (
  select id from candidate left join busy using (origin)
   where place <= $5 - coalesce(busy.count, 0) order by since limit $6),
locked as (select id from subscription where id = any(array(select id from chosen)) and ${DUE} for no key update skip locked),
claimed as (
  update subscription s set lease_owner = $1, lease_until = now() + make_interval(secs => $2), due_at = null
    from locked where s.id = locked.id returning s.*)
${SELECT} from claimed s ${JOINS} order by s.id`;

/**
 * $1 leases held here, $2 seconds, $3 the subscriptions. Keeps those that near their end; gives all that are
 * still ours, with their version.
 */
export const RENEW = `
with kept as (
  update subscription set lease_until = now() + make_interval(secs => $2) where id in (
    select id from subscription where id = any($3) and lease_owner = any($1)
      and lease_until < now() + make_interval(secs => $2 * 0.6) order by id for no key update)
  returning id)
select id, version, lease_owner as lease from subscription where id = any($3) and lease_owner = any($1)`;

/**
 * Records how runs ended and lets go of their leases: fenced, so a run that lost its lease changes nothing
 * but its own audit row, and a client's change meanwhile (another version) outlives it. A new status has the
 * time of it (`moved`), and its owner's version. What publish marked due meanwhile stays due; a heartbeat is
 * due of an active one alone.
 */
export const SETTLE = `
with o as (
  select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::float8[], $6::bigint[], $7::bigint[], $8::boolean[],
    $9::boolean[], $10::text[], $11::int[], $12::bigint[], $13::int[])
    as o (id, lease, version, verdict, seconds, first, delivered, sent, more, outcome, http, attempt, attempts)),
locked as (
  select s.id, s.version = o.version as same,
    s.version = o.version and o.verdict in ('active', 'error', 'off') and o.verdict <> s.status as moved
  from subscription s join o on o.id = s.id and o.lease = s.lease_owner
   order by s.id for no key update of s),
settled as (
  update subscription s set lease_owner = null, lease_until = null,
    delivered_number = greatest(s.delivered_number, o.delivered), sent_at = case when o.sent then now() else s.sent_at end,
    status = case when moved then o.verdict else s.status end,
    updated_at = case when moved then now() else s.updated_at end,
    error = case when not same then s.error when o.verdict in ('error', 'off') then o.outcome
      when o.verdict in ('active', 'delivered') then null else s.error end,
    attempts = case when same and o.verdict <> 'idle' then o.attempts else s.attempts end,
    next_attempt_at = case when same and o.verdict = 'retry' then now() + make_interval(secs => o.seconds) end,
    due_at = case when o.more or o.verdict in ('retry', 'active') then now()
      else least(s.due_at, case when s.status = 'active' and not moved and (o.sent or s.sent_at is not null) then
        case when o.sent then now() else s.sent_at end + make_interval(secs => s.heartbeat) end) end
  from o join locked on locked.id = o.id where s.id = o.id returning s.id),
cleared as (
  update notification n set resources = null from o
   where n.subscription_id = o.id and n.number between o.first and o.delivered and n.resources is not null)
update attempt a set outcome = o.outcome, status = o.http, delivered_number = o.delivered, settled_at = now()
  from o where a.id = o.attempt`;
