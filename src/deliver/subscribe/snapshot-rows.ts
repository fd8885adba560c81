/** The list behind a snapshot, kept while its pages are read: row ids, nothing of what the rows say. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Filter } from '../../access/decide/may-tell.ts';
import { allVisibleSql } from '../../access/decide/visible-sql.ts';
import { binder, findByRowIds } from '../../access/see/rows.ts';
import type { Reading } from '../../access/see/wall.ts';
import type { ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { typesFor } from './snapshot-filter.ts';
import { recipientOf, type Stored } from './stored.ts';

/** `number`: what comes after it tells of whatever has changed since the list was made. */
export type Snapshot = { id: string; number: number };

/** What was committed is published within a tenth of this; where nobody publishes, it is told again later. */
const PUBLISHED_MS = 1_000;

/**
 * Waits until all that is committed now has been handed to the subscriptions, so that it is numbered before
 * the snapshot and not told again after it.
 */
export async function untilPublished(db: Db): Promise<void> {
  const { rows } = await db.query<{ last: string | null }>('select max(id) as last from outbox');
  const deadline = performance.now() + PUBLISHED_MS;
  for (let last = rows[0]?.last ?? null; last !== null && performance.now() < deadline; ) {
    const left = await db.query('select from outbox where id <= $1 limit 1', [last]);
    if (left.rows.length === 0) return;
    await delay(25);
  }
}

const FORGET = `delete from snapshot where made_at < now() - interval '1 day'`;

/** Lists all rows that the subscriber might see now, in the order of rows, in place of its former list. */
export async function listRows(
  db: Db,
  stored: Stored,
  { number, filters }: { number: number; filters: Filter[] },
): Promise<Snapshot> {
  const values: unknown[] = [];
  const bind = binder(values);
  const id = randomUUID();
  const visible = allVisibleSql(recipientOf(stored), typesFor(filters), bind);
  // Filters by person and journey, as far as rows tell: of a few of many families few rows are looked at.
  const narrowed = [...Map.groupBy(filters, ({ clause }) => clause).values()].flatMap((clause) => {
    const named = bind(
      clause.map(({ value }) => value),
      'text[]',
    );
    const [kind] = clause.map((one) => one.kind);
    if (kind === 'patient') return [`r.persons && ${named}::uuid[]`];
    if (kind !== 'journey') return [`${named} is not null`];
    const members = `array(select m.person from member m where m.journey = any(${named}::uuid[]))`;
    return [`(r.id = any(${named}::uuid[]) or r.persons && ${members})`];
  });
  const where = narrowed.length > 0 ? `where ${narrowed.join(' and ')}` : '';
  await db.query(FORGET);
  await db.query(
    `insert into snapshot (subscription_id, id, number, row_ids)
     select ${bind(stored.id, 'uuid')}, ${bind(id, 'uuid')}, ${bind(number, 'bigint')},
       array(select r.row_id from (${visible}) seen join resource r using (row_id) ${where} order by r.row_id)
     on conflict (subscription_id) do update
       set id = excluded.id, number = excluded.number, made_at = now(), row_ids = excluded.row_ids`,
    values,
  );
  return { id, number };
}

/** Its owner's list of that id; null where it has made another since, or a day ago. */
export async function findSnapshot(db: Db, { id }: Stored, snapshot: string): Promise<Snapshot | null> {
  const { rows } = await db.query<Snapshot>(
    `select id, number::float8 as number from snapshot
      where subscription_id = $1 and id = $2 and made_at > now() - interval '1 day'`,
    [id, snapshot],
  );
  return rows[0] ?? null;
}

/**
 * So many of its rows from a place on, as they are now, and whether there are more; what is gone is left out.
 */
export async function readRows(
  reading: Reading,
  snapshot: Snapshot,
  { from, count }: { from: number; count: number },
): Promise<{ rows: (ResourceRow & { place: number })[]; more: boolean }> {
  const { rows } = await reading.db.query<{ ids: string[]; more: boolean }>(
    `select row_ids[$2 + 1:$3]::text[] as ids, cardinality(row_ids) > $3 as more from snapshot where id = $1`,
    [snapshot.id, from, from + count],
  );
  const { ids = [], more = false } = rows[0] ?? {};
  const contents = await findByRowIds(reading, ids);
  const there = ids.flatMap((id, index) => {
    const row = contents.get(id);
    return row ? [{ ...row, place: from + index + 1 }] : [];
  });
  return { rows: there, more };
}

const REMEMBER = `insert into told (id, subscription_id, type) select id, $1, type
  from unnest($2::uuid[], $3::text[]) as given (id, type) on conflict do nothing`;

/** What a snapshot gives is told like what an event does: whatever of it is taken back later is withdrawn. */
export async function rememberTold(
  db: Db,
  { id }: Stored,
  given: { type: string; id: string }[],
): Promise<void> {
  const values = [id, given.map((one) => one.id), given.map(({ type }) => type)];
  if (given.length > 0) await db.query(REMEMBER, values);
}
