/** SQL of all that was said of one person, for the list of what her copy has and has not. */
import type { Resource } from '@medplum/fhirtypes';
import type { Db } from '../store/pool.ts';

/** `service`: its id, `name`: `ODS|team`, `sector`: under which its word counts. */
export type SaidRow = {
  key: string;
  type: string;
  content: Resource;
  service: string;
  name: string;
  sector: string | null;
  at: Date;
};

const SAID = `
select s.key, s.type, s.content, v.id as service, v.ods || '|' || v.team as name, v.sector, r.said_at as at
from statement s join system y on y.id = s.system_id join service v on v.id = coalesce(s.team, y.service_id)
  join record r on r.id = s.record_id
where s.chart = any($1::uuid[]) or (s.key = any($1::uuid[]) and s.type = 'Patient')
order by s.seq`;

/** Every statement about these charts as it stands, oldest first, and when it was last said. */
export async function findSaid(db: Db, charts: string[]): Promise<SaidRow[]> {
  return (await db.query<SaidRow>(SAID, [charts])).rows;
}

/** Names of services (`ODS|team`) by id. */
export async function namesOf(db: Db, services: string[]): Promise<Map<string, string>> {
  const sql = "select id, ods || '|' || team as name from service where id = any($1::uuid[])";
  const { rows } = await db.query<{ id: string; name: string }>(sql, [services]);
  return new Map(rows.map(({ id, name }) => [id, name]));
}
