/**
 * The teams of a feed: a system that sends for several has a table, written by its operator, of what its
 * messages say and which service they are then from. What a message says chooses among these rows and names
 * no service by itself.
 */
import type pg from 'pg';
import { recordRegistration } from '../../audit/record.ts';
import { rejected } from '../../errors.ts';
import { ORIGIN_KEYS, type Origin, type OriginKey } from '../../formats/hl7v2-origin.ts';
import type { Service, System } from '../../model.ts';
import { type Db, transaction } from '../../store/pool.ts';
import { forget, remember } from './cache.ts';
import { findSystem, isUnknown, saveTeam } from './systems.ts';

/** What a row asks: all of it must be said by a message. Values in capitals. */
export type TeamKeys = Partial<Record<OriginKey, string>>;
export type TeamRow = { keys: TeamKeys; service: Service };
/** `ods` is the organisation of the system itself where it is not given. */
export type NewTeam = {
  keys: TeamKeys;
  ods?: string | undefined;
  team: string;
  sector: string | null;
  kind: string | null;
  serviceName?: string | undefined;
};

const LIST = `
select json_strip_nulls(json_build_object('ward', t.ward, 'hospital-service', t.hospital_service,
    'facility', t.facility)) as keys,
  json_build_object('id', v.id, 'name', v.name, 'ods', v.ods, 'team', v.team, 'sector', v.sector,
    'kind', v.kind) as service
from system_team t join service v on v.id = t.service_id where t.system_id = $1`;

/** The rows of a system in the order in which they are asked: the first that fits decides. */
export function teamsOf(db: Db, { id }: Pick<System, 'id'>): Promise<TeamRow[]> {
  return remember(db, `teams ${id}`, async () => {
    const { rows } = await db.query<TeamRow>(LIST, [id]);
    return rows.sort((a, b) => rankOf(b) - rankOf(a) || (nameOf(a.keys) < nameOf(b.keys) ? -1 : 1));
  });
}

/** Who asks more goes first; of as many, a ward before a hospital service before a facility. */
const rankOf = ({ keys }: TeamRow): number =>
  ORIGIN_KEYS.reduce((rank, key, place) => rank + (keys[key] ? 8 + 2 ** (2 - place) : 0), 0);

/** The first row of which the message says all that it asks. */
export const chooseTeam = (rows: TeamRow[], origin: Origin): TeamRow | undefined =>
  rows.find(({ keys }) =>
    Object.entries(keys).every(([key, value]) => origin[key as OriginKey]?.value === value),
  );

/** What a row asks, for people: `ward LABOUR`, `hospital-service 501, ward LABOUR`. */
export const nameOf = (keys: TeamKeys): string =>
  Object.entries(keys)
    .map(([key, value]) => `${key} ${value}`)
    .sort()
    .join(', ');

/**
 * Adds a row, and registers its service where it is not registered yet, in one transaction. Throws Rejected:
 * 404 for a system that is not registered, 409 for a row that is there and for a service of another sector,
 * 422 as `addSystem`.
 */
export async function addTeam(pool: pg.Pool, key: Buffer, name: string, added: NewTeam): Promise<TeamRow> {
  const system = await registered(pool, name);
  const { keys, serviceName = `${system.name} ${added.team}`, ods = system.service.ods, ...team } = added;
  const service = await transaction(pool, async (client) => {
    const saved = await saveTeam(client, key, { ...team, ods, name: serviceName });
    const row = [system.id, keys.facility, keys.ward, keys['hospital-service'], saved.id];
    const { rowCount } = await client.query(ADD, row);
    if (rowCount === 0)
      throw rejected(409, 'duplicate', `${nameOf(keys)} of ${system.name} has a team already`);
    await recordRegistration(client, 'team-add', name);
    return saved;
  });
  forget();
  return { keys, service };
}

const ADD = `insert into system_team (system_id, facility, ward, hospital_service, service_id)
  values ($1, $2, $3, $4, $5) on conflict do nothing`;

/** Takes out the row that asks exactly this: what it placed stays as it was said. Throws Rejected 404. */
export async function removeTeam(pool: pg.Pool, name: string, keys: TeamKeys): Promise<void> {
  const system = await registered(pool, name);
  const sql = `delete from system_team where system_id = $1 and facility is not distinct from $2
    and ward is not distinct from $3 and hospital_service is not distinct from $4`;
  const asked = [system.id, keys.facility ?? null, keys.ward ?? null, keys['hospital-service'] ?? null];
  await transaction(pool, async (client) => {
    const { rowCount } = await client.query(sql, asked);
    if (rowCount === 0) throw rejected(404, 'not-found', `${nameOf(keys)} of ${system.name} has no team`);
    await recordRegistration(client, 'team-remove', name);
  });
  forget();
}

/** Throws Rejected 404, also for one that nobody registered and that only sent something. */
export async function registered(db: Db, name: string): Promise<System> {
  const system = await findSystem(db, name);
  if (!system || isUnknown(system.service))
    throw rejected(404, 'not-found', `no system "${name}" is registered: skein system add`);
  return system;
}
