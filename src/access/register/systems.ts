import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { recordRegistration } from '../../audit/record.ts';
import { Rejected } from '../../errors.ts';
import type { Service, System } from '../../model.ts';
import { type Db, transaction } from '../../store/pool.ts';
import { type Payload, POLICY } from '../decide/policy.ts';
import { forget, remember } from './cache.ts';
import { findService, saveService, serviceId, UNKNOWN_ODS } from './services.ts';

/**
 * A system to register, and the service it acts for: `sector` is a row of the policy (null: sees only what it
 * sent).
 */
export type NewSystem = {
  name: string;
  ods: string;
  team: string;
  sector: string | null;
  kind: string | null;
  source: string | null;
  dialect?: string | null;
  onHeld?: string;
  /** Types and events of HL7 v2 that are acknowledged, counted and not kept. */
  ignore?: string[];
  /** What it may write in MSH-3 and MSH-4, as in `System`. */
  msh?: string[];
  /** What its NHS numbers are where its messages do not say. */
  numbers?: 'traced' | null;
  /** What people call the team; the system's name where absent. */
  serviceName?: string;
  /** The most that its controller agreed notifications may carry, under the ceiling of its sector. */
  payload?: Payload;
  /** E-mail address or URL by which the sender is told where another contradicts it. */
  dataQuality?: string | null;
};

/** What a System is read from: columns of `y`, a system, and of `v`, its service. */
export const SYSTEM_COLUMNS = `y.id, y.name, y.source, y.dialect, y.on_held as "onHeld", y.numbers, y.ignore,
  y.msh, y.scopes, y.disabled_at is not null as disabled, json_build_object('id', v.id, 'name', v.name, 'ods', v.ods,
  'team', v.team, 'sector', v.sector, 'kind', v.kind) as service`;
const FIND = `select ${SYSTEM_COLUMNS} from system y join service v on v.id = y.service_id`;

async function find(db: Db, condition: string, value: unknown): Promise<System | null> {
  const { rows } = await db.query<System>(`${FIND} where ${condition}`, [value]);
  return rows[0] ?? null;
}

export function findSystem(db: Db, name: string): Promise<System | null> {
  return remember(db, `system ${name}`, () => find(db, 'y.name = $1', name));
}

/**
 * Those that are let in, as registered at this moment: whoever is disabled, or has another token, is refused
 * at its next request, in every process.
 */
export function findActive(db: Db, name: string): Promise<System | null> {
  return find(db, 'y.disabled_at is null and y.name = $1', name);
}

export function findSystemByToken(db: Db, token: string): Promise<System | null> {
  return find(db, 'y.disabled_at is null and y.token_hash = $1', hashToken(token));
}

export async function listSystems(db: Db): Promise<System[]> {
  const { rows } = await db.query<System>(`${FIND} order by y.name`);
  return rows;
}

/** The `source` of every registered system that has one. */
export async function sourcesInUse(db: Db): Promise<string[]> {
  const sql = 'select distinct source from system where source is not null';
  const { rows } = await db.query<{ source: string }>(sql);
  return rows.map(({ source }) => source);
}

/** 256 random bits cannot be guessed, so a plain hash is enough and can be looked up. */
export const hashToken = (token: string) => createHash('sha256').update(token).digest();
export const newToken = () => randomBytes(32).toString('base64url');

function refuse(code: string, field: string, text: string): never {
  throw new Rejected(422, [{ severity: 'error', code, field, text }]);
}

const NO_CONTACT = 'the data-quality contact is an e-mail address or a URL';
const CONTACT = /^([^\s@]+@[^\s@]+\.[^\s@]+|https?:\/\/\S+)$/;

type Checked = Pick<NewSystem, 'name' | 'ods' | 'team' | 'sector' | 'kind' | 'dataQuality'>;

/** Throws Rejected 422 for what is no name, sector or kind, and for a sector that is never registered. */
export function checkTeam({ name, ods, team, sector, kind, dataQuality }: Checked): void {
  for (const [field, value] of Object.entries({ name, ods, team })) {
    if (value.trim() === '' || (field === 'ods' && value.includes('|')))
      refuse('value', field, `"${value}" is no ${field}`);
  }
  if (sector && POLICY.refusedSectors.includes(sector))
    refuse('business-rule', 'sector', `${sector} is never registered`);
  if (sector && !POLICY.rows.has(sector))
    refuse(
      'value',
      'sector',
      `unknown sector: ${sector}; it is one of ${[...POLICY.rows.keys()].sort().join(', ')}`,
    );
  if (dataQuality && !CONTACT.test(dataQuality)) refuse('value', 'data-quality', NO_CONTACT);
  if (kind && !POLICY.serviceKinds.includes(kind))
    refuse(
      'value',
      'kind',
      `unknown service kind: ${kind}; it is one of ${[...POLICY.serviceKinds].sort().join(', ')}`,
    );
}

