import type { Patient } from '@medplum/fhirtypes';
import type { Db } from '../../store/pool.ts';

const AUTHORED = `
select s.person, s.content from statement s join system y on y.id = s.system_id
where s.person = any($1::uuid[]) and y.service_id = $2 and s.type = 'Patient'
order by greatest(s.base, (select max(value) from jsonb_each_text(s.times))), s.key desc`;

/**
 * What a service sent itself of these persons, by person: its own Patient statements put together, the newest word per element.
 * Nothing of what others said, nor whether anybody else did. Persons it never spoke of are missing.
 */
export async function authoredPatients(
  db: Db,
  service: string,
  persons: string[],
): Promise<Map<string, Patient>> {
  if (persons.length === 0) return new Map();
  const { rows } = await db.query<{ person: string; content: Patient }>(AUTHORED, [persons, service]);
  const patients = new Map<string, Patient>();
  for (const { person, content } of rows) {
    const { link: _internal, contained: _contained, meta: _meta, ...said } = content;
    patients.set(person, { ...patients.get(person), ...said, id: person });
  }
  return patients;
}

/** A projected Patient with what its reader itself sent added where the projection is silent. */
export function withAuthored(seen: Patient | null, authored: Patient | undefined): Patient | null {
  return authored ? { ...authored, ...seen, resourceType: 'Patient' } : seen;
}
