import { PROMPTS } from '../../access/decide/prompt-rules.ts';
import type { Event } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Stored } from '../subscribe/stored.ts';

/** A subscription numbers no more than this in a day, or the ceiling counts the newest of them. */
const LOOKED_AT = 5_000;
const TOLD = `
select s.id, count(*)::int as n from unnest($1::uuid[], $2::bigint[]) as s (id, last)
  join notification n on n.subscription_id = s.id and n.number > s.last - ${LOOKED_AT}
  join event e on e.id = n.event_id
where n.numbered_at > $3::timestamptz - interval '1 day' and e.event ? 'prompt'
  and e.event ->> 'code' = 'prompt-raised' group by 1`;

type Raised = { stored: Stored; event: Event };

/**
 * Of prompts about to be told, in the order of telling, those past what their owner is told in a day: it
 * finds them by a search. What must be verified has no ceiling.
 */
export async function pastCeiling<Question extends Raised>(
  db: Db,
  told: Question[],
  at: Date,
): Promise<Set<Question>> {
  const most = PROMPTS['every-prompt']?.perOwnerPerDay ?? Number.POSITIVE_INFINITY;
  const raised = told.filter(({ event }) => event.code === 'prompt-raised' && event.prompt !== undefined);
  if (raised.length === 0) return new Set();
  const stored = [...new Map(raised.map((one) => [one.stored.id, one.stored])).values()];
  const values = [stored.map(({ id }) => id), stored.map(({ lastNumber }) => lastNumber), at];
  const { rows } = await db.query<{ id: string; n: number }>(TOLD, values);
  const counts = new Map(rows.map(({ id, n }) => [id, n]));
  return new Set(
    raised.filter(({ stored: { id } }) => {
      const count = (counts.get(id) ?? 0) + 1;
      counts.set(id, count);
      return count > most;
    }),
  );
}
