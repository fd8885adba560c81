/** Removes what has been kept long enough: by the worker, bit by bit, or once by `skein prune`. */
import type pg from 'pg';
import { CATEGORIES, type Category, RETENTION, type Retention } from '../access/decide/retention.ts';
import { transaction } from '../store/pool.ts';
import { dropMonth, expiredMonths } from './months.ts';
import { countOf, EXPIRING, pruneOf } from './rows.ts';

const DAY_MS = 86_400_000;
/** Rows of one transaction: some tens of milliseconds. */
const BATCH = 500;
/** What the worker does of each category in one go. */
const ROUNDS = 20;
/** One process at a time prunes. */
const PRUNE_LOCK = 5_170_004;

/** `n`: rows, or bodies of messages; `since`: when the oldest was made. */
export type Pruned = { category: Category; days: number; n: number; since: Date | null };
type Options = { retention?: Retention; now?: Date; rounds?: number };

/** What would go now. */
export async function findPrunable(db: pg.Pool, options: Options = {}): Promise<Pruned[]> {
  const { retention = RETENTION } = options;
  const before = dayOf(retention, options.now);
  const months = await expiredMonths(db, before);
  const counted: Pruned[] = [];
  for (const category of CATEGORIES) {
    const found = months.filter((one) => one.category === category);
    for (const expiring of EXPIRING[category] ?? [])
      found.push(...(await db.query(countOf(expiring), [before(category)])).rows);
    const since = found.flatMap((one) => (one.n > 0 && one.since) || []).sort((a, b) => +a - +b)[0] ?? null;
    const n = found.reduce((sum, one) => sum + one.n, 0);
    counted.push({ category, days: retention[category], n, since });
  }
  return counted;
}

/**
 * Removes it, a batch a transaction; what a kill leaves is found again. Gives how much by category. Where
 * another process is at it this one leaves that batch to it.
 */
export async function prune(db: pg.Pool, options: Options = {}): Promise<Record<Category, number>> {
  const { retention = RETENTION, rounds = Number.POSITIVE_INFINITY } = options;
  const before = dayOf(retention, options.now);
  const done = Object.fromEntries(CATEGORIES.map((one) => [one, 0])) as Record<Category, number>;
  for (const category of CATEGORIES)
    for (const expiring of EXPIRING[category] ?? [])
      for (let round = 0; round < rounds; round++) {
        const n = await alone(db, pruneOf(expiring), [before(category), BATCH]);
        done[category] += n;
        if (n < BATCH) break;
      }
  for (const month of await expiredMonths(db, before)) {
    await transaction(db, (client) => dropMonth(client, month));
    done[month.category] += month.n;
  }
  return done;
}

const dayOf =
  (retention: Retention, now = new Date()) =>
  (category: Category): Date =>
    new Date(now.getTime() - retention[category] * DAY_MS);

/** How many rows it removed; none where somebody else prunes. */
function alone(db: pg.Pool, sql: string, values: unknown[]): Promise<number> {
  return transaction(db, async (client) => {
    const { rows } = await client.query('select pg_try_advisory_xact_lock($1) as mine', [PRUNE_LOCK]);
    return rows[0]?.mine ? ((await client.query(sql, values)).rowCount ?? 0) : 0;
  });
}

/** What the worker does every ten minutes. */
export const pruneSome = (db: pg.Pool) => prune(db, { rounds: ROUNDS });
