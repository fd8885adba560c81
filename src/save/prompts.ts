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
where s.seq > $1::bigint - ${OVERLAP} and s.first ~ '^[0-9]{4}-' and (s.type = 'Observation' or (s.type = 'Encounter'
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

/**
 * `cases`: raised since it was last switched on; `dismissed`: by their owners. `off`: since when, if it is.
 */
export type Cases = { code: string; cases: number; completed: number; dismissed: number; off: Date | null };

const CASES = `
with raised as (
  select distinct e.event ->> 'prompt' as code, e.event #>> '{focus,id}' as id from event e
  left join prompt_rule r on r.code = e.event ->> 'prompt'
  where e.event ? 'prompt' and e.event ->> 'code' = 'prompt-raised' and e.at > coalesce(r.on_at, '-infinity')),
answered as (select content ->> 'id' as id, content ->> 'status' as status from statement where type = 'Task')
select code, count(*)::int as cases, count(*) filter (where a.status = 'completed')::int as completed,
  count(*) filter (where a.status in ('cancelled', 'rejected'))::int as dismissed, max(r.off_at) as off
from raised left join answered a using (id) left join prompt_rule r using (code) group by code order by code`;

/** What became of what each rule raised. */
export async function countCases(db: Db): Promise<Cases[]> {
  const { rows } = await db.query<Cases>(CASES);
  return rows;
}

/** Rules that are off, and since when. */
export async function readOff(db: Db): Promise<{ code: string; at: Date }[]> {
  const sql = 'select code, off_at as at from prompt_rule where off_at is not null order by code';
  const { rows } = await db.query<{ code: string; at: Date }>(sql);
  return rows;
}

export async function switchOff(db: Db, code: string): Promise<void> {
  await db.query(
    `insert into prompt_rule (code, off_at) values ($1, now())
     on conflict (code) do update set off_at = coalesce(prompt_rule.off_at, excluded.off_at)`,
    [code],
  );
}

/** Its cases are counted from now on. Gives whether it was off. */
export async function switchOn(db: Db, code: string): Promise<boolean> {
  const sql = 'update prompt_rule set off_at = null, on_at = now() where code = $1 and off_at is not null';
  return (await db.query(sql, [code])).rowCount === 1;
}
