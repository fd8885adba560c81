import type { Payload } from '../../access/decide/policy.ts';
import type { Event, EventCode } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Stored } from '../subscribe/stored.ts';
import type { Focus } from './find-focuses.ts';

/** `numbered`: it was told, or is about to be; else it waits for a number. `at`: when the event was saved. */
export type Question = { stored: Stored; event: Event; at: Date; asked: Payload; numbered: boolean };

/**
 * What takes something back is told, ids only, to whoever was told of it before, readable or not (sharing
 * rule 21).
 */
export const TAKES_BACK: ReadonlySet<EventCode> = new Set([
  'withdrawn',
  'member-unlinked',
  'person-merged',
  'person-unmerged',
  'loss-retracted',
]);

// A loss is taken back from whom it was told to: that the journey was told of says nothing of a loss.
const BEFORE = `
select a.n from unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[], $5::text[]) as a (n, subscription_id,
  type, id, code)
where case when a.code = 'loss-retracted'
  then exists (select from notification n join event e on e.id = n.event_id
    where n.subscription_id = a.subscription_id and e.event ->> 'code' = 'loss' and (e.event -> 'focus' ->>
      'id')::uuid = a.id)
  else exists (select from told t
    where t.id = a.id and t.subscription_id = a.subscription_id and t.type = a.type) end`;

const STOPPED = `
select distinct on (a.n) a.n, e.event -> 'focus' as focus
from unnest($1::int[], $2::uuid[], $3::text[]) as a (n, subscription_id, person)
  join notification n on n.subscription_id = a.subscription_id join event e on e.id = n.event_id
where e.event ->> 'code' = 'contact-stop' and e.event -> 'persons' ->> 0 = a.person
order by a.n, n.number desc`;

/**
 * Of what takes a loss back: what its recipient was told to stop by, last, of the same death. (The first
 * person of both events is who died.)
 */
export async function findStopped(db: Db, questions: Question[]): Promise<Map<Question, Focus>> {
  const asked = questions.filter(({ event, numbered }) => event.code === 'loss-retracted' && !numbered);
  if (asked.length === 0) return new Map();
  const { rows } = await db.query<{ n: number; focus: Focus }>(STOPPED, [
    ...[asked.map((_, index) => index), asked.map(({ stored }) => stored.id)],
    asked.map(({ event }) => event.persons[0] ?? ''),
  ]);
  return new Map(rows.map(({ n, focus }) => [asked[n] as Question, focus]));
}

/**
 * Those questions whose recipient was told before of what the event takes back, or tells late. One that has a
 * number was told itself.
 */
export async function findToldBefore(db: Db, questions: Question[]): Promise<Set<Question>> {
  const asked = questions.filter(({ event }) => TAKES_BACK.has(event.code) || event.late);
  const waiting = asked.filter(({ numbered }) => !numbered);
  const found = new Set(asked.filter(({ numbered }) => numbered));
  if (waiting.length === 0) return found;
  const { rows } = await db.query<{ n: number }>(BEFORE, [
    ...[waiting.map((_, index) => index), waiting.map(({ stored }) => stored.id)],
    ...[waiting.map(({ event }) => event.focus.type), waiting.map(({ event }) => event.focus.id)],
    waiting.map(({ event }) => event.code),
  ]);
  for (const { n } of rows) found.add(waiting[n] as Question);
  return found;
}
