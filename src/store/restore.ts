/** Puts a backup into an empty database: all of it or nothing. */
import type pg from 'pg';
import { contentTables } from './backup.ts';
import { FORMAT, type Header, type Line } from './backup-file.ts';
import { applyMigrations, type Db, migrate, migrationFiles, transaction } from './pool.ts';

/** Setting of a store that was restored, and has not yet been told what came after the backup. */
export const LEDGER_PENDING = 'ledger pending';

export type Restored = { madeAt: string; tables: number; rows: number };

/**
 * Makes the database what it was when the backup was made, then applies what this version adds to it. Throws,
 * having changed nothing, where the database holds anything or is in use, and where the backup is cut, or of
 * a newer version. With `awaitsLedger` it is not served before a ledger was applied to it.
 */
export async function restoreStore(
  pool: pg.Pool,
  lines: AsyncIterable<Line>,
  { awaitsLedger = false }: { awaitsLedger?: boolean } = {},
): Promise<Restored> {
  const restored = await transaction(pool, async (client) => {
    await client.query('set local idle_in_transaction_session_timeout = 0');
    const reader = lines[Symbol.asyncIterator]();
    try {
      const header = readHeader((await reader.next()).value);
      await prepare(client, header);
      const counts = await load(client, reader);
      for (const { name, last, called } of header.sequences)
        await client.query('select setval($1::regclass, $2, $3)', [name, last, called]);
      await client.query('delete from setting where name = $1', [LEDGER_PENDING]);
      if (awaitsLedger)
        await client.query('insert into setting (name, value) values ($1, $2)', [LEDGER_PENDING, '']);
      const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
      return { madeAt: header.madeAt, tables: Object.keys(counts).length, rows };
    } finally {
      await reader.return?.();
    }
  });
  await migrate(pool);
  return restored;
}

function readHeader(line: Line | undefined): Header {
  if (typeof line === 'object' && line !== null && 'format' in line && line.format === FORMAT) return line;
  throw new Error('this is no backup of Skein, or one of a newer version');
}

/** Beside this connection and, of an embedded server, the one by which this process holds it. */
const OTHERS = `select (count(*) filter (where application_name <> 'skein holder')
    + greatest(0, count(*) filter (where application_name = 'skein holder') - 1))::int as n
  from pg_stat_activity
  where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`;
/** What an empty store has: its key, and the policy that a start puts in force. */
const OF_EMPTY = ['setting'];

/** A schema like that of the backup, with nothing in it. Nobody else may migrate it meanwhile. */
async function prepare(client: pg.PoolClient, { migrations, partitions }: Header): Promise<void> {
  const known = await migrationFiles();
  const newer = migrations.filter((name) => !known.includes(name));
  if (newer.length > 0)
    throw new Error(
      `the backup has ${newer.join(', ')}, which this version does not know: restore it with one that does`,
    );
  const applied = await applyMigrations(client, migrations);
  const more = applied.filter((name) => !migrations.includes(name));
  if (more.length > 0)
    throw new Error(
      `a newer version made this database (${more.join(', ')} are not in the backup): restore into one that no Skein has opened`,
    );
  const { rows } = await client.query<{ n: number }>(OTHERS);
  if (rows[0]?.n) throw new Error('the database is in use: stop every Skein and whatever else is connected');
  for (const table of await contentTables(client)) await emptyOrThrow(client, table);
  for (const name of partitions) await addPartition(client, name);
}

async function emptyOrThrow(client: Db, table: string): Promise<void> {
  if (OF_EMPTY.includes(table)) {
    await client.query(`delete from ${table}`);
    return;
  }
  const { rows } = await client.query<{ full: boolean }>(`select exists (select from ${table}) as full`);
  if (rows[0]?.full)
    throw new Error(`the database is not empty (${table} has rows): a backup is restored into an empty one`);
}

async function addPartition(client: Db, name: string): Promise<void> {
  const [, parent, year, month] = /^([a-z_]+)_(\d{4})_(\d{2})$/.exec(name) ?? [];
  if (!parent) throw new Error(`the backup has a partition ${name}, which no version makes`);
  const from = `${year}-${month}-01 00:00:00+00`;
  const next = new Date(Date.UTC(Number(year), Number(month), 1)).toISOString();
  await client.query(
    `create table if not exists ${name} partition of ${parent} for values from ('${from}') to ('${next}')`,
  );
}

async function load(client: Db, lines: AsyncIterator<Line>): Promise<Record<string, number>> {
  const tables = await contentTables(client);
  const counts: Record<string, number> = {};
  let table = '';
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const { value } = line;
    if (Array.isArray(value)) {
      await insert(client, table, value);
      counts[table] = (counts[table] ?? 0) + value.length;
    } else if ('table' in value) {
      ({ table } = value);
      if (!tables.includes(table) || table in counts)
        throw new Error(`the backup is damaged: table ${table}`);
      counts[table] = 0;
    } else if ('end' in value) return complete(counts, value.end);
  }
  throw new Error('the backup is cut: its end is missing');
}

async function insert(client: Db, table: string, batch: string[]): Promise<void> {
  // Of its schema: PostgreSQL has a type "record" of its own.
  const { rows } = await client.query<{ type: string }>(
    "select format('%I.%I', current_schema(), $1::text) as type",
    [table],
  );
  const type = rows[0]?.type ?? table;
  const rowsOf = `select (row::${type}).* from unnest($1::text[]) row`;
  const sql = `insert into ${table} overriding system value ${rowsOf}`;
  await client.query(sql, [batch]).catch((cause: Error & { code?: string }) => {
    // Never the server's own words, which quote the row.
    throw new Error(`the backup cannot be restored: rows of ${table} are refused (${cause.code})`, { cause });
  });
}

function complete(counts: Record<string, number>, end: Record<string, number>): Record<string, number> {
  for (const [table, count] of Object.entries(end))
    if (counts[table] !== count) throw new Error(`the backup is damaged: rows of ${table} are missing`);
  return counts;
}

/** Throws where it must not be served yet: whoever was erased since would be back. */
export async function refuseUnfinished(db: Db): Promise<void> {
  const { rowCount } = await db.query('select from setting where name = $1', [LEDGER_PENDING]);
  if (rowCount) throw new Error('the restore of this store was not finished: run skein ledger apply FILE');
}
