/** The statement that ends runs, and what it is told of each of them. */

/** How a run ended, as SETTLE reads it: one JSON object each. */
export type Settled = {
  id: string;
  lease: string;
  version: number;
  /**
   * delivered: 2xx; active: 2xx, and what waits is next; answered: a probe had 2xx, the try is next; retry
   * and error: it failed, and is or becomes that; gone: 410; idle: nothing was said of the receiver.
   */
  verdict: 'delivered' | 'active' | 'answered' | 'idle' | 'retry' | 'error' | 'gone';
  /** Seconds to the next try of the schedule; null: it stays where it was. */
  seconds: number | null;
  /** No probe sooner than this, in seconds, as the receiver asked. */
  floor: number;
  /** Numbers acknowledged by this run. */
  first: number;
  delivered: number;
  /** Its last POST had a 2xx; any of them. */
  sent: boolean;
  reached: boolean;
  more: boolean;
  outcome: string | null;
  http: number | null;
  attempt: string | null;
  attempts: number;
  /** Mean of its answers to events; null: none. */
  ms: number | null;
  urgentAt: string | null;
  wokenAt: string | null;
};

/** A failing receiver is probed so often, whatever the schedule: who is back is found within that. */
const PROBE_SECONDS = 3_600;
const URGENT_SECONDS = 60;
/** So much does the newest run weigh in the mean. */
const WEIGHT = 0.3;

const FAILED = `o.verdict in ('retry', 'error', 'gone')`;
const WELL = `o.verdict in ('delivered', 'active')`;

// A failing one is looked at in an hour at the latest; where something urgent waits every minute for an hour;
// at once where that, or a sign of life, came during the run.
const SOON = `
least(now() + make_interval(secs => greatest(${PROBE_SECONDS}, o.floor)),
  case when s.urgent_at is distinct from o."urgentAt" then now()
    when s.urgent_at > now() - interval '1 hour' then now() + make_interval(secs => ${URGENT_SECONDS}) end,
  case when s.woken and s.woken_at is distinct from o."wokenAt" then s.woken_at end)`;

// What publish appends after this statement began it marks due and urgent itself, after us.
const WAITS = `(s.last_number > greatest(s.delivered_number, o.delivered)
  or exists (select from pending p where p.subscription_id = s.id))`;
const URGENT_WAITS = `(exists (select from pending p where p.subscription_id = s.id and p.priority = 0)
  or exists (select from notification n join event e on e.id = n.event_id where n.subscription_id = s.id
    and n.number > greatest(s.delivered_number, o.delivered) and not n.withheld
    and e.event ->> 'code' in ('contact-stop', 'loss')))`;

/** A heartbeat's row is of today, any other of the run that ends: no older partition is looked into. */
const LATELY = `interval '2 days'`;
/**
 * $1: an array of Settled. Records how runs ended and lets go of their leases: fenced, so a run that lost its
 * lease changes nothing but its own audit row, and a client's change meanwhile (another version) outlives it.
 * A new status has the time of it (`moved`), and its owner's version. What publish marked due meanwhile stays
 * due; a heartbeat is due of an active one alone. Whatever is due has something to be done for it.
 */
export const SETTLE = `
with o as (
  select * from json_to_recordset($1) as o (id uuid, lease uuid, version int, verdict text, seconds float8, floor float8,
    first bigint, delivered bigint, sent boolean, reached boolean, more boolean, outcome text, http int, attempt bigint,
    attempts int, ms float8, "urgentAt" timestamptz, "wokenAt" timestamptz)),
locked as (
  select s.id, s.version = o.version as same, case when s.version <> o.version then s.status
      when o.verdict = 'gone' and s.gone_at <= now() - interval '1 hour' and not o.reached then 'off'
      when o.verdict in ('error', 'gone') then 'error'
      when o.verdict = 'active' or o.reached and o.verdict <> 'answered' then 'active' else s.status end as status
  from subscription s join o on o.id = s.id and o.lease = s.lease_owner
   order by s.id for no key update of s),
settled as (
  update subscription s set lease_owner = null, lease_until = null,
    delivered_number = greatest(s.delivered_number, o.delivered), sent_at = case when o.sent then now() else s.sent_at end,
    status = l.status, updated_at = case when s.status <> l.status then now() else s.updated_at end,
    error = case when not same then s.error when ${WELL} then null
      when l.status in ('error', 'off') and ${FAILED} then o.outcome else s.error end,
    attempts = case when same and o.verdict <> 'idle' then o.attempts else s.attempts end,
    failing_since = case when not same then s.failing_since when ${WELL} then null
      when ${FAILED} then coalesce(case when not o.reached then s.failing_since end, now()) else s.failing_since end,
    warned = case when same and (${WELL} or o.reached and o.verdict <> 'answered') then 0 else s.warned end,
    gone_at = case when not same or o.verdict in ('idle', 'answered') then s.gone_at
      when o.verdict = 'gone' then coalesce(case when not o.reached then s.gone_at end, now()) end,
    waits_until = case when l.status = 'off' and s.status <> 'off' then now() + interval '90 days' else s.waits_until end,
    next_attempt_at = case when not same or o.verdict in ('idle', 'answered') then s.next_attempt_at
      when o.verdict = 'retry' then case when o.seconds is null then s.next_attempt_at
        else now() + make_interval(secs => o.seconds) end end,
    soon_at = case when not same or o.verdict = 'idle' then s.soon_at
      when o.verdict = 'answered' then now() when ${FAILED} then ${SOON} end,
    woken = case when not same or o.verdict = 'idle' then s.woken
      else o.verdict = 'answered' or ${FAILED} and s.woken and s.woken_at is distinct from o."wokenAt" end,
    woken_at = case when same and o.verdict = 'answered' then now() else s.woken_at end,
    urgent_at = case when s.urgent_at is null or s.urgent_at is distinct from o."urgentAt" or ${URGENT_WAITS}
      then s.urgent_at end,
    steady = same and o.verdict = 'delivered' and o.more,
    mean_ms = case when o.ms is null then s.mean_ms
      else coalesce(s.mean_ms * (1 - ${WEIGHT}) + o.ms * ${WEIGHT}, o.ms) end,
    due_at = case when o.more or ${FAILED} or o.verdict = 'answered' or o.verdict = 'active' and ${WAITS} then now()
      else least(s.due_at, case when l.status = 'active' and (o.sent or s.sent_at is not null) then
        case when o.sent then now() else s.sent_at end + make_interval(secs => s.heartbeat) end) end
  from o join locked l on l.id = o.id where s.id = o.id returning s.id),
cleared as (
  update notification n set resources = null from o
   where n.subscription_id = o.id and n.number between o.first and o.delivered and n.resources is not null)
update attempt a set outcome = o.outcome, status = o.http, delivered_number = o.delivered, settled_at = now()
  from o where a.id = o.attempt and a.at > now() - ${LATELY}`;
