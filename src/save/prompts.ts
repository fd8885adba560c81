/** SQL of prompts. */
import type { Db } from '../store/pool.ts';

/** The chart that leads to the family of a Task. */
export async function ownerOfTask(db: Db, id: string): Promise<string> {
  const sql = "select owner from resource where type = 'Task' and id = $1";
  const { rows } = await db.query<{ owner: string }>(sql, [id]);
  return rows[0]?.owner ?? '';
}

// A row may be committed after others that have a higher number: some are read again.
const OVERLAP = 5_000;
const CARE_FOCUS = 'https://skein.example/fhir/StructureDefinition/care-focus';
const OBSERVING = `
select coalesce(s.team, y.service_id) as service, left(s.first, 10)::date - date '1970-01-01' as day,
  max(s.seq)::text as last
from statement s join system y on y.id = s.system_id
where s.seq > $1::bigint - ${OVERLAP} and (s.type = 'Observation' or (s.type = 'Encounter'
    and s.content @> '{"extension": [{"url": "${CARE_FOCUS}"}]}'))
  and case s.type when 'Observation' then s.content @> '{"code": {"coding": [{"code": "infant-observed"}]}}'
    else exists (select from jsonb_array_elements(s.content -> 'extension') e
      where e ->> 'url' = '${CARE_FOCUS}' and e #>> '{valueCodeableConcept,coding,0,code}' = any($2)) end
group by 1, 2`;

/** Days (since 1970, as their senders date them) on which services sent word of infants; `last`: a row. */
export type ObservingRow = { service: string; day: number; last: string };

/** What came after a row: contacts with one of these care focuses, and observations. */
export async function readObserving(db: Db, after: string, focus: string[]): Promise<ObservingRow[]> {
  const { rows } = await db.query<ObservingRow>(OBSERVING, [after, focus]);
  return rows;
}

const WAKE = `
insert into due (owner, at) select distinct i.person, now() from involvement i join member m using (person)
  where i.service = any($1::uuid[]) and i.state = 'open' and m.role = 'mother'
on conflict (owner) do update set at = least(due.at, excluded.at)`;

/** Lets the families of the mothers whom these services care for be computed again. */
export async function wakeFamiliesOf(db: Db, services: string[]): Promise<void> {
  await db.query(WAKE, [services]);
}
