/** SQL of the ledger, whom a restored backup must not bring back: keyed hashes, who decided it, and when. */
import type { Db } from '../store/pool.ts';

export type ErasureRow = {
  id: string;
  at: string;
  person: string;
  charts: string[];
  reason: string;
  by: string;
  approvedBy: string;
};
/** `service`: who placed it; null: the operator. */
export type HoldRow = { chart: string; service: string | null };
export type FrozenRow = { number: string; cause: string; by: string };
export type LedgerRows = { erasures: ErasureRow[]; holds: HoldRow[]; frozen: FrozenRow[] };

const ROWS = `select
  coalesce((select json_agg(json_build_object('id', id, 'at', at, 'person', person, 'charts', charts,
    'reason', reason, 'by', by_name, 'approvedBy', approved_by) order by at) from erasure), '[]') as erasures,
  coalesce((select json_agg(json_build_object('chart', s.chart, 'service', f.id) order by s.chart)
    from statement s join system y on y.id = s.system_id join service v on v.id = y.service_id
      left join service f on f.id::text = split_part(s.content #>> '{author,reference}', '/', 2)
    where s.type = 'Flag' and v.sector = $1 and s.content @> $2::jsonb), '[]') as holds,
  coalesce((select json_agg(json_build_object('number', number, 'cause', cause, 'by', by_name)
    order by number) from frozen), '[]') as frozen`;

/** `sector`, `code`: of the statements that place holds (src/link/safety/statements.ts). */
export async function readLedgerRows(db: Db, sector: string, code: string): Promise<LedgerRows> {
  const active = { status: 'active', code: { coding: [{ code }] } };
  const { rows } = await db.query<LedgerRows>(ROWS, [sector, JSON.stringify(active)]);
  return rows[0] as LedgerRows;
}
