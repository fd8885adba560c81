/**
 * A stored subscription, and the statements that change it. Rows are locked in id order everywhere, or not
 * waited for.
 */
import type { Subscription } from '@medplum/fhirtypes';
import type { Payload } from '../../access/decide/policy.ts';
import type { Recipient, System } from '../../model.ts';
import { placeOf } from '../../store/secrets.ts';
import type { Vault } from '../../store/vault.ts';

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
  /** Scheduled tries that failed in a row; 0: its last try was answered with 2xx, or it has had none. */
  attempts: number;
  /** By its owner: it is off, and never on again. */
  deleted: boolean;
  heartbeatDue: boolean;
  /** Its endpoint has answered with 2xx since it was given. */
  answered: boolean;
  /** The next try of the schedule is due: else it is looked at for another reason. */
  scheduled: boolean;
  /** A contact-stop or loss was published in the last hour and is not delivered. */
  urgent: boolean;
  /** A sign of life asks for a try now. */
  woken: boolean;
  /** As they were when it was claimed, to the microsecond: what comes meanwhile differs. */
  urgentAt: string | null;
  wokenAt: string | null;
  /** More than one Bundle may be numbered ahead of it. */
  steady: boolean;
  /** It answers its events within 2 s, as far as is known. */
  quick: boolean;
  /** What the controller of its service agreed to, if anything. */
  approved: Payload | null;
  /** Null: the loopback operator's. */
  system: System | null;
};

/**
 * Those who answered their events within 2 s, on average. Others, and those of whom nothing is known yet,
 * share half of the runs.
 */
const IS_QUICK = 'coalesce(mean_ms <= 2000, false)';
/** Of `s`, a subscription row in scope; with the system as it is registered now. */
export const SELECT = `
select s.id, s.status, s.error, s.resource, s.content, s.endpoint, s.resource -> 'channel' ->> 'payload' as "contentType",
  s.origin, s.headers, s.secret, s.heartbeat, s.timeout, s.max_count as "maxCount", s.version, s.updated_at as "updatedAt",
  s.last_number::float8 as "lastNumber", s.delivered_number::float8 as "deliveredNumber", s.attempts,
  s.deleted_at is not null as deleted, case when s.former_until > now() then s.former_secret end as "formerSecret",
  coalesce(s.sent_at + make_interval(secs => s.heartbeat) <= now(), false) as "heartbeatDue",
  s.sent_at is not null as answered, coalesce(s.next_attempt_at <= now(), true) as scheduled,
  coalesce(s.urgent_at > now() - interval '1 hour', false) as urgent, s.woken and s.woken_at <= now() as woken,
  s.urgent_at::text as "urgentAt", s.woken_at::text as "wokenAt", s.steady,
  ${IS_QUICK} as quick,
  v.payload_ceiling as approved, case when y.id is not null then json_build_object('id', y.id, 'name', y.name, 'source', y.source, 'dialect', y.dialect,
    'onHeld', y.on_held, 'service', json_build_object('id', v.id, 'name', v.name, 'ods', v.ods, 'team', v.team,
    'sector', v.sector, 'kind', v.kind), 'scopes', y.scopes) end as system`;
export const JOINS = 'left join system y on y.id = s.system_id left join service v on v.id = y.service_id';

/** What of it is sealed in the store, in the clear. */
export function openSecrets(vault: Vault, { id, secret, formerSecret, headers }: Stored) {
  const open = (text: string) => vault.open(text, placeOf(id));
  const former = formerSecret === null ? null : open(formerSecret);
  return { secret: open(secret), formerSecret: former, headers: headers.map(open) };
}

/** `change` is applied to each header of the channel. */
export function withHeaders(resource: Subscription, change: (header: string) => string): Subscription {
  const header = resource.channel?.header;
  return header ? { ...resource, channel: { ...resource.channel, header: header.map(change) } } : resource;
}

/** It failed and has had no 2xx since. */
export const isFailing = ({ status, attempts }: Pick<Stored, 'status' | 'attempts'>): boolean =>
  status === 'error' || (status === 'active' && attempts > 0);

export function recipientOf({ system }: Pick<Stored, 'system'>): Recipient {
  return system ? { kind: 'system', system } : { kind: 'operator', name: 'loopback' };
}

/** When there is something to do, by the index. Publish sets due_at, and soon_at of what is urgent. */
const READY = 'greatest(due_at, least(next_attempt_at, soon_at))';
const IS_READY = `due_at is not null and status <> 'off' and ${READY} <= now()`;
/** A dead worker's is looked at no sooner than its wait is over, either. */
const PAST_WAIT = `coalesce(least(next_attempt_at, soon_at), '-infinity') <= now()`;
const IS_FREE = `coalesce(lease_until, '-infinity') <= now()`;
/** So many are read for each that can be taken, in the order of being ready: origins may be full. */
const LOOKED_AT = 4;

/**
 * $1 lease, $2 its seconds; $3 origins in flight, $4 how many each, $5 how many of them not quick; $6 most
 * per origin; $7 limit, $8 of those who are not quick. Claiming clears due_at. What a dead worker left behind
 * comes first; of the rest, each class by its own limit, in turn, and in the order of being ready.
 */
export const CLAIM = `
with busy as (select * from unnest($3::text[], $4::int[], $5::int[]) as b (origin, count, slow)),
full_origin as (select origin from busy where count >= $6),
slow_origin as (select origin from busy where slow >= $6 / 2),
left_behind as (
  select id, origin, lease_until as at, ${IS_QUICK} as quick from subscription
   where lease_until <= now() and status <> 'off' and ${PAST_WAIT} and (${IS_READY}) is not true order by lease_until limit $7),
quick as (
  select id, origin, ${READY} as at, true as quick from subscription
   where ${IS_READY} and ${IS_FREE} and ${IS_QUICK} and origin not in (select origin from full_origin)
   order by ${READY} limit $7 * ${LOOKED_AT}),
other as (
  select id, origin, ${READY} as at, false as quick from subscription
   where $8 > 0 and ${IS_READY} and ${IS_FREE} and not ${IS_QUICK}
     and origin not in (select origin from full_origin union all select origin from slow_origin)
   order by ${READY} limit $8 * ${LOOKED_AT}),
ready as (
  select * from left_behind union select * from quick union select * from other),
placed as (
  select ready.*, row_number() over (partition by origin order by at) as place,
    row_number() over (partition by origin, quick order by at) as own_place from ready),
fitting as (
  select id, at, quick, row_number() over (partition by quick order by at) as turn
    from placed left join busy using (origin)
   where place <= $6 - coalesce(count, 0) and (quick or own_place <= $6 / 2 - coalesce(slow, 0))),
chosen as (select id from fitting where quick or turn <= $8 order by turn, quick desc limit $7),
locked as (
  select id from subscription where id = any(array(select id from chosen)) and ${IS_FREE} and status <> 'off'
    and (${IS_READY} or lease_until <= now()) for no key update skip locked),
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
