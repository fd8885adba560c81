/** How each subscription does, for whoever runs Skein: ids, codes, numbers and times alone. */
import { OPERATOR, record } from '../../audit/record.ts';
import { rejected } from '../../errors.ts';
import { isId } from '../../fhir/ids.ts';
import type { Db } from '../../store/pool.ts';
import type { Stored } from '../subscribe/stored.ts';
import { findSubscription } from '../subscribe/subscriptions.ts';

/**
 * `service`: `ODS|team`, null for the operator's own; `behind`: numbered and not answered; `waiting`: without
 * a number yet.
 */
export type Delivery = {
  id: string;
  service: string | null;
  system: string | null;
  status: string;
  error: string | null;
  lastNumber: number;
  behind: number;
  waiting: number;
  oldestAt: Date | null;
  answeredAt: Date | null;
  failures: number;
  nextTry: Date | null;
  lastError: string | null;
};
/** `state`: delivered, emptied (its recipient might not know it any more), or to-be-sent. */
export type NumberedEvent = {
  number: number;
  event: string;
  code: string;
  focus: string;
  at: Date;
  state: 'delivered' | 'emptied' | 'to-be-sent';
};
export type Attempt = {
  at: Date;
  kind: string;
  first: number | null;
  last: number | null;
  outcome: string | null;
  status: number | null;
};
export type DeliveryDetail = Delivery & { events: NumberedEvent[]; attempts: Attempt[] };

/** What is pending is counted up to here: more is a lot. */
const MOST_WAITING = 10_000;
const SHOWN = 50;

const LIST = `
select s.id, v.ods || '|' || v.team as service, y.name as system, s.status, s.error, s.last_number::float8 as "lastNumber",
  (s.last_number - s.delivered_number)::float8 as behind,
  (select count(*)::float8 from (select from pending p where p.subscription_id = s.id limit ${MOST_WAITING}) as counted) as waiting,
  least(
    (select min(n.numbered_at) from notification n where n.subscription_id = s.id and n.number = s.delivered_number + 1),
    (select e.at from pending p join event e on e.id = p.event_id where p.subscription_id = s.id
      order by p.subscription_id, p.priority, p.event_id limit 1)) as "oldestAt",
  s.sent_at as "answeredAt", s.attempts as failures,
  case when s.attempts > 0 and s.status <> 'off' then greatest(s.due_at, s.next_attempt_at) end as "nextTry",
  case when s.attempts > 0 or s.status = 'error' then (select a.outcome from attempt a where a.subscription_id = s.id
    and a.outcome not in ('ok', 'aborted', 'not-sent') order by a.id desc limit 1) end as "lastError"
from subscription s left join system y on y.id = s.system_id left join service v on v.id = y.service_id
where s.deleted_at is null and ($1::uuid is null or s.id = $1)
order by (s.last_number - s.delivered_number) desc, s.attempts desc, "oldestAt" nulls last, s.id`;

const EVENTS = `
select n.number::float8 as number, n.event_id::text as event, e.event ->> 'code' as code,
  (e.event -> 'focus' ->> 'type') || '/' || (e.event -> 'focus' ->> 'id') as focus, e.at,
  case when n.withheld then 'emptied' when n.number <= s.delivered_number then 'delivered' else 'to-be-sent' end as state
from subscription s join notification n on n.subscription_id = s.id join event e on e.id = n.event_id
where s.id = $1 order by n.number desc limit ${SHOWN}`;
const ATTEMPTS = `select at, kind, first_number::float8 as first, last_number::float8 as last, outcome, status
  from attempt where subscription_id = $1 order by id desc limit ${SHOWN}`;

/** Those furthest behind first. */
export async function listDeliveries(db: Db): Promise<Delivery[]> {
  return (await db.query<Delivery>(LIST, [null])).rows;
}

/** With its newest numbered events and attempts. Throws Rejected 404 where there is none. */
export async function describeDelivery(db: Db, id: string): Promise<DeliveryDetail> {
  await findOne(db, id);
  const [delivery] = (await db.query<Delivery>(LIST, [id])).rows;
  const events = await db.query<NumberedEvent>(EVENTS, [id]);
  const attempts = await db.query<Attempt>(ATTEMPTS, [id]);
  return { ...(delivery as Delivery), events: events.rows, attempts: attempts.rows };
}

/** Throws Rejected 404 where there is none, or its owner took it away. */
export async function findOne(db: Db, id: string): Promise<Stored> {
  const stored = isId(id) ? await findSubscription(db, { kind: 'operator', name: 'operator' }, id) : null;
  if (!stored || stored.deleted) throw rejected(404, 'not-found', 'no such Subscription is known here');
  return stored;
}

const RETRY = `update subscription set woken = true, woken_at = now(), soon_at = now(), due_at = now()
  where id = $1 and (status = 'error' or status = 'active' and attempts > 0)`;

/** What waits is tried now, as after a sign of life of the subscriber; false where nothing had failed. */
export async function retryNow(db: Db, id: string): Promise<boolean> {
  await findOne(db, id);
  const asked = { kind: 'registration' as const, outcome: 'done', interaction: 'delivery-retry' };
  await record(db, { ...asked, actor: OPERATOR, type: 'Subscription', ids: [id] });
  return (await db.query(RETRY, [id])).rowCount === 1;
}
