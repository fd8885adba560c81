/**
 * What has expired of each category whose rows go one by one. `$1`: before when; `$2`: at most so many.
 * `found` gives for each its key, and `at`; `remove` prunes them.
 */
import type { Category } from '../access/decide/retention.ts';

/** Held or failed, or with a row that is: by the same words as replay. */
const WAITS = `exists (select from intake i where i.system_id = m.system_id and i.identifier = m.identifier
  and i.message_id = m.id and (i.status in ('held', 'failed')
    or i.units @> '[{"status": "held"}]' or i.units @> '[{"status": "failed"}]'))`;
/** What Skein itself keeps of what people decided: who, and why, is nowhere else. */
const IS_OWN = `m.system_id in (select y.id from system y join service v on v.id = y.service_id where v.ods = 'skein')`;
/** Whoever is under a hold, or was looked at in an emergency that nobody has reviewed. */
const IS_GUARDED = (persons: string) => `exists (
  select person from member where held and person = any(${persons})
  union all select person from glass where verdict is null and person = any(${persons}))`;
const PERSONS_OF_EVENT = `array(select jsonb_array_elements_text(e.event -> 'persons')::uuid)`;

type Expiring = { found: string; remove: string };

/** Of one that waited it is kept that it is lost: `skein_expired_held_messages`. */
const bodies = (which: string): Expiring => ({
  found: `select m.id, m.received_at as at from message m
    where m.body is not null and m.received_at < $1 and not (${IS_OWN}) and ${which}`,
  remove: `, destroyed as (
    update message m set body = null, body_key = null from expired e
     where m.id = e.id and m.received_at = e.at returning m.id, m.system_id, m.identifier)
  , lost as (update intake i set expired_at = now() from destroyed m
   where i.system_id = m.system_id and i.identifier = m.identifier and i.message_id = m.id and ${which === WAITS})
  select from destroyed`,
});

export const EXPIRING: Partial<Record<Category, Expiring[]>> = {
  'raw-message': [bodies(`not ${WAITS}`)],
  'held-message': [bodies(WAITS)],
  notification: [
    {
      found: `select n.subscription_id, n.number, n.numbered_at as at
        from notification n join subscription s on s.id = n.subscription_id left join event e on e.id = n.event_id
       where n.numbered_at < $1
         and (n.number <= s.delivered_number or (s.status = 'off' and coalesce(s.waits_until <= now(), true)))
         and not ${IS_GUARDED(PERSONS_OF_EVENT)}`,
      remove: `delete from notification n using expired x
        where n.subscription_id = x.subscription_id and n.number = x.number`,
    },
    {
      // Another 90 days: a subscriber that was away for months is still to be told of it.
      found: `select e.id, e.at from event e where e.at < $1::timestamptz - interval '90 days'
        and not exists (select from pending p where p.event_id = e.id) and not ${IS_GUARDED(PERSONS_OF_EVENT)}`,
      remove: 'delete from event e using expired x where e.id = x.id',
    },
  ],
  history: [
    {
      found: `select h.id, h.type, h.version, h.updated_at as at from resource_history h
        where h.updated_at < $1 and not ${IS_GUARDED('h.persons')}`,
      remove: `delete from resource_history h using expired x
        where h.id = x.id and h.type = x.type and h.version = x.version and h.updated_at = x.at`,
    },
  ],
};

export const countOf = ({ found }: Expiring): string =>
  `select count(*)::int as n, min(at) as since from (${found}) expired`;
/** Oldest first, so that each category begins where it ended. */
export const pruneOf = ({ found, remove }: Expiring): string =>
  `with expired as materialized (${found} order by at limit $2) ${remove}`;
