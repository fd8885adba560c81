import type { EventCode } from '../../model.ts';
import type { Db } from '../../store/pool.ts';

/** One event that a message made, and a subscription that was given a number for it; null: nobody was. */
export type ToldOf = {
  code: EventCode;
  subscription: string | null;
  /** Null: the operator's own subscription. */
  system: string | null;
  number: number | null;
  state: 'delivered' | 'to be sent' | 'emptied' | null;
};

/** An event is never older than the message that made it. */
const TOLD_OF = `
select e.event ->> 'code' as code, n.subscription_id as subscription, y.name as system, n.number::float8 as number,
  case when n.number is null then null when n.withheld then 'emptied'
    when n.number <= s.delivered_number then 'delivered' else 'to be sent' end as state
from event e left join notification n on n.event_id = e.id left join subscription s on s.id = n.subscription_id
  left join system y on y.id = s.system_id
where e.at >= $1 and e.event -> 'message' ->> 'id' = $2 and e.event ->> 'code' <> 'recheck'
order by e.id, y.name, n.number limit 1000`;

/** Who was told of what one message changed, in order; at most 1,000. */
export async function findTold(
  db: Db,
  { messageId, receivedAt }: { messageId: string; receivedAt: Date },
): Promise<ToldOf[]> {
  return (await db.query<ToldOf>(TOLD_OF, [receivedAt, messageId])).rows;
}
