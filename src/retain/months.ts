/** Categories that go by whole months: partitions of a table, and their rows in the default one. */

import type { Category } from '../access/decide/retention.ts';
import type { Db } from '../store/pool.ts';

type ByMonth = { category: Category; table: string; mayGo: string };

/** `mayGo` is asked of a partition `p` with its rows. */
export const BY_MONTH: ByMonth[] = [
  { category: 'attempt', table: 'attempt', mayGo: 'true' },
  {
    category: 'audit',
    table: 'audit',
    // Not before it is sealed, and no glass was broken since that nobody has reviewed.
    mayGo: `(select max(id) from $p) <= (select coalesce(max(last_id), 0) from audit_segment)
      and not exists (select from glass where verdict is null and at < $2)`,
  },
  // Its rows went before, one by one, but for those that are kept.
  { category: 'history', table: 'resource_history', mayGo: 'not exists (select from $p)' },
];

const MONTHS = `select c.relname::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = $1::regclass and c.relname ~ '_\\d{4}_\\d{2}$' order by 1`;

export type Month = { category: Category; name: string; n: number; since: Date };

/** Partitions that end before their category's day. */
export async function expiredMonths(db: Db, before: (category: Category) => Date): Promise<Month[]> {
  const months: Month[] = [];
  for (const { category, table, mayGo } of BY_MONTH) {
    const { rows } = await db.query<{ name: string }>(MONTHS, [table]);
    for (const { name } of rows) {
      const [from, to] = spanOf(name);
      if (to > before(category)) continue;
      const asked = mayGo.replaceAll('$p', name).replaceAll('$2', `'${to.toISOString()}'::timestamptz`);
      const sql = `select (${asked}) as may, (select count(*)::int from ${name}) as n`;
      const [found] = (await db.query<{ may: boolean | null; n: number }>(sql)).rows;
      if (found && (found.may || found.n === 0)) months.push({ category, name, n: found.n, since: from });
    }
  }
  return months;
}

/** Drops it. Waits a second at most for whoever uses the table, and then leaves it for the next time. */
export const dropMonth = (db: Db, { name }: Month) =>
  db.query(`set local lock_timeout = '1s'; drop table if exists ${name}`);

function spanOf(name: string): [Date, Date] {
  const [year, month] = name.split('_').slice(-2).map(Number) as [number, number];
  return [new Date(Date.UTC(year, month - 1)), new Date(Date.UTC(year, month))];
}
