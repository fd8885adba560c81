/**
 * By what a system proves who it is (a token, keys of its own), what it may ask for, and that it is let in.
 */
import type pg from 'pg';
import { OPERATOR, record, recordRegistration } from '../../audit/record.ts';
import { rejected } from '../../errors.ts';
import type { System } from '../../model.ts';
import { type Db, transaction } from '../../store/pool.ts';
import { isApproved } from '../decide/approvals.ts';
import { forget } from './cache.ts';
import type { KeySet } from './key-set.ts';
import { checkTeam, hashToken, newToken, SYSTEM_COLUMNS } from './systems.ts';

/** Its own keys, or the URL at which they are read. */
export type Keys = { jwks: KeySet } | { jwksUrl: string };

/** `credentials` counts what it has had: what was granted by former ones is void. */
export type Client = { system: System; jwks: KeySet | null; jwksUrl: string | null; credentials: number };

const FIND = `select ${SYSTEM_COLUMNS}, y.jwks, y.jwks_url as "jwksUrl", y.credentials
  from system y join service v on v.id = y.service_id where y.name = $1`;

/** As registered at this moment, disabled or not. Its `client_id` is its name. */
export async function findClient(db: Db, clientId: string): Promise<Client | null> {
  type Row = System & Omit<Client, 'system'>;
  const { rows } = await db.query<Row>(FIND, [clientId]);
  if (!rows[0]) return null;
  const { jwks, jwksUrl, credentials, ...system } = rows[0];
  return { system, jwks, jwksUrl, credentials };
}

// Whatever is changed here ends what was granted before: access tokens name the credentials they come from.
const RENEW = 'credentials = credentials + 1';

/** Gives a system keys in place of those, or of the token, that it had. Throws Rejected 404. */
export async function setKeys(db: pg.Pool, name: string, keys: Keys): Promise<void> {
  const [jwks, url] = 'jwks' in keys ? [JSON.stringify(keys.jwks), null] : [null, keys.jwksUrl];
  const sql = `update system set jwks = $2, jwks_url = $3, token_hash = null, ${RENEW} where name = $1`;
  await change(db, 'system-keys', sql, [name, jwks, url]);
}

/**
 * Ends what a system has: one with a token gets another, which is given; of one with a URL the keys are read
 * anew. Keys that are registered here are replaced by `setKeys`. Throws Rejected 404, and 409 for those.
 */
export async function renew(db: pg.Pool, name: string): Promise<string | null> {
  const client = await findClient(db, name);
  if (client?.jwks) throw rejected(409, 'conflict', 'its keys are registered here: give the new ones');
  const token = client?.jwksUrl ? null : newToken();
  const sql = `update system set token_hash = $2, ${RENEW} where name = $1`;
  await change(db, 'system-rotate', sql, [name, token && hashToken(token)]);
  return token;
}

/** `scopes` null: as a system that was registered without any. Throws Rejected 404. */
export function setScopes(db: pg.Pool, name: string, scopes: string[] | null): Promise<void> {
  return change(db, 'system-scopes', `update system set scopes = $2, ${RENEW} where name = $1`, [
    name,
    scopes,
  ]);
}

/** Refused from now on, in every process, whatever it shows; or let in again. Throws Rejected 404. */
export function setDisabled(db: pg.Pool, name: string, disabled: boolean): Promise<void> {
  const at = disabled ? 'coalesce(disabled_at, now())' : 'null';
  const sql = `update system set disabled_at = ${at}, ${RENEW} where name = $1`;
  return change(db, disabled ? 'system-disable' : 'system-enable', sql, [name]);
}

/** `interaction`: as the audit calls it. The first of the values is the name of the system. */
async function change(
  pool: pg.Pool,
  interaction: string,
  sql: string,
  values: [string, ...unknown[]],
): Promise<void> {
  const [name] = values;
  await transaction(pool, async (client) => {
    const { rowCount } = await client.query(sql, values);
    if (rowCount === 0) throw rejected(404, 'not-found', `no system "${name}"`);
    await recordRegistration(client, interaction, name);
  });
  forget();
}

/** What a list says of it: never a key. */
export type Proof = { name: string; token: boolean; jwksUrl: string | null; kids: string[] };

const PROOFS = `select name, token_hash is not null as token, jwks_url as "jwksUrl",
  array(select k ->> 'kid' from jsonb_array_elements(jwks -> 'keys') k) as kids from system`;

export async function listProofs(db: Db): Promise<Map<string, Proof>> {
  const { rows } = await db.query<Proof>(PROOFS);
  return new Map(rows.map((row) => [row.name, row]));
}

const TEAM = `select v.id, v.ods, v.team, v.sector, v.sector_changes as changes from system y
  join service v on v.id = y.service_id where y.name = $1 and v.registered for no key update of v`;
const MOVE = 'update service set sector = $2, sector_changes = sector_changes + 1 where id = $1';

type Team = { id: string; ods: string; team: string; sector: string | null; changes: number };

/**
 * Gives the service of a system another sector, once two people are named: what it may see follows. Those who
 * are named are kept also where they are too few yet. Gives whether it is so now. Throws Rejected 404 and,
 * for a sector that is none, 422.
 */
export async function moveSector(
  pool: pg.Pool,
  { name, sector }: { name: string; sector: string },
  approvers: string[],
): Promise<boolean> {
  const done = await transaction(pool, async (client) => {
    const { rows } = await client.query<Team>(TEAM, [name]);
    const [team] = rows;
    if (!team) throw rejected(404, 'not-found', `no system "${name}" is registered`);
    checkTeam({ name, ods: team.ods, team: team.team, sector, kind: null });
    if (team.sector === sector) return true;
    const what = JSON.stringify(['sector', team.id, team.sector, sector, team.changes]);
    if (!(await isApproved(client, what, approvers))) return false;
    await client.query(MOVE, [team.id, sector]);
    const actor = { ...OPERATOR, name: approvers.join(', ') || OPERATOR.name };
    const moved = { interaction: 'system-sector', ids: [team.id], target: name };
    await record(client, { kind: 'registration', outcome: 'done', actor, ...moved });
    return true;
  });
  forget();
  return done;
}
