/** By which system people of a service speak on pages: one for each service, that no software can be. */
import { rejected } from '../../errors.ts';
import type { Service, System } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { SYSTEM_COLUMNS } from './systems.ts';

// A sender may have taken the name before: then it is another one.
const MAKE = `
insert into system (name, service_id, source, for_pages)
  select name, $2, 'fhir-r4', true from unnest($1::text[]) with ordinality given (name, place)
   where not exists (select from system where system.name = given.name) order by place limit 1
on conflict do nothing`;
const FIND = `select ${SYSTEM_COLUMNS} from system y join service v on v.id = y.service_id
  where y.for_pages and y.service_id = $1`;

/** Safe to call at once. Throws Rejected(403) where the operator has disabled it. */
export async function systemOfPages(db: Db, { id, ods, team }: Service): Promise<System> {
  const find = async () => (await db.query<System & { disabled: boolean }>(FIND, [id])).rows[0];
  let found = await find();
  if (!found) {
    const name = `pages of ${ods}|${team}`;
    await db.query(MAKE, [[name, `${name} (${id})`], id]);
    found = await find();
  }
  if (!found || found.disabled) throw rejected(403, 'forbidden', 'this service answers nothing on pages');
  return found;
}
