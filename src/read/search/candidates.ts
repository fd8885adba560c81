/** The SQL of search: which rows may match, a batch at a time, by keyset. */

import { visibleSql } from '../../access/decide/visible-sql.ts';
import { hashToken, indexText } from '../../fhir/index-rows.ts';
import type { Recipient, ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { type Bind, binder, COLUMNS, isId, type StoredRow, toRow } from '../rows.ts';
import { type DateTest, dateSql } from './date.ts';
import type { Clause, Search, StringMode } from './query.ts';

export type Position = (string | null)[];
export type Candidate = { row: ResourceRow; position: Position };

export type Asking = { db: Db; key: Buffer; recipient: Recipient };

/** Orders that SQL can follow by itself; a sort by anything else is done in memory, over what may be seen. */
type Order = 'row' | 'updated' | 'id';

export function orderOf({ sort }: Search): Order | null {
  const [first, ...more] = sort;
  if (!first) return 'row';
  if (more.length > 0) return null;
  return first.code === '_lastUpdated' ? 'updated' : first.code === '_id' ? 'id' : null;
}

const KEYS: Record<Order, { column: string; cast: string }[]> = {
  row: [{ column: 'r.row_id', cast: 'bigint' }],
  updated: [
    { column: 'r.updated_at', cast: 'timestamptz' },
    { column: 'r.row_id', cast: 'bigint' },
  ],
  id: [{ column: 'r.id', cast: 'uuid' }],
};

/** At most `limit` rows after a position, in the search's order (by row where SQL cannot follow it). */
export async function findCandidates(
  asking: Asking,
  search: Search,
  page: { after: Position | null; limit: number },
): Promise<Candidate[]> {
  const values: unknown[] = [];
  const bind = binder(values);
  const keys = KEYS[orderOf(search) ?? 'row'];
  const descending = search.sort[0]?.descending && orderOf(search) !== null;
  const conditions = [
    `r.type = ${bind(search.type, 'text')}`,
    visibleSql(asking.recipient, bind),
    ...search.ids.map((ids) => `r.id = any(${bind(ids.filter(isId), 'uuid[]')})`),
    ...search.updated.map((tests) => anyOf(tests.map((test) => updatedSql(test, bind)))),
    ...search.clauses.flatMap((clause) => clauseSql(clause, asking.key, bind)),
  ];
  if (page.after) {
    const bounds = page.after.map((value, index) => bind(value, keys[index]?.cast ?? 'text'));
    conditions.push(
      `(${keys.map(({ column }) => column).join()}) ${descending ? '<' : '>'} (${bounds.join()})`,
    );
  }
  const order = keys.map(({ column }) => `${column}${descending ? ' desc' : ''}`).join();
  const { rows } = await asking.db.query<StoredRow & { position: Position }>(
    `select ${COLUMNS}, array[${keys.map(({ column }) => `${column}::text`).join()}] as position
     from resource r where ${conditions.join(' and ')} order by ${order} limit ${page.limit}`,
    values,
  );
  return rows.map(({ position, ...row }) => ({ row: toRow(row), position }));
}

const anyOf = (conditions: string[]) => `(${conditions.join(' or ')})`;

/** An instant is the shortest span the store knows; `ge` needs only its start, which the index has. */
function updatedSql(test: DateTest, bind: Bind): string {
  if (test.prefix === 'ge') return `r.updated_at >= ${bind(test.low, 'timestamptz')}`;
  return dateSql(test, { l: 'r.updated_at', h: "r.updated_at + interval '1 microsecond'" }, bind);
}

/** A condition that no row the recipient would find can fail. A negation has none: the hidden value is no reason to leave a row out. */
function clauseSql(clause: Clause, key: Buffer, bind: Bind): string[] {
  if (clause.kind === 'token' && clause.negated) return [];
  const table = clause.kind === 'date' || clause.kind === 'string' ? `index_${clause.kind}` : 'index_token';
  const numbers = [...new Set(clause.params.map(({ number }) => number))];
  return [
    `r.row_id in (select i.row_id from ${table} i where ${oneOf('i.param', numbers, 'smallint', bind)}
       and ${valuesSql(clause, key, bind)})`,
  ];
}

function valuesSql(clause: Clause, key: Buffer, bind: Bind): string {
  if (clause.kind === 'date')
    return anyOf(clause.values.map((test) => dateSql(test, { l: 'i.low', h: 'i.high' }, bind)));
  if (clause.kind === 'string') {
    const patterns = clause.values.map((value) => bind(likePattern(clause.mode, value), 'text'));
    return anyOf(patterns.map((pattern) => `i.value like ${pattern}`));
  }
  // Without a system only the code is indexed: a row each saved, and the match that follows tells them apart.
  const hashes = clause.values.map((value) => hashToken(key, value.replace(/^\|/, '')));
  return oneOf('i.hash', hashes, 'bigint', bind);
}

/** A single value by equality: only then does the index give its rows in order, so that a page of a common code reads a page. */
function oneOf(column: string, values: unknown[], cast: string, bind: Bind): string {
  return values.length === 1
    ? `${column} = ${bind(values[0], cast)}`
    : `${column} = any(${bind(values, `${cast}[]`)})`;
}

/** The index holds folded text: an exact search narrows by it here, and compares letters and accents when it matches again. */
function likePattern(mode: StringMode, value: string): string {
  const literal = indexText(value).replace(/[\\%_]/g, '\\$&');
  return `${mode === 'contains' ? '%' : ''}${literal}${mode === 'exact' ? '' : '%'}`;
}
