/** Access tokens and used assertions in SQL: what one process grants or refuses all others know at once. */
import { keyedId } from '../../fhir/ids.ts';
import type { Recipient, System } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Client } from '../register/clients.ts';
import { hashToken, newToken, SYSTEM_COLUMNS } from '../register/systems.ts';

export const TOKEN_SECONDS = 300;
/** No token that `skein system add` prints holds a dot. */
const PREFIX = 'at.';
export const isAccessToken = (token: string): boolean => token.startsWith(PREFIX);

// Not for a client that was disabled, or given other credentials, since its assertion was checked.
const GRANT = `insert into access_token (hash, system_id, credentials, scopes, expires_at)
  select $1, id, credentials, $4, now() + make_interval(secs => ${TOKEN_SECONDS})
  from system where id = $2 and credentials = $3 and disabled_at is null`;

/** An access token; null where the client's credentials are not those any more that it proved to have. */
export async function grantToken(db: Db, client: Client, scopes: string[]): Promise<string | null> {
  const token = PREFIX + newToken();
  const values = [hashToken(token), client.system.id, client.credentials, scopes];
  const { rowCount } = await db.query(GRANT, values);
  return rowCount === 1 ? token : null;
}

const OWNER = `select ${SYSTEM_COLUMNS}, t.scopes as granted from access_token t
  join system y on y.id = t.system_id and y.credentials = t.credentials join service v on v.id = y.service_id
  where t.hash = $1 and t.expires_at > now() and y.disabled_at is null`;

/** Whose it is, and what it is for; null where it has expired or was revoked. */
export async function findByAccessToken(db: Db, token: string): Promise<Recipient | null> {
  const { rows } = await db.query<System & { granted: string[] }>(OWNER, [hashToken(token)]);
  if (!rows[0]) return null;
  const { granted, ...system } = rows[0];
  return { kind: 'system', system, scopes: granted };
}

/** An assertion by its client and its `jti`; `expires` in seconds since 1970. */
export type Used = { clientId: string; jti: string; expires: number };

const idOf = (key: Buffer, { clientId, jti }: Used) => keyedId(key, 'assertion', clientId, jti);

const USE = `insert into used_assertion (id, expires_at) values ($1, to_timestamp($2))
  on conflict (id) do nothing`;

/** True once for each assertion, whoever else asks at the same time. */
export async function useAssertion(db: Db, key: Buffer, used: Used): Promise<boolean> {
  const { rowCount } = await db.query(USE, [idOf(key, used), used.expires]);
  return rowCount === 1;
}

/** Whether it was used already, without using it. */
export async function isUsed(db: Db, key: Buffer, used: Used): Promise<boolean> {
  const { rows } = await db.query('select from used_assertion where id = $1', [idOf(key, used)]);
  return rows.length > 0;
}

/** Clocks of the processes of one store may differ by less than this. */
const SPARE = "interval '5 minutes'";

/** Forgets what has expired: such an assertion is refused for that alone. */
export async function sweepTokens(db: Db): Promise<void> {
  for (const table of ['access_token', 'used_assertion'])
    await db.query(`delete from ${table} where expires_at < now() - ${SPARE}`);
}
