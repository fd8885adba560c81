import type { EventCode } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { TAKES_BACK } from './told-before.ts';

/**
 * What was taken back from one recipient by what one message changed. `got`: what it had been told of that,
 * by which row and column of the sharing policy; `confirmed`: when it said that this is removed.
 */
export type TakenBack = {
  system: string | null;
  sector: string | null;
  subscription: string;
  number: number;
  code: EventCode;
  focus: { type: string; id: string };
  at: Date;
  told: boolean;
  confirmed: Date | null;
  got: { number: number; code: EventCode; category: string; content: string; at: string }[];
};

const TAKEN_BACK = `
select y.name as system, v.sector, n.subscription_id as subscription, n.number::float8 as number,
  e.event ->> 'code' as code, e.event -> 'focus' as focus, n.numbered_at as at, n.number <= s.delivered_number as told,
  r.confirmed_at as confirmed,
  (select coalesce(json_agg(json_build_object('number', p.number, 'code', o.event ->> 'code', 'category', o.event ->> 'category',
      'content', s.content, 'at', p.numbered_at) order by p.number), '[]')
    from notification p join event o on o.id = p.event_id
   where p.subscription_id = n.subscription_id and p.number < n.number and (o.event -> 'focus' = e.event -> 'focus'
     or (o.event ->> 'code' = 'member-linked' and o.event -> 'persons' ? (e.event -> 'focus' ->> 'id')))) as got
from event e join notification n on n.event_id = e.id join subscription s on s.id = n.subscription_id
  left join system y on y.id = s.system_id left join service v on v.id = y.service_id
  left join removal r on r.subscription_id = n.subscription_id and r.number = n.number
where e.at >= $1 and e.event -> 'message' ->> 'id' = $2 and e.event ->> 'code' = any($3)
order by y.name, n.subscription_id, n.number`;

/** By system and number. Who was told of nothing of it is not among them. */
export async function findTakenBackBy(
  db: Db,
  { messageId, receivedAt }: { messageId: string; receivedAt: Date },
): Promise<TakenBack[]> {
  return (await db.query<TakenBack>(TAKEN_BACK, [receivedAt, messageId, [...TAKES_BACK]])).rows;
}
