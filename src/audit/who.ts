/**
 * Who was told what about a person or a family, by an answer or by a notification. Ids and names of services
 * only.
 */
import type { Human } from '../model.ts';
import type { Db } from '../store/pool.ts';

/**
 * `system` null: the operator, whose name is in `by`. `ids`: what was given, or of a refusal what was asked
 * for and not given. `policy`: digest of the sharing policy then in force; null: of before it was kept.
 */
export type Disclosure = {
  at: Date;
  system: string | null;
  service: string | null;
  by: string | null;
  kind: string;
  way: string;
  outcome: string;
  type: string | null;
  ids: string[];
  policy: string | null;
  /** Code of the footing in law on which it was told; null: nothing was, or before that was kept. */
  basis: string | null;
  request: string | null;
  /** The person at that system, where one proved who they are. */
  human: Pick<Human, 'issuer' | 'subject' | 'role' | 'organisation'> | null;
};

/**
 * All ids by which somebody was spoken of: of a person, whose ids were those of its charts; of a journey, of
 * whoever is in it.
 */
const IDS = `
with asked as (select $1::uuid as id union select person from member where journey = $1),
  persons as (select coalesce(s.person, s.key) as id from statement s join asked on asked.id = s.key
    where s.type = 'Patient')
select id from asked union
select c.key from statement c join persons on persons.id = c.person where c.type = 'Patient'`;

// A notification counts from the first attempt to send it. Events are kept for 90 days.
const WHO = `
select a.at, y.name as system, v.ods || '|' || v.team as service, a.name as by, a.kind, a.interaction as way, a.outcome,
  a.type, a.ids, a.policy, a.basis, a.request, a.human
from audit a left join system y on y.id = a.system_id left join service v on v.id = a.service
where a.persons && $1::uuid[] and a.at >= $2
union all
select first.at, y.name, v.ods || '|' || v.team, null, 'notification', e.event ->> 'code',
  case when n.withheld then 'withheld since' when n.number <= s.delivered_number then 'delivered' else 'sent' end,
  e.event -> 'focus' ->> 'type', array[(e.event -> 'focus' ->> 'id')::uuid], first.policy, first.basis, null, null
from event e join notification n on n.event_id = e.id join subscription s on s.id = n.subscription_id
  left join system y on y.id = s.system_id left join service v on v.id = y.service_id
  cross join lateral (select t.at, t.policy, t.basis from attempt t where t.subscription_id = n.subscription_id
    and n.number between t.first_number and t.last_number order by t.id limit 1) first
where e.event -> 'persons' ?| $1::text[] and first.at >= $2
order by at, system, way, type, ids`;

/** Oldest first; `id`: of a person, a chart or a journey. */
export async function findDisclosures(db: Db, id: string, since: Date): Promise<Disclosure[]> {
  const { rows } = await db.query<{ id: string }>(IDS, [id]);
  return (await db.query<Disclosure>(WHO, [rows.map((one) => one.id), since])).rows;
}
