import { createHash } from 'node:crypto';
import type { Organization } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { indexRows } from '../../fhir/index-rows.ts';
import { canonicalText } from '../../fhir/references.ts';
import { KIND_SYSTEM } from '../../fhir/systems.ts';
import type { DutyContact, Service } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { forget, remember } from './cache.ts';

export const ODS_SYSTEM = 'https://fhir.nhs.uk/Id/ods-organization-code';
export const SERVICE_SYSTEM = 'https://skein.example/Id/service';
/** In place of the ODS code of a sender that gave none. */
export const UNKNOWN_ODS = 'UNKNOWN';

/** A service as everybody may see it: https://hl7.org/fhir/R4/organization.html */
export function serviceResource(service: Service): Organization {
  const { id, name, ods, team, kind } = service;
  const identifier = [
    ...(ods === UNKNOWN_ODS ? [] : [{ system: ODS_SYSTEM, value: ods }]),
    ...(team === '' ? [] : [{ system: SERVICE_SYSTEM, value: `${ods}|${team}` }]),
  ];
  const type = kind ? [{ coding: [{ system: KIND_SYSTEM, code: kind }] }] : undefined;
  return { resourceType: 'Organization', id, identifier, active: true, ...(type ? { type } : {}), name };
}

// The service, its Organization with history, and the index rows, in one statement. Registration fills in a
// service that so far was only known by name; nothing else changes one that exists.
const SAVE = `
with saved as (
  insert into service (id, name, ods, team, sector, kind, registered) values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (id) do update set name = excluded.name, sector = excluded.sector, kind = excluded.kind,
    registered = true
    where excluded.registered and not service.registered
  returning id),
past as (
  insert into resource_history (row_id, type, id, version, updated_at, content, persons, authors, service)
  select r.row_id, r.type, r.id, r.version, r.updated_at, r.content, r.persons, r.authors, r.service
  from resource r join saved using (id) where r.type = 'Organization' and r.digest <> $9),
present as (
  insert into resource as r (type, id, version, content, persons, authors, digest)
  select 'Organization', id, 1, $8::jsonb, '{}', '{}', $9 from saved
  on conflict (id, type) do update set version = r.version + 1, updated_at = now(), content =
    excluded.content,
    digest = excluded.digest where r.digest <> excluded.digest
  returning row_id),
stale_tokens as (delete from index_token i using present p where i.row_id = p.row_id),
stale_strings as (delete from index_string i using present p where i.row_id = p.row_id),
tokens as (
  insert into index_token (row_id, param, hash)
  select row_id, param, hash from present, jsonb_to_recordset($10::jsonb) as t(param smallint, hash bigint))
insert into index_string (row_id, param, value)
select row_id, param, value from present, jsonb_to_recordset($11::jsonb) as s(param smallint, value text)`;

/**
 * Stores a service with its Organization. Idempotent and safe to repeat at once from anywhere; `registered`
 * also fills in an unregistered one. Inside a transaction it must be the only service saved: two senders
 * could wait for each other's.
 */
export async function saveService(
  db: Db,
  key: Buffer,
  service: Service & { registered: boolean },
): Promise<void> {
  const { id, name, ods, team, sector, kind, registered } = service;
  const content = serviceResource(service);
  const digest = createHash('sha256').update(canonicalText(content)).digest('base64url').slice(0, 22);
  const { tokens, strings } = indexRows(key, content);
  const rows = [JSON.stringify(content), digest, JSON.stringify(tokens), JSON.stringify(strings)];
  await db.query(SAVE, [id, name, ods, team, sector, kind, registered, ...rows]);
  forget();
}

export function serviceId(key: Buffer, ods: string, team: string): string {
  return keyedId(key, 'service', ods, team);
}

const FIND = 'select id, name, ods, team, sector, kind from service';

export async function findService(db: Db, id: string): Promise<Service | null> {
  const { rows } = await db.query<Service>(`${FIND} where id = $1`, [id]);
  return rows[0] ?? null;
}

/**
 * The service that an ODS code and a team name; with the code alone, the one service registered under it.
 * Anything else becomes a service known by name only, with no sector, which therefore sees nothing of others.
 */
export function resolveService(db: Db, key: Buffer, ods: string, team: string | null): Promise<Service> {
  const code = ods.trim().toUpperCase();
  return remember(db, `service ${code}|${team ?? ''}`, async () => {
    if (!team) {
      const { rows } = await db.query<Service>(`${FIND} where ods = $1 and registered limit 2`, [code]);
      if (rows.length === 1) return rows[0] as Service;
    }
    const id = serviceId(key, code, team ?? '');
    const known = await findService(db, id);
    if (known) return known;
    const stub = {
      id,
      name: team ? `${code} ${team}` : code,
      ods: code,
      team: team ?? '',
      sector: null,
      kind: null,
    };
    await saveService(db, key, { ...stub, registered: false });
    return (await findService(db, id)) ?? stub;
  });
}

/** What others may be told of a registered service: what it does, and how its team is reached. */
export type Registered = Pick<Service, 'ods' | 'kind' | 'sector'> & { duty: DutyContact | null };

const REGISTERED = `select id, ods, kind, sector, case when d.service is not null then json_build_object(
    'phone', d.phone, 'hours', d.hours, 'confirmed', d.confirmed) end as duty
  from service left join duty_contact d on d.service = service.id where registered`;

/** Every registered service by its id. */
export function registeredServices(db: Db): Promise<ReadonlyMap<string, Registered>> {
  return remember(db, 'registered', async () => {
    const { rows } = await db.query<Registered & { id: string }>(REGISTERED);
    return new Map(rows.map(({ id, ...rest }) => [id, rest]));
  });
}
