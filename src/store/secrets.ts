/** The secrets that a store holds: its own key, and of subscriptions what signs and what headers say. */
import type { Config } from '../config.ts';
import type { Db } from './pool.ts';
import { keyIdOf, unknownKey, type Vault } from './vault.ts';

/** One process at a time seals. */
const SEAL_LOCK = 5_170_003;
/** What the store's own key is sealed for. */
export const STORE_KEY = 'store key';
export const placeOf = (subscription: string): string => `subscription ${subscription}`;

type SecretRow = {
  id: string;
  secret: string;
  former: string | null;
  headers: string[];
  shown: string[] | null;
};
const OF_STORE = `select value from setting where name = 'key'`;
const OF_SUBSCRIPTIONS = `select id, secret, former_secret as former, headers,
  (select array_agg(h) from jsonb_array_elements_text(resource #> '{channel,header}') h) as shown
  from subscription order by id`;
const KEEP = `update subscription s set secret = n.secret, former_secret = n.former, headers = n.headers,
  resource = case when n.shown is null then resource else jsonb_set(resource, '{channel,header}', to_jsonb(n.shown)) end
  from jsonb_to_recordset($1::jsonb) as n (id uuid, secret text, former text, headers text[], shown text[])
  where s.id = n.id`;

const textsOf = ({ secret, former, headers, shown }: SecretRow) =>
  [secret, former, ...headers, ...(shown ?? [])].filter((text) => text !== null);

type Secrets = { key: string | null; rows: SecretRow[] };
async function readSecrets(db: Db, lock = ''): Promise<Secrets> {
  const { rows: settings } = await db.query<{ value: string }>(OF_STORE);
  const { rows } = await db.query<SecretRow>(OF_SUBSCRIPTIONS + lock);
  return { key: settings[0]?.value ?? null, rows };
}
const textsIn = ({ key, rows }: Secrets) => [...(key === null ? [] : [key]), ...rows.flatMap(textsOf)];

/**
 * Seals with the newest key what is in the clear; with `again` also what another key sealed. Gives how many
 * texts it sealed. Throws, having changed nothing, where a key is missing. In a transaction; locks
 * subscriptions only where there is something to seal.
 */
export async function sealSecrets(db: Db, vault: Vault, again = false): Promise<number> {
  const isDue = (text: string) => {
    const id = keyIdOf(text);
    return vault.newest !== null && id !== vault.newest && (id === null || again);
  };
  const texts = textsIn(await readSecrets(db));
  const missing = texts.map(keyIdOf).find((id) => id !== null && !vault.knows(id));
  if (missing) throw new Error(unknownKey(missing));
  if (!texts.some(isDue)) return 0;
  await db.query('select pg_advisory_xact_lock($1)', [SEAL_LOCK]);
  const found = await readSecrets(db, ' for no key update');
  let sealed = 0;
  const seal = (text: string, place: string) => {
    if (!isDue(text)) return text;
    sealed++;
    return vault.seal(vault.open(text, place), place);
  };
  if (found.key !== null)
    await db.query(`update setting set value = $1 where name = 'key'`, [seal(found.key, STORE_KEY)]);
  const changed = found.rows.map((row) => ({ ...row, ...sealedRow(row, seal) }));
  await db.query(KEEP, [JSON.stringify(changed)]);
  return sealed;
}

function sealedRow(row: SecretRow, seal: (text: string, place: string) => string) {
  const ofRow = (text: string) => seal(text, placeOf(row.id));
  return {
    secret: ofRow(row.secret),
    former: row.former === null ? null : ofRow(row.former),
    headers: row.headers.map(ofRow),
    shown: row.shown?.map(ofRow) ?? null,
  };
}

/** Others than this machine are served, and there is no key: one line, or none. */
export function describeExposed({ AUTH, HOST }: Config, vault: Vault): string[] {
  const isReached = AUTH !== 'none' && !['127.0.0.1', '::1', 'localhost'].includes(HOST);
  return isReached && vault.newest === null
    ? ['SECRET_KEY is not set: signing secrets and the key of the store are kept in the clear']
    : [];
}
