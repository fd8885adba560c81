/** The SQL of search: which rows may match, a batch at a time, by keyset. */

import { fewVisibleSql, visibleSql } from '../../access/decide/visible-sql.ts';
import { type Bind, binder, COLUMNS, type StoredRow, toRow } from '../../access/see/rows.ts';
import { isId } from '../../fhir/ids.ts';
import { hashToken, indexText } from '../../fhir/index-rows.ts';
import type { Recipient, ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Clause, StringMode } from './conditions.ts';
import { type DateTest, dateSql } from './date.ts';
import type { Order } from './order.ts';
import type { Search } from './query.ts';

/** Where in its order a row came: key and row id. */
export type Place = { key: string; rowId: string };
/** `key`: where it came, as a resource would say it. `keys`: all that the index of a value has of it. */
export type Candidate = { row: ResourceRow; place: Place; key: string; keys: string[] };

export type Asking = { db: Db; key: Buffer; recipient: Recipient };

/** `rest`: what a walk by a value leaves over, `all` that it might, or those without any in the index. */
type Wanted = { order: Order; after: Place | null; limit: number; rest?: 'none' | 'all' };

/** At most `limit` rows after a place in an order; a rest is in the order of rows. */
export async function findCandidates(
  asking: Asking,
  search: Search,
  { order, after, limit, rest }: Wanted,
): Promise<Candidate[]> {
  const values: unknown[] = [];
  const bind = binder(values);
  const ordered = rest ? REST : order;
  const keys = order.keys?.(bind);
  const conditions = [
    ...conditionsOf(asking, search, bind),
    ...(rest === 'none' ? [`not exists (${keys})`] : []),
  ];
  const [sign, word] = ordered.descending ? [ordered.greater, 'desc'] : [ordered.less, 'asc'];
  const isAfter = after && afterSql(ordered, after, bind);
  const walks = ordered.walks(bind, asking.recipient.kind === 'operator').map(
    ({ from, key }) => `(select ${COLUMNS}, ${key} as walked,
       ${keys ? `array(select ${shownSql('k.key', order.cast)} from (${keys}) k)` : "'{}'::text[]"} as keys
     from ${from} where ${[...conditions, ...(isAfter ? [isAfter(key)] : [])].join(' and ')}
     order by ${key} using ${sign}, r.row_id ${word} limit ${limit})`,
  );
  const { rows } = await asking.db.query<Found>(
    `select r.*, walked::text as place, ${shownSql('walked', ordered.cast)} as key
     from (${walks.join(' union all ')}) r order by walked using ${sign}, row_id ${word} limit ${limit}`,
    values,
  );
  return rows.map(({ walked: _walked, place, key, keys, ...row }) => ({
    row: toRow(row),
    place: { key: place, rowId: row.row_id },
    key,
    keys,
  }));
}

type Found = StoredRow & { walked: unknown; place: string; key: string; keys: string[] };

const REST: Order = {
  name: 'row',
  descending: false,
  walks: () => [{ from: 'resource r', key: 'r.row_id' }],
  cast: 'bigint',
  less: '<',
  greater: '>',
};

/** The first of the two conditions says nothing more, but is what an index can begin at. */
function afterSql(order: Order, { key: at, rowId }: Place, bind: Bind): (key: string) => string {
  const [place, row] = [bind(at, order.cast), bind(rowId, 'bigint')];
  const [beyond, rowBeyond] = order.descending ? [order.less, '<'] : [order.greater, '>'];
  const from = beyond.length > 1 ? beyond.replace(/.$/, '=~') : `${beyond}=`;
  return (key) => `${key} ${from} ${place} and (${key} ${beyond} ${place} or r.row_id ${rowBeyond} ${row})`;
}

/** So many are looked up by their ids faster than the next page is found among all that is stored. */
const FEW = 1_000;

/** Ids of all rows that the recipient might see of a type, where they are few; else null. */
export async function findFew({ db, recipient }: Asking, type: string): Promise<string[] | null> {
  const values: unknown[] = [];
  const text = fewVisibleSql(recipient, { type, most: FEW }, binder(values));
  if (!text) return null;
  const { rows } = await db.query<{ rows: string[] | null }>(text, values);
  const found = rows[0]?.rows ?? null;
  return found && found.length <= FEW ? found : null;
}

/** As ISO text, the form in which \`rangeOf\` gives times. */
const shownSql = (column: string, cast: string) =>
  cast === 'timestamptz'
    ? `case when isfinite(${column}) then skein_iso(${column}) else ${column}::text end`
    : `${column}::text`;

/** What a row must be, so that the recipient might find it: never more than what it sees of it decides. */
function conditionsOf({ recipient, key }: Asking, search: Search, bind: Bind): string[] {
  return [
    `r.type = ${bind(search.type, 'text')}`,
    visibleSql(recipient, bind),
    ...(search.among ? [`r.row_id = any(${bind(search.among, 'bigint[]')})`] : []),
    ...search.ids.map((ids) => `r.id = any(${bind(ids.filter(isId), 'uuid[]')})`),
    ...search.updated.flatMap((tests) => updatedSql(tests, recipient, bind)),
    ...search.clauses.flatMap((clause) => clauseSql(clause, key, bind)),
  ];
}

const anyOf = (conditions: string[]) => `(${conditions.join(' or ')})`;

/**
 * The row's own time is never earlier than the one that a recipient sees, so that it can rule out only what
 * is too old.
 */
function updatedSql(tests: DateTest[], recipient: Recipient, bind: Bind): string[] {
  if (recipient.kind === 'operator') return [anyOf(tests.map((test) => instantSql(test, bind)))];
  if (tests.some(({ prefix }) => !['eq', 'ge', 'gt', 'sa'].includes(prefix))) return [];
  return [anyOf(tests.map(({ low }) => `r.updated_at >= ${bind(low, 'timestamptz')}`))];
}

/** An instant is the shortest span the store knows; `ge` needs only its start, which the index has. */
function instantSql(test: DateTest, bind: Bind): string {
  if (test.prefix === 'ge') return `r.updated_at >= ${bind(test.low, 'timestamptz')}`;
  return dateSql(test, { l: 'r.updated_at', h: "r.updated_at + interval '1 microsecond'" }, bind);
}

/**
 * A condition that no row the recipient would find can fail. A negation has none: the hidden value is no
 * reason to leave a row out.
 */
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

/**
 * A single value by equality: only then does the index give its rows in order, so that a page of a common
 * code reads a page.
 */
function oneOf(column: string, values: unknown[], cast: string, bind: Bind): string {
  return values.length === 1
    ? `${column} = ${bind(values[0], cast)}`
    : `${column} = any(${bind(values, `${cast}[]`)})`;
}

/**
 * The index holds folded text: an exact search narrows by it here, and compares letters and accents when it
 * matches again.
 */
function likePattern(mode: StringMode, value: string): string {
  const literal = indexText(value).replace(/[\\%_]/g, '\\$&');
  return `${mode === 'contains' ? '%' : ''}${literal}${mode === 'exact' ? '' : '%'}`;
}
