/**
 * Children of whom one holder of parental responsibility agreed to what another refuses: a question for
 * people.
 */
import { asOf } from '../../store/clock.ts';
import type { Db } from '../../store/pool.ts';

const GIVEN = `jsonb_path_query_first(s.content,
  '$.extension[*].extension[*] ? (@.url == "holder").valueCode') #>> '{}'`;
const FIND = `
with said as (select distinct s.person, s.content #>> '{provision,type}' as type, ${GIVEN} as holder
  from statement s where s.type = 'Consent' and s.person is not null and s.content ->> 'status' = 'active'
    and coalesce(s.content #>> '{provision,period,end}', '9999') >= $1)
select distinct p.person from said p join said d on d.person = p.person
 where p.type = 'permit' and d.type = 'deny' and p.holder <> d.holder order by p.person`;

/** Ids of Patients, while both words stand, whatever they are about. Meanwhile the refusal holds. */
export async function findDisagreements(db: Db, at = asOf()): Promise<string[]> {
  const { rows } = await db.query<{ person: string }>(FIND, [at.toISOString()]);
  return rows.map(({ person }) => person);
}
