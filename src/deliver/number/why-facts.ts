/** What is stored of an event and of what became of it for one subscription: `why.ts` says it in words. */
import type { Event } from '../../model.ts';
import type { Db } from '../../store/pool.ts';

/** All that one message made, or events by their row (as `eventId` of a log line names it). */
export type Asked = { message: { messageId: string; receivedAt: Date } } | { events: string[] };
export type EventRow = { id: string; at: Date; event: Event; published: boolean };

const OF_MESSAGE = `
select id::text, at, event, true as published from event
  where at >= $1 and event -> 'message' ->> 'id' = $2 and event ->> 'code' <> 'recheck'
union all select id::text, at, event, false from outbox where event -> 'message' ->> 'id' = $2 and event ->> 'code' <> 'recheck'
order by at, id limit 1000`;
// With those that were made of it for one subscription, which differ in their focus alone.
const BY_ID = `
select e.id::text, e.at, e.event, true as published from event o
  join event e on e.at = o.at and e.event - 'focus' = o.event - 'focus'
  where o.id = any($1::bigint[]) and o.event ->> 'code' <> 'recheck'
union select id::text, at, event, false from outbox where id = any($1::bigint[]) and event ->> 'code' <> 'recheck'
order by at, id limit 1000`;

export async function findEvents(db: Db, asked: Asked): Promise<EventRow[]> {
  if ('events' in asked) return (await db.query<EventRow>(BY_ID, [asked.events])).rows;
  const { messageId, receivedAt } = asked.message;
  return (await db.query<EventRow>(OF_MESSAGE, [receivedAt, messageId])).rows;
}

// Named by the first 24 characters of its subscription and the last number in it (compose.ts).
const OF_BUNDLE = `select event_id::text as id from notification n join subscription s on s.id = n.subscription_id
  where s.id between ($1 || '000000000000')::uuid and ($1 || 'ffffffffffff')::uuid and n.bundle = $2
    and n.number between $2 - 100 and $2 order by n.number`;

/** Events that one notification told of; none where the id is not that of a notification. */
export async function eventsOfBundle(db: Db, id: string): Promise<string[]> {
  const number = id.slice(24);
  if (!/^\d{12}$/.test(number)) return [];
  const { rows } = await db.query<{ id: string }>(OF_BUNDLE, [id.slice(0, 24), Number(number)]);
  return rows.map((row) => row.id);
}

type Place = { number: number | null; withheld: boolean };
const PLACES = `
select number::float8 as number, withheld from notification where subscription_id = $1 and event_id = any($2::bigint[])
union all select null, false from pending where subscription_id = $1 and event_id = any($2::bigint[])
order by number nulls last limit 1`;

/** Its number, or that it waits for one. */
export async function placesOf(db: Db, subscription: string, ids: string[]): Promise<Place | undefined> {
  return (await db.query<Place>(PLACES, [subscription, ids])).rows[0];
}

/** A decision that was kept: the rule by name, and the digest of the policy that was in force. */
export type Decided = { rule: string; at: Date; policy: string };
export type Facts = {
  created: Date;
  failures: number;
  next: Date | null;
  error: string | null;
  /** Of its last try, whatever that told of. */
  outcome: string | null;
  /** Of this number. */
  tries: number;
  lastTry: Date | null;
  lastOutcome: string | null;
  decided: Decided | null;
};

const FACTS = `
select created_at as created, attempts as failures, greatest(due_at, next_attempt_at) as next, error,
  (select outcome from attempt a where a.subscription_id = s.id order by a.id desc limit 1) as outcome
from subscription s where id = $1`;
const WITHHELD = `select rule, at, policy from withheld
  where event_id = any($2::bigint[]) and $1 = any(subscriptions) order by at desc limit 1`;
// A run sends Bundle after Bundle until one fails: the one behind what was acknowledged was its last.
const TRIES = `
select count(*)::int as tries, max(a.at) as "lastTry", (array_agg(a.outcome order by a.id desc))[1] as "lastOutcome"
from notification n join attempt a on a.subscription_id = n.subscription_id and a.at >= n.numbered_at - interval '1 minute'
  and a.kind = 'event-notification' and a.outcome is distinct from 'not-sent'
  and n.number between a.first_number and a.last_number
  and coalesce(a.delivered_number, n.number) >= (select min(number) - 1 from notification b
    where b.subscription_id = n.subscription_id and b.bundle = n.bundle and b.number >= n.number - 100)
where n.subscription_id = $1 and n.number = $2`;

type About = { ids: string[]; number: number | null };

export async function factsOf(db: Db, subscription: string, { ids, number }: About): Promise<Facts> {
  const { rows } = await db.query<Facts>(FACTS, [subscription]);
  const withheld = await db.query<Decided>(WITHHELD, [subscription, ids]);
  const tries = await db.query<Facts>(TRIES, [subscription, number]);
  return { ...(rows[0] as Facts), ...(tries.rows[0] as Facts), decided: withheld.rows[0] ?? null };
}
