import { randomUUID } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import { addSystem } from '../../src/access/register/systems.ts';
import { indexRows } from '../../src/fhir/index-rows.ts';
import type { Lineage, Role, Sources, System } from '../../src/model.ts';
import type { TestDatabase } from '../support/database.ts';

export type Stored = {
  persons?: string[];
  authors?: string[];
  service?: string | null;
  version?: number;
  updatedAt?: string;
  recordId?: string;
  sources?: Sources;
};

/** That anybody with standing may know of: somebody's chart, and care by somebody. */
export function sourcesOf(resource: Resource): Sources | null {
  const care = [{ service: SOMEBODY, authors: [SOMEBODY] }];
  if (resource.resourceType !== 'Patient')
    return resource.resourceType === 'Group' || resource.resourceType === 'CareTeam' ? { care } : null;
  const chart = { author: SOMEBODY, content: resource, named: true, verified: true, care, referredTo: [] };
  return { charts: [chart] };
}
const SOMEBODY = randomUUID();

/** Puts a resource into the store as save would: row, index rows. Gives its row id. */
export async function store(
  database: TestDatabase,
  resource: Resource,
  stored: Stored = {},
): Promise<string> {
  const {
    persons = [],
    authors = [],
    service = null,
    version = 1,
    updatedAt = new Date().toISOString(),
  } = stored;
  const { rows } = await database.pool.query<{ row_id: string }>(
    `insert into resource (type, id, version, updated_at, content, persons, authors, service, digest, record_id, sources)
     values ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10) returning row_id`,
    [
      resource.resourceType,
      resource.id,
      version,
      updatedAt,
      resource,
      persons,
      authors,
      service,
      stored.recordId ?? null,
      stored.sources ?? sourcesOf(resource),
    ],
  );
  const id = rows[0]?.row_id as string;
  const index = indexRows(database.key, resource);
  for (const { param, hash } of index.tokens)
    await database.pool.query('insert into index_token values ($1, $2, $3)', [id, param, hash]);
  for (const { param, low, high } of index.dates)
    await database.pool.query('insert into index_date values ($1, $2, $3, $4)', [id, param, low, high]);
  for (const { param, value } of index.strings)
    await database.pool.query('insert into index_string values ($1, $2, $3)', [id, param, value]);
  return id;
}

/** Puts an earlier version of a stored resource into its history. */
export async function storePast(
  database: TestDatabase,
  rowId: string,
  resource: Resource,
  version: number,
): Promise<void> {
  await database.pool.query(
    `insert into resource_history (row_id, type, id, version, updated_at, content, persons, authors, service,
       sources)
     select row_id, type, id, $2, updated_at - interval '1 hour', $3, persons, authors, service, $4
     from resource where row_id = $1`,
    [rowId, version, resource, sourcesOf(resource)],
  );
}

/** A patient with an open place in the caseload of some services. */
export async function storePatient(
  database: TestDatabase,
  patient: object,
  services: string[] = [],
  stored: Stored = {},
): Promise<string> {
  const id = randomUUID();
  await store(database, { resourceType: 'Patient', id, ...patient } as Resource, {
    persons: [id],
    ...stored,
  });
  for (const service of services) await involve(database, id, service);
  return id;
}

/** Care of a person in the journey that they are in, or join later. */
export async function involve(
  database: TestDatabase,
  person: string,
  service: string,
  state = 'open',
): Promise<void> {
  await database.pool.query(
    `insert into involvement (person, service, state, since, journey)
     values ($1, $2, $3, now(), (select journey from member where person = $1 limit 1))`,
    [person, service, state],
  );
}

export async function join(
  database: TestDatabase,
  journey: string,
  members: Record<string, Role>,
): Promise<void> {
  for (const [person, role] of Object.entries(members))
    await database.pool.query(
      `with joined as (insert into member (journey, person, role) values ($1, $2, $3))
       update involvement set journey = $1 where person = $2 and journey is null`,
      [journey, person, role],
    );
}

export async function storeRecord(database: TestDatabase, lineage: Lineage[]): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `insert into record (message_id, system_id, position, said_at, stamp, mapping, mode, statements, lineage)
     values (1, 1, '', now(), '', 'm@1', 'snapshot', '[]', $1) returning id`,
    [JSON.stringify(lineage)],
  );
  return rows[0]?.id as string;
}

export async function register(database: TestDatabase, name: string, sector: string | null): Promise<System> {
  const added = { name, ods: name.toUpperCase(), team: 'team', sector, kind: null, source: null };
  return (await addSystem(database.pool, database.key, added)).system;
}

/** A synthetic NHS number: begins 999 and passes Modulus 11. */
export function nhsNumber(serial: number): string {
  const digits = `999${String(serial).padStart(6, '0')}`;
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (10 - index), 0);
  const check = (11 - (sum % 11)) % 11;
  return check === 10 ? nhsNumber(serial + 500_000) : `${digits}${check}`;
}
