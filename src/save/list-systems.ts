/** SQL of the list of systems: how each is registered, and when it was last heard. No message, no person. */
import type { Db } from '../store/pool.ts';

/** `heardAt`: the hour of its last message of the last nine weeks. */
export type ListedSystem = {
  id: number;
  name: string;
  service: string;
  ods: string;
  team: string;
  sector: string | null;
  source: string | null;
  isRegistered: boolean;
  isDisabled: boolean;
  heardAt: Date | null;
};
/** `counts`: messages by state. `answered`: subscriptions that have answered, `subscriptions`: all. */
export type SystemFacts = ListedSystem & {
  counts: { status: string; count: number }[];
  firstAt: Date | null;
  subscriptions: number;
  answered: number;
  hasDuty: boolean;
};

const LIST = `
select y.id, y.name, v.name as service, v.ods, v.team, v.sector, y.source, v.registered as "isRegistered",
  y.disabled_at is not null as "isDisabled", (select max(hour) from heard h where h.system_id = y.id) as "heardAt"
from system y join service v on v.id = y.service_id where not y.for_pages`;

export async function readSystems(db: Db): Promise<ListedSystem[]> {
  return (await db.query<ListedSystem>(`${LIST} order by y.name`)).rows;
}

const FACTS = `
select l.*, coalesce((select json_agg(json_build_object('status', status, 'count', n) order by status) from (
    select status, count(*) as n from intake i where i.system_id = l.id group by 1) c), '[]') as counts,
  (select min(received_at) from intake i where i.system_id = l.id) as "firstAt",
  (select count(*)::int from subscription s where s.system_id = l.id and s.deleted_at is null) as subscriptions,
  (select count(*)::int from subscription s where s.system_id = l.id and s.deleted_at is null
    and s.delivered_number > 0) as answered,
  exists (select from duty_contact d join system y on y.service_id = d.service where y.id = l.id) as "hasDuty"
from (${LIST} and y.id = $1) l`;

/** Null where there is none of this id. */
export async function readSystem(db: Db, id: number): Promise<SystemFacts | null> {
  return (await db.query<SystemFacts>(FACTS, [id])).rows[0] ?? null;
}
