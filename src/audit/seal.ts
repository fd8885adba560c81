/** Seals the audit: rows that were committed become segments, each bound to the one before it. */
import type { Context } from '../context.ts';
import { beat } from '../observe/metrics.ts';
import { LowWater } from '../store/low-water.ts';
import { type Db, transaction } from '../store/pool.ts';
import { digestOf, hashOf, ROW, type SealedRow, type Segment, START, signatureOf } from './segment.ts';

const LOCK = 5_170_005;
/** Rows of one segment at most. */
const MOST = 5_000;

const LAST =
  'select n::text as n, last_id::text as last, hash from audit_segment order by audit_segment.n desc limit 1';
const ROWS = `select ${ROW} from audit where id > $1 and id <= $2 order by audit.id limit ${MOST}`;
const KEEP = `insert into audit_segment (n, after_id, last_id, ids, digests, first_at, last_at, hash, signature)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

/** A pass to be done about once a second, in any number of processes: one seals at a time. */
export function sealer(ctx: Context): () => Promise<void> {
  const low = new LowWater('audit');
  return async () => {
    await low.observe(ctx.db);
    low.passed();
    while ((await seal(ctx, low.value)) === MOST);
    beat('seal');
  };
}

/**
 * Seals rows up to an id up to which all have been decided, and gives how many: no row of a segment comes
 * later. 0 where another process seals now.
 */
export function seal({ db, key }: Pick<Context, 'db' | 'key'>, upTo: string): Promise<number> {
  return transaction(db, async (client) => {
    const lock = await client.query<{ got: boolean }>('select pg_try_advisory_xact_lock($1) as got', [LOCK]);
    if (!lock.rows[0]?.got) return 0;
    const before = (await client.query<typeof START>(LAST)).rows[0] ?? START;
    const { rows } = await client.query<SealedRow & { at: Date }>(ROWS, [before.last, upTo]);
    if (rows.length > 0) await keep(client, segmentOf(key, before, rows));
    return rows.length;
  });
}

function segmentOf(key: Buffer, before: typeof START, rows: (SealedRow & { at: Date })[]): Segment {
  const times = rows.map(({ at }) => at.getTime());
  const segment = {
    ...{ n: String(BigInt(before.n) + 1n), after: before.last, last: rows.at(-1)?.id as string },
    ...{ ids: rows.map(({ id }) => id), digests: Buffer.concat(rows.map(digestOf)) },
    ...{ firstAt: new Date(Math.min(...times)), lastAt: new Date(Math.max(...times)) },
  };
  const hash = hashOf(before.hash, segment);
  return { ...segment, hash, signature: signatureOf(key, hash) };
}

async function keep(db: Db, segment: Segment): Promise<void> {
  const { n, after, last, ids, digests, firstAt, lastAt, hash, signature } = segment;
  await db.query(KEEP, [n, after, last, ids, digests, firstAt, lastAt, hash, signature]);
}
