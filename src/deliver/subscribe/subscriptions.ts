/**
 * The client's side of a subscription in SQL: create, find, change, switch off. Its own only; the operator
 * sees all.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../../context.ts';
import type { Recipient } from '../../model.ts';
import { type Db, transaction } from '../../store/pool.ts';
import { placeOf } from '../../store/secrets.ts';
import { newSecret } from '../send/sign.ts';
import { JOINS, SELECT, type Status, type Stored, withHeaders } from './stored.ts';
import type { Wish } from './subscription.ts';

const COLUMNS = [
  ...[
    'status',
    'resource',
    'content',
    'endpoint',
    'origin',
    'headers',
    'heartbeat',
    'timeout',
    'max_count',
    'ends_at',
  ],
  ...['clauses', 'encounters'],
];
/** Asked in the statement that writes: two changes that name the same version cannot both be made. */
function isVersion(place: number): string {
  return `($${place}::int[] is null or version = any($${place}))`;
}
/** Nothing is held against it any more. */
const WELL = `attempts = 0, next_attempt_at = null, soon_at = null, failing_since = null, gone_at = null,
  woken = false, warned = 0`;
const CREATE = `insert into subscription (id, system_id, secret, due_at, ${COLUMNS.join(', ')})
  values ($1, $2, $3, now(), ${COLUMNS.map((_, index) => `$${index + 4}`).join(', ')})`;
// What was there before its owner switched it off is not told; what waited when Skein did is (waits_until).
const UPDATE = `update subscription set ${COLUMNS.map((name, index) => `${name} = $${index + 2}`).join(', ')},
  version = version + 1, updated_at = now(), error = null, due_at = now(), ${WELL},
  sent_at = case when endpoint = $5 then sent_at end, mean_ms = case when endpoint = $5 then mean_ms end,
  delivered_number = case when status = 'off' and coalesce(waits_until <= now(), true) then last_number
    else delivered_number end, waits_until = null
  where id = $1 and deleted_at is null and ${isVersion(COLUMNS.length + 2)}`;
const UNFILTER = 'delete from subscription_filter where subscription_id = $1';
const FILTER = `insert into subscription_filter (subscription_id, clause, kind, value)
  select $1, clause, kind, value from unnest($2::smallint[], $3::text[], $4::text[]) as f (clause, kind,
    value)`;
const OFF = `update subscription set status = 'off', waits_until = null,
  deleted_at = coalesce(deleted_at, now()), version = version + (status <> 'off')::int,
  updated_at = case when status = 'off' then updated_at else now() end where id = $1 and ${isVersion(2)}`;
const OWN = '($1::int is null or s.system_id = $1)';

/** The parameter of OWN: null for the operator. */
const ownerOf = (recipient: Recipient) => (recipient.kind === 'system' ? recipient.system.id : null);

type Keeping = Pick<Context, 'db' | 'vault'>;

/** Creates it as requested and due for its handshake. Its secret is told to the client this once. */
export async function createSubscription(
  { db, vault }: Keeping,
  recipient: Recipient,
  wish: Wish,
): Promise<Stored> {
  const id = randomUUID();
  const seal = (text: string) => vault.seal(text, placeOf(id));
  return transaction(db, async (client) => {
    await client.query(CREATE, [id, ownerOf(recipient), seal(newSecret()), ...valuesOf(wish, seal)]);
    await client.query(FILTER, [id, ...filtersOf(wish)]);
    return readOne(client, id);
  });
}

/** One that was written in this transaction. */
async function readOne(db: Db, id: string): Promise<Stored> {
  const { rows } = await db.query<Stored>(`${SELECT} from subscription s ${JOINS} where s.id = $1`, [id]);
  return rows[0] as Stored;
}

/** `versions`: those that the client means to change, any of them; null where it does not say. */
type Target = { id: string; versions: number[] | null };

/**
 * Puts the wish in place of the former one and asks for a new handshake; what is in flight for the former one
 * is aborted. Gives what is stored then; null, with nothing changed, where it is at another version.
 */
