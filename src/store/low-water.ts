import type { Db } from './pool.ts';

type Candidate = { id: string; holders: string[] };

/** Tables that only grow, each with ids of a sequence of its own. */
type Table = 'outbox' | 'audit';

/**
 * Up to which id all rows of a table have been decided: committed, or never to be. It never passes an id that
 * may still become visible: an id is allocated by an INSERT that holds ROW EXCLUSIVE on the table until it
 * commits, so once every session that held that lock when the sequence stood at N has let go of it, all ids
 * up to N have been decided. Other open transactions do not matter.
 *
 * The outbox is read from there, so that rows already taken but not yet vacuumed (some other session's
 * snapshot keeps them) are not read again on every pass; the audit is sealed up to there.
 */
export class LowWater {
  value = '0';
  #candidate: Candidate | null = null;
  #decided: string | null = null;
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Looks once at who is writing (about 1 ms); call it every few seconds, never inside a pass. */
  async observe(db: Db): Promise<void> {
    const now = await readWriters(db, this.#table);
    const candidate = this.#candidate;
    const writing = candidate?.holders.some((holder) => now.holders.includes(holder)) ?? true;
    if (candidate && !writing) this.#decided = candidate.id;
    if (!candidate || !writing) this.#candidate = now;
  }

  /**
   * A pass that began after `observe` left nothing visible behind: what was decided by then can be skipped.
   */
  passed(): void {
    if (this.#decided) this.value = this.#decided;
    this.#decided = null;
  }
}

/**
 * The sequence is read before the lock holders: an id allocated in between belongs to a holder that is then
 * seen or gone.
 */
async function readWriters(db: Db, table: Table): Promise<Candidate> {
  const last = await db.query<{ id: string }>(
    `select case when is_called then last_value else 0 end as id from ${table}_id_seq`,
  );
  const locks = await db.query<{ holder: string }>(
    `select distinct virtualtransaction as holder from pg_locks
      where relation = $1::regclass and mode = 'RowExclusiveLock'
        and database = (select oid from pg_database where datname = current_database())`,
    [table],
  );
  return { id: last.rows[0]?.id ?? '0', holders: locks.rows.map((row) => row.holder) };
}
