/** Whether the audit is as it was sealed; if not, where it differs. */
import type { Context } from '../context.ts';
import type { Db } from '../store/pool.ts';
import { digestOf, hashOf, ROW, type SealedRow, type Segment, START, signatureOf } from './segment.ts';

/** `row`: null where the segment itself is wrong. */
export type Fault = { segment: string; row: string | null; what: What };
type What =
  | 'changed'
  | 'removed'
  | 'added'
  | 'the segment is missing'
  | 'its own record was changed'
  | 'its signature is not ours'
  | 'it is not the one that was known';
export type Verified = {
  segments: number;
  rows: number;
  /** Rows that went with their whole month. */
  dropped: number;
  faults: Fault[];
  /** Rows that no segment has yet, and since when the oldest waits, in seconds. */
  unsealed: { rows: number; oldestSeconds: number | null };
  /** The newest one: where it is kept elsewhere too, nobody can make all of it anew. */
  newest: { n: string; hash: string } | null;
};

const SEGMENTS = `select n::text as n, after_id::text as after, last_id::text as last, ids::text[] as ids, digests,
  first_at as "firstAt", last_at as "lastAt", hash, signature
  from audit_segment where n > $1 order by audit_segment.n limit 100`;
const ROWS = `select ${ROW} from audit where id > $1 and id <= $2 order by audit.id`;
const UNSEALED = `select count(*)::int as rows, extract(epoch from now() - min(at))::int as "oldestSeconds"
  from audit where id > $1`;

/** `known`: number and hash of a segment, as an earlier check said, which must be the same today. */
export async function verifyAudit(
  { db, key }: Pick<Context, 'db' | 'key'>,
  known?: { n: string; hash: string },
): Promise<Verified> {
  const done: Verified = {
    ...{ segments: 0, rows: 0, dropped: 0, faults: [], newest: null },
    unsealed: { rows: 0, oldestSeconds: null },
  };
  let before: Pick<Segment, 'n' | 'last' | 'hash'> = START;
  for (let page = await readSegments(db, before.n); page.length > 0; page = await readSegments(db, before.n))
    for (const segment of page) {
      done.faults.push(...faultsOfSegment(key, before, segment));
      if (known?.n === segment.n && known.hash !== segment.hash.toString('hex'))
        done.faults.push({ segment: segment.n, row: null, what: 'it is not the one that was known' });
      await checkRows(db, segment, done);
      done.segments++;
      before = segment;
    }
  if (known && BigInt(known.n) > BigInt(before.n))
    done.faults.push({ segment: known.n, row: null, what: 'the segment is missing' });
  const { rows } = await db.query<Verified['unsealed']>(UNSEALED, [before.last]);
  const newest = before === START ? null : { n: before.n, hash: before.hash.toString('hex') };
  return { ...done, unsealed: rows[0] ?? done.unsealed, newest };
}

const readSegments = async (db: Db, after: string): Promise<Segment[]> =>
  (await db.query<Segment>(SEGMENTS, [after])).rows;

/** By itself, and as the one that follows another. */
function faultsOfSegment(
  key: Buffer,
  before: Pick<Segment, 'n' | 'last' | 'hash'>,
  segment: Segment,
): Fault[] {
  const wrong = (what: What, n = segment.n): Fault => ({ segment: n, row: null, what });
  const next = BigInt(before.n) + 1n;
  if (BigInt(segment.n) !== next) return [wrong('the segment is missing', String(next))];
  const isOwn = segment.after === before.last && hashOf(before.hash, segment).equals(segment.hash);
  return [
    ...(isOwn ? [] : [wrong('its own record was changed')]),
    ...(signatureOf(key, segment.hash).equals(segment.signature) ? [] : [wrong('its signature is not ours')]),
  ];
}

/** Adds what differs to `done`, by row. */
async function checkRows(db: Db, segment: Segment, done: Verified): Promise<void> {
  const { rows } = await db.query<SealedRow>(ROWS, [segment.after, segment.last]);
  const present = new Map(rows.map((row) => [row.id, row]));
  const sealed = new Set(segment.ids);
  const gone = segment.ids.filter((id) => !present.has(id));
  const isDropped = gone.length > 0 && (await isMonthGone(db, segment));
  done.dropped += isDropped ? gone.length : 0;
  done.rows += rows.length;
  const faults: [string, What][] = [
    ...(isDropped ? [] : gone.map((id): [string, What] => [id, 'removed'])),
    ...rows.flatMap(({ id }): [string, What][] => (sealed.has(id) ? [] : [[id, 'added']])),
    ...segment.ids.flatMap((id, place): [string, What][] => {
      const row = present.get(id);
      const digest = segment.digests.subarray(place * 32, place * 32 + 32);
      return row && !digestOf(row).equals(digest) ? [[id, 'changed']] : [];
    }),
  ];
  done.faults.push(...faults.map(([row, what]) => ({ segment: segment.n, row, what })));
}

const MONTHS = `select bool_or(to_regclass('audit_' || to_char(month, 'YYYY_MM')) is null) as gone
  from generate_series(date_trunc('month', $1::timestamptz), $2::timestamptz, interval '1 month') month`;

/** Retention drops whole months. */
async function isMonthGone(db: Db, { firstAt, lastAt }: Segment): Promise<boolean> {
  const { rows } = await db.query<{ gone: boolean }>(MONTHS, [firstAt, lastAt]);
  return rows[0]?.gone ?? false;
}