export async function updateSubscription(
  { db, vault }: Keeping,
  { id, versions }: Target,
  wish: Wish,
): Promise<Stored | null> {
  const stored = await transaction(db, async (client) => {
    const { rowCount } = await client.query(UPDATE, [
      id,
      ...valuesOf(wish, (text) => vault.seal(text, placeOf(id))),
      versions,
    ]);
    if (rowCount === 0) return null;
    await client.query(UNFILTER, [id]);
    await client.query(FILTER, [id, ...filtersOf(wish)]);
    return readOne(client, id);
  });
  if (stored && wish.off) await untilReleased(db, id);
  return stored;
}

/**
 * Off, and deleted: it is found no more. When this returns true nothing of it is in flight any more, and
 * nothing will be sent. False, with nothing changed, where it is at another version.
 */
export async function switchOff(db: Db, { id, versions }: Target): Promise<boolean> {
  const { rowCount } = await db.query(OFF, [id, versions]);
  if (rowCount === 0) return false;
  await untilReleased(db, id);
  return true;
}

const OFF_ALL = `update subscription set status = 'off', waits_until = null, version = version + 1, updated_at = now()
  where id in (select id from subscription where system_id = $1
    and (status <> 'off' or waits_until is not null) order by id for no key update)
  returning id`;

/** All of a system's. When this returns nothing of them is in flight any more, and nothing will be sent. */
export async function switchOffAll(db: Db, systemId: number): Promise<void> {
  const { rows } = await db.query<{ id: string }>(OFF_ALL, [systemId]);
  for (const { id } of rows) await untilReleased(db, id);
}

/** A worker notices within a quarter of a second and aborts; a dead one's lease runs out within three. */
async function untilReleased(db: Db, id: string): Promise<void> {
  for (;;) {
    const { rows } = await db.query('select from subscription where id = $1 and lease_until > now()', [id]);
    if (rows.length === 0) return;
    await delay(50);
  }
}

/** One of the recipient's own, also where it is deleted. */
export async function findSubscription(db: Db, recipient: Recipient, id: string): Promise<Stored | null> {
  const { rows } = await db.query<Stored>(
    `${SELECT} from subscription s ${JOINS} where ${OWN} and s.id = $2`,
    [ownerOf(recipient), id],
  );
  return rows[0] ?? null;
}

/** The recipient's own that are not deleted, oldest id first; `endpoint` exactly, `after` an id. */
type Wanted = { ids?: string[]; statuses?: string[]; endpoint?: string; after?: string; limit?: number };

export async function findSubscriptions(db: Db, recipient: Recipient, wanted: Wanted): Promise<Stored[]> {
  const { ids = null, statuses = null, endpoint = null, after = null, limit = null } = wanted;
  const { rows } = await db.query<Stored>(
    `${SELECT} from subscription s ${JOINS} where ${OWN} and s.deleted_at is null and ($2::uuid[] is null or s.id = any($2))
      and ($3::text[] is null or s.status = any($3)) and ($4::text is null or s.endpoint = $4)
      and ($5::uuid is null or s.id > $5) order by s.id limit $6`,
    [ownerOf(recipient), ids, statuses, endpoint, after, limit],
  );
  return rows;
}

/** The same under a row lock, so that its events can be numbered. */
export async function lockSubscriptions(db: Db, ids: string[]): Promise<Stored[]> {
  await db.query('select from subscription where id = any($1) order by id for no key update', [ids]);
  const { rows } = await db.query<Stored>(
    `${SELECT} from subscription s ${JOINS} where s.id = any($1) order by s.id`,
    [ids],
  );
  return rows;
}

/** Headers carry credentials: `seal` is applied to each. */
function valuesOf(wish: Wish, seal: (text: string) => string): unknown[] {
  const status: Status = wish.off ? 'off' : 'requested';
  const { resource, content, endpoint, headers, heartbeat, timeout, maxCount, endsAt, filters } = wish;
  const clauses = new Set(filters.map(({ clause }) => clause)).size;
  const encounters = filters.some(({ kind, value }) => kind === 'event' && value === 'encounter');
  const values = [
    status,
    JSON.stringify(withHeaders(resource, seal)),
    content,
    endpoint.href,
    endpoint.origin,
    headers.map(seal),
    heartbeat,
    timeout,
  ];
  return [...values, maxCount, endsAt, clauses, encounters];
}

function filtersOf({ filters }: Wish): unknown[] {
  return [
    filters.map(({ clause }) => clause),
    filters.map(({ kind }) => kind),
    filters.map(({ value }) => value),
  ];
}
