/** A backup: every table as it was at one instant, while everything else goes on. */
import type pg from 'pg';
import { FORMAT, type Header, type Line } from './backup-file.ts';
import type { Db } from './pool.ts';

/** Those that hold content, a table before those that refer to it. Partitions are in their parent. */
const TABLES = `
with recursive named as (
    select oid, relname::text as name from pg_class
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition),
  depth (oid, at) as (
    select oid, 0 from named
    union select f.conrelid, d.at + 1 from depth d
      join pg_constraint f on f.confrelid = d.oid and f.contype = 'f' and f.conrelid <> f.confrelid and f.conparentid = 0)
select name from named join depth using (oid) where name <> 'migration' group by name order by max(at), name`;

const PARTITIONS = `
select c.relname::text as name from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relispartition and c.relkind = 'r'
  and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' order by 1`;

const SEQUENCES = `select c.relname::text as name from pg_class c
  where c.relnamespace = current_schema()::regnamespace and c.relkind = 'S' order by 1`;

/** What is fetched at once: a message may have tens of megabytes, most rows some hundred bytes. */
const FETCH_BYTES = 4 * 1024 * 1024;
const MOST_ROWS = 1000;

/** Names of the tables, a table before those that refer to it. */
export async function contentTables(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(TABLES);
  return rows.map(({ name }) => name);
}

/**
 * All lines of a backup of this database, whatever version made it. One snapshot: a message is in it with all
 * of its effects or not at all.
 */
export async function* readStore(pool: pg.Pool): AsyncGenerator<Line> {
  const client = await pool.connect();
  try {
    // A slow receiver of the lines is no reason to end it.
    await client.query('set idle_in_transaction_session_timeout = 0');
    await client.query('begin isolation level repeatable read, read only');
    yield await readHeader(client);
    const counts: Record<string, number> = {};
    for (const table of await contentTables(client)) {
      yield { table };
      counts[table] = 0;
      for await (const rows of readTable(client, table)) {
        yield rows;
        counts[table] += rows.length;
      }
    }
    await client.query('commit');
    yield { end: counts };
  } finally {
    client.release(true);
  }
}

async function readHeader(db: Db): Promise<Header> {
  const names = async (sql: string) => (await db.query<{ name: string }>(sql)).rows.map(({ name }) => name);
  const migrations = await names('select name from migration order by name');
  const partitions = await names(PARTITIONS);
  const sequences: Header['sequences'] = [];
  // Read in the snapshot's transaction, after it began: never behind the rows that it shows.
  for (const name of await names(SEQUENCES)) {
    const { rows } = await db.query<{ last: string; called: boolean }>(
      `select last_value::text as last, is_called as called from ${name}`,
    );
    sequences.push({ name, last: rows[0]?.last ?? '1', called: rows[0]?.called ?? false });
  }
  return { format: FORMAT, madeAt: new Date().toISOString(), migrations, partitions, sequences };
}

async function* readTable(db: Db, table: string): AsyncGenerator<string[]> {
  await db.query(`declare rows no scroll cursor for select t::text as row from ${table} t`);
  let most = 10;
  for (;;) {
    const { rows } = await db.query<{ row: string }>(`fetch ${most} from rows`);
    if (rows.length === 0) break;
    yield rows.map(({ row }) => row);
    const bytes = rows.reduce((sum, { row }) => sum + row.length, 0);
    most = Math.max(1, Math.min(MOST_ROWS, Math.floor((FETCH_BYTES * rows.length) / bytes), most * 4));
  }
  await db.query('close rows');
}