// Registering a name that only registered itself takes it over; a registered one is refused.
const ADD = `
insert into system (name, service_id, source, dialect, on_held, token_hash, data_quality, numbers, ignore,
  msh)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (name) do update set service_id = excluded.service_id, source = excluded.source, dialect =
  excluded.dialect,
  on_held = excluded.on_held, token_hash = excluded.token_hash, data_quality = excluded.data_quality,
  numbers = excluded.numbers, ignore = excluded.ignore, msh = excluded.msh
  where not exists (select from service v where v.id = system.service_id and v.registered)
returning id`;

/**
 * Registers a system and its service, in one transaction: what is refused leaves no trace. The token is shown
 * this once and stored as its SHA-256. Throws Rejected: 422 for a sector that is never registered and for
 * unknown sectors and kinds, 409 where the name is taken or the service has another sector.
 */
export async function addSystem(
  pool: pg.Pool,
  key: Buffer,
  added: NewSystem,
): Promise<{ system: System; token: string }> {
  checkTeam(added);
  const token = newToken();
  await transaction(pool, (client) => register(client, key, { ...added, token }));
  forget();
  return { system: (await findSystem(pool, added.name)) as System, token };
}

async function register(client: Db, key: Buffer, added: NewSystem & { token: string }): Promise<void> {
  const { name, source, token, payload } = added;
  const {
    dialect = null,
    onHeld = 'AE',
    serviceName = name,
    dataQuality = null,
    numbers = null,
    ignore = [],
    msh = [],
  } = added;
  const { id } = await saveTeam(client, key, { ...added, name: serviceName });
  const row = [name, id, source, dialect, onHeld, hashToken(token), dataQuality, numbers, ignore, msh];
  const { rowCount } = await client.query(ADD, row);
  if (rowCount === 0) throw conflict('duplicate', 'name', `a system named "${name}" is registered`);
  if (payload) await client.query('update service set payload_ceiling = $2 where id = $1', [id, payload]);
  await recordRegistration(client, 'system-add', name);
}

/**
 * Registers a service, inside a transaction; `name` is what people call the team. Throws Rejected: 422 for a
 * sector or kind that is none, 409 where it is registered with another sector.
 */
export async function saveTeam(
  client: Db,
  key: Buffer,
  added: Pick<NewSystem, 'name' | 'ods' | 'team' | 'sector' | 'kind'>,
): Promise<Service> {
  checkTeam(added);
  const { name, team, sector, kind } = added;
  const ods = added.ods.trim().toUpperCase();
  const id = serviceId(key, ods, team);
  await saveService(client, key, { id, name, ods, team, sector, kind, registered: true });
  const service = (await findService(client, id)) as Service;
  if (service.sector !== sector)
    throw conflict('conflict', 'sector', `service ${ods}|${team} is registered with another sector`);
  return service;
}

/** What of a registered system may be changed; the rest is decided when it is registered. */
export type Changes = Partial<
  Pick<NewSystem, 'source' | 'dialect' | 'onHeld' | 'numbers' | 'ignore' | 'dataQuality' | 'msh'>
>;

// A part that is not given stays as it is.
const CHANGE = `update system set source = coalesce($2, source), dialect = coalesce($3, dialect),
  on_held = coalesce($4, on_held), numbers = coalesce($5, numbers), ignore = coalesce($6, ignore),
  data_quality = coalesce($7, data_quality),
  msh = coalesce($8, msh) where name = $1`;

/** Changes a registered system; other processes know it within five seconds. Throws Rejected 404. */
export async function changeSystem(pool: pg.Pool, name: string, changes: Changes): Promise<System> {
  const { source, dialect, onHeld, numbers, ignore, dataQuality, msh } = changes;
  if (dataQuality && !CONTACT.test(dataQuality)) refuse('value', 'data-quality', NO_CONTACT);
  const row = [name, source, dialect, onHeld, numbers, ignore, dataQuality, msh];
  await transaction(pool, async (client) => {
    const { rowCount } = await client.query(CHANGE, row);
    if (rowCount === 0)
      throw new Rejected(404, [{ severity: 'error', code: 'not-found', text: `no system "${name}"` }]);
    await recordRegistration(client, 'system-set', name);
  });
  forget();
  return (await findSystem(pool, name)) as System;
}

function conflict(code: string, field: string, text: string): Rejected {
  return new Rejected(409, [{ severity: 'error', code, field, text }]);
}

/** Begins the team of a sender that nobody registered. */
const SELF = 'self:';
export const isUnknown = ({ team }: Service): boolean => team.startsWith(SELF);

/**
 * A sender that nobody registered (AUTH=none): it gets a service of its own with no sector, so it sees only
 * what it sends. The team is marked, so that no sender becomes a registered team by calling itself by that
 * team's name. Safe to call at once.
 */
export async function registerUnknown(db: Db, key: Buffer, name: string, ods?: string): Promise<System> {
  const known = await findSystem(db, name);
  if (known) return known;
  const code = ods?.trim().toUpperCase() || UNKNOWN_ODS;
  const team = `${SELF}${name}`;
  const id = serviceId(key, code, team);
  await saveService(db, key, { id, name, ods: code, team, sector: null, kind: null, registered: false });
  await db.query('insert into system (name, service_id) values ($1, $2) on conflict (name) do nothing', [
    name,
    id,
  ]);
  return (await findSystem(db, name)) as System;
}
