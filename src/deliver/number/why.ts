/** Whether one subscription was told of what one message changed, and if not, why: for whoever runs Skein. */
import { canonicalText } from '../../fhir/references.ts';
import type { Event } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Stored } from '../subscribe/stored.ts';
import { filtersOf } from '../subscribe/subscription.ts';
import { askAccess } from './ask-access.ts';

export type Cause =
  | 'delivered'
  | 'to-be-sent'
  | 'emptied'
  | 'not-numbered-yet'
  | 'not-published'
  | 'made-later'
  | 'off'
  | 'not-answered'
  | 'not-matched'
  | 'withheld'
  | 'not-told';
export type Answer = { code: string; at: Date; subscription: string; cause: Cause; words: string };

type Row = { id: string; at: Date; event: Event; published: boolean };
/** An event, and those that were made of it to name another thing to one subscription. */
type Group = { first: Row; ids: string[] };
type Place = { subscription: string; event: string; number: number | null; withheld: boolean };
type Facts = {
  created: Date;
  failures: number;
  next: Date | null;
  error: string | null;
  outcome: string | null;
};

const EVENTS = `
select id::text, at, event, true as published from event
  where at >= $1 and event -> 'message' ->> 'id' = $2 and event ->> 'code' <> 'recheck'
union all select id::text, at, event, false from outbox where event -> 'message' ->> 'id' = $2 and event ->> 'code' <> 'recheck'
order by at, id limit 1000`;
const PLACES = `
select subscription_id as subscription, event_id::text as event, number::float8 as number, withheld
  from notification where subscription_id = any($1) and event_id = any($2::bigint[])
union all select subscription_id, event_id::text, null, false from pending
  where subscription_id = any($1) and event_id = any($2::bigint[])`;
const FACTS = `
select created_at as created, attempts as failures, greatest(due_at, next_attempt_at) as next, error,
  (select outcome from attempt a where a.subscription_id = s.id order by a.id desc limit 1) as outcome
from subscription s where id = $1`;

/** By what is so today of the rules; in the order of events, for each of the subscriptions. */
export async function explainTelling(
  db: Db,
  { messageId, receivedAt }: { messageId: string; receivedAt: Date },
  subscriptions: Stored[],
): Promise<Answer[]> {
  const { rows } = await db.query<Row>(EVENTS, [receivedAt, messageId]);
  const groups = [...Map.groupBy(rows, ({ event }) => canonicalText({ ...event, focus: null })).values()].map(
    (same): Group => ({ first: same[0] as Row, ids: same.map(({ id }) => id) }),
  );
  const places = await db.query<Place>(PLACES, [subscriptions.map(({ id }) => id), rows.map(({ id }) => id)]);
  const answers: Answer[] = [];
  for (const stored of subscriptions) {
    const facts = (await db.query<Facts>(FACTS, [stored.id])).rows[0] as Facts;
    for (const group of groups) {
      const place = places.rows.find(
        ({ subscription, event }) => subscription === stored.id && group.ids.includes(event),
      );
      const { code } = group.first.event;
      const [cause, words] = place
        ? placed(stored, place, facts)
        : await unplaced(db, stored, { group, facts });
      answers.push({ code, at: group.first.at, subscription: stored.id, cause, words });
    }
  }
  return answers;
}

type Said = [Cause, string];

function placed(stored: Stored, { number, withheld }: Place, facts: Facts): Said {
  const { failures, next, outcome } = facts;
  const wait =
    failures > 0
      ? `: ${failures} tries failed, the last with ${outcome}; the next is at ${next?.toISOString() ?? 'no time yet'}`
      : '';
  if (number === null && stored.status === 'requested')
    return ['not-answered', 'its handshake was not answered yet'];
  if (number === null) return ['not-numbered-yet', `it waits for its number, status ${stored.status}${wait}`];
  if (withheld) return ['emptied', `number ${number} was emptied: the policy hid it before it was sent`];
  if (number <= stored.deliveredNumber) return ['delivered', `number ${number} was answered with 2xx`];
  return ['to-be-sent', `number ${number} is to be sent, status ${stored.status}${wait}`];
}

async function unplaced(
  db: Db,
  stored: Stored,
  { group, facts }: { group: Group; facts: Facts },
): Promise<Said> {
  const { first } = group;
  if (!first.published) return ['not-published', 'it is in the outbox: is a worker running?'];
  if (facts.created > first.at)
    return ['made-later', `the subscription was made at ${facts.created.toISOString()}`];
  const unmet = unmetClause(first.event, stored);
  if (unmet !== null) return ['not-matched', unmet];
  if (stored.status === 'off') return ['off', `it is switched off${facts.error ? ` (${facts.error})` : ''}`];
  const question = { stored, event: first.event, at: first.at, asked: stored.content, numbered: false };
  const [verdict] = await askAccess(db, [question]);
  return verdict && !verdict.told
    ? ['withheld', verdict.why?.() ?? 'by a limit of its rate']
    : ['not-told', 'it may know of it today, and was not told: it could not then, or was off then'];
}

/** The first clause of its filters that the event does not meet. */
function unmetClause(
  { code, journey, stage, persons, services }: Event,
  { resource }: Stored,
): string | null {
  const has = { event: [code], journey: [journey], stage: [stage], patient: persons, service: services };
  const filters = filtersOf(resource);
  for (const clause of Map.groupBy(filters, (filter) => filter.clause).values()) {
    const isMet = clause.some(({ kind, value }) => (has[kind] as (string | null)[]).includes(value));
    const wanted = clause.map(({ value }) => value).join(',');
    if (!isMet) return `its filter ${clause[0]?.kind}=${wanted} does not hold of it`;
  }
  const isOptedIn = filters.some(({ kind, value }) => kind === 'event' && value === 'encounter');
  return code === 'encounter' && !isOptedIn ? 'contacts are told to who asks for event=encounter' : null;
}
