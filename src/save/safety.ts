/** SQL of safety holds: who is held, for those who lift them; ids only. And of consents. */
import type { Consent } from '@medplum/fhirtypes';
import type { Db } from '../store/pool.ts';

/**
 * `service`: `ODS|team` of whoever placed it first, null where that was the operator; `since`: null, and no
 * service, where the hold was placed on somebody else and reaches this person.
 */
export type HeldRow = { person: string; since: string | null; service: string | null };

const HELD = `
with placed as (
  select distinct on (c.person) c.person, s.content #>> '{period,start}' as since,
    split_part(s.content #>> '{author,reference}', '/', 2) as author
  from statement s join system y on y.id = s.system_id join service v on v.id = y.service_id
    join statement c on c.key = s.chart
  where s.type = 'Flag' and v.sector = $1 and s.content @> $2::jsonb and c.person is not null
  order by c.person, s.content #>> '{period,start}'),
reached as (select distinct person from member where held and person not in (select person from placed))
select p.person, p.since, v.ods || '|' || v.team as service
  from placed p left join service v on v.id::text = p.author
union all select person, null, null from reached
order by since nulls last, person`;

/** `sector`, `code`: of the statements that place holds (src/link/safety/statements.ts). */
export async function findHeldPersons(db: Db, sector: string, code: string): Promise<HeldRow[]> {
  const active = { status: 'active', code: { coding: [{ code }] } };
  return (await db.query<HeldRow>(HELD, [sector, JSON.stringify(active)])).rows;
}

const BY_ID = "type = 'Consent' and content ->> 'id' = $1";

/** The persons whom a Consent is of now, by its id. */
export async function personsOfConsent(db: Db, id: string): Promise<string[]> {
  const sql = `select distinct person from statement where ${BY_ID} and person is not null`;
  return (await db.query<{ person: string }>(sql, [id])).rows.map(({ person }) => person);
}

/**
 * Where it is of several by now, whoever it was first said of; null where that is nobody any more, as after a
 * change of identity.
 */
export async function consentById(db: Db, id: string): Promise<{ person: string; content: Consent } | null> {
  const sql = `select person, content from statement where ${BY_ID}
    and exists (select from resource r where r.type = 'Patient' and r.id = person) order by seq limit 1`;
  return (await db.query<{ person: string; content: Consent }>(sql, [id])).rows[0] ?? null;
}

/** Whom a resource is about: the person in whose compartment it is; null where there is none. */
export async function findSubject(db: Db, type: string, id: string): Promise<string | null> {
  const sql = 'select persons[1] as person from resource where type = $1 and id = $2';
  return (await db.query<{ person: string | null }>(sql, [type, id])).rows[0]?.person ?? null;
}
