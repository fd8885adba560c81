/** Stored families by the hundred thousand: some real ones, taken in through the pipeline, and copies of all their rows by COPY. */
import { copyIn } from './copy-in.ts';
import { cut, paste, SPAN } from './rekey.ts';
import { openBench, takeMessage } from './stages.ts';
import type { Database } from './store.ts';

/** Real families; every copy of them has their names and dates, and ids of its own. */
export const REAL = 200;

/** Columns that hold row ids, which are moved on with every copy. */
const ROW_IDS: Record<string, string[]> = {
  message: ['id'],
  intake: ['message_id'],
  record: ['id', 'message_id'],
  statement: ['seq', 'record_id'],
  resource: ['row_id', 'record_id'],
  index_token: ['row_id'],
  index_date: ['row_id'],
  index_string: ['row_id'],
  involvement: [],
  member: [],
  event: ['id'],
};
const SEQUENCES = ['message.id', 'record.id', 'statement.seq', 'resource.row_id', 'outbox.id'];

/** Fills an empty database with that many families (a multiple of 200), as if their referrals had been published long ago. */
export async function seedFamilies(db: Database, families: number): Promise<void> {
  const bench = await openBench(db, 'referral');
  for (let n = 0; n < REAL; n++) await takeMessage(bench, 'referral', n);
  await db.pool.query(
    'insert into event (id, at, event) select id, at, event from outbox; delete from outbox',
  );
  const shared = await findShared(db);
  for (const [table, ids] of Object.entries(ROW_IDS)) {
    const { columns, text } = await readRows(db, table, ids);
    const template = cut(text, shared);
    await copyIn(
      db.url,
      `copy ${table} (${columns.join(', ')}) from stdin`,
      copies(template, families / REAL - 1),
    );
  }
  for (const sequence of SEQUENCES) {
    const [table, column] = sequence.split('.');
    await db.pool.query(`select setval(pg_get_serial_sequence($1, $2), $3)`, [
      table,
      column,
      (families / REAL + 1) * SPAN,
    ]);
  }
  await db.pool.query('vacuum analyze');
}

function* copies(template: ReturnType<typeof cut>, count: number): Generator<string> {
  for (let n = 1; n <= count; n++) yield paste(template, n);
}

/** What two families have in common: services, hashes of codes and names. */
async function findShared(db: Database): Promise<Set<string>> {
  const { rows } = await db.pool.query<{ value: string }>(`
    select id::text as value from service union all
    select hash::text from index_token join resource using (row_id) group by hash having count(distinct persons[1]) <> 1`);
  return new Set(rows.map(({ value }) => value));
}

/** All rows of a table in COPY's text format, row ids marked. */
async function readRows(
  db: Database,
  table: string,
  ids: string[],
): Promise<{ columns: string[]; text: string }> {
  const found = await db.pool.query<{ name: string }>(
    'select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum',
    [table],
  );
  const columns = found.rows.map(({ name }) => name);
  const texts = columns.map((name) => (ids.includes(name) ? `'#' || "${name}" || '#'` : `"${name}"::text`));
  // Services are stored too, as Organizations: every copy shares them.
  const own = "where row_id not in (select row_id from resource where type = 'Organization')";
  const { rows } = await db.pool.query<{ line: (string | null)[] }>(
    `select array[${texts.join(', ')}] as line from ${table} ${columns.includes('row_id') ? own : ''}`,
  );
  return { columns, text: rows.map(({ line }) => `${line.map(escapeField).join('\t')}\n`).join('') };
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function escapeField(value: string | null): string {
  return value === null ? '\\N' : value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] as string);
}
