/**
 * Rows of the resource table and its history, by identity. What a recipient may see of them is `see`'s
 * business.
 */

import type { Resource } from '@medplum/fhirtypes';
import { isId } from '../../fhir/ids.ts';
import { hashToken } from '../../fhir/index-rows.ts';
import { findParams } from '../../fhir/search-parameters.ts';
import type { ResourceRow, Sources } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { reachesSql } from '../decide/visible-sql.ts';
import { type Reading, readAs } from './wall.ts';

export const COLUMNS =
  'r.row_id, r.type, r.id, r.version, r.updated_at, r.content, r.persons, r.authors, r.service, r.sources';

export type StoredRow = {
  row_id: string;
  type: string;
  id: string;
  version: number;
  updated_at: Date;
  content: Resource;
  persons: string[];
  authors: string[];
  service: string | null;
  sources: Sources | null;
};

export function toRow(stored: StoredRow): ResourceRow {
  const { row_id, updated_at, ...rest } = stored;
  return { ...rest, rowId: row_id, updatedAt: updated_at };
}

export type Bind = (value: unknown, cast: string) => string;

/** Adds a value to a statement's parameters and gives its placeholder. */
export function binder(values: unknown[]): Bind {
  return (value, cast) => `$${values.push(value)}::${cast}`;
}

/**
 * The present rows of some `Type/id`, in their order; those that do not exist are missing from the answer.
 */
export async function findRows(reading: Reading, references: string[]): Promise<ResourceRow[]> {
  const pairs = references.map((reference) => reference.split('/')).filter(([, id]) => isId(id ?? ''));
  if (pairs.length === 0) return [];
  const rows = await readAs<StoredRow>(reading, {
    text: `select ${COLUMNS} from unnest($1::text[], $2::uuid[]) with ordinality as wanted (type, id, place)
       join resource r using (id, type) order by place`,
    values: [pairs.map(([type]) => type), pairs.map(([, id]) => id)],
  });
  return rows.map(toRow);
}

/**
 * One present row, if the recipient might see it: of any other no more is read than of one that does not
 * exist.
 */
export async function findVisible(
  reading: Reading,
  { type, id }: { type: string; id: string },
): Promise<ResourceRow | null> {
  const values: unknown[] = [];
  const bind = binder(values);
  const named = `r.id = ${bind(isId(id) ? id : NO_ID, 'uuid')} and r.type = ${bind(type, 'text')}`;
  const text = `select ${COLUMNS} from resource r where ${named} and ${reachesSql(reading.recipient, bind)}`;
  const rows = await readAs<StoredRow>(reading, { text, values });
  return rows[0] ? toRow(rows[0]) : null;
}

const NO_ID = '00000000-0000-0000-0000-000000000000';

/**
 * A history longer than this is cut at its oldest end: nobody reads a thousand versions, and a page must end.
 */
export const MOST_VERSIONS = 1_000;

/** Earlier versions of these present rows, oldest first: of each at most the newest `MOST_VERSIONS`. */
export async function findPasts(reading: Reading, present: ResourceRow[]): Promise<ResourceRow[]> {
  if (present.length === 0) return [];
  const rows = await readAs<StoredRow>(reading, {
    text: `select ${COLUMNS} from unnest($1::text[], $2::uuid[]) as wanted (type, id) cross join lateral (
       select * from resource_history h where h.id = wanted.id and h.type = wanted.type
       order by h.version desc limit ${MOST_VERSIONS}) r order by r.row_id, r.version`,
    values: [present.map(({ type }) => type), present.map(({ id }) => id)],
  });
  return rows.map(toRow);
}

/** One present row, and a time. */
export type At = { row: ResourceRow; before: Date };

/**
 * The version that each of these rows had just before its time; what did not exist then has none. A row
 * comes once for each time that is asked of it.
 */
export async function findPastsAt(
  reading: Reading,
  wanted: At[],
): Promise<(ResourceRow & { before: Date })[]> {
  if (wanted.length === 0) return [];
  const rows = await readAs<StoredRow & { before: Date }>(reading, {
    text: `select ${COLUMNS}, wanted.before
       from unnest($1::text[], $2::uuid[], $3::timestamptz[]) as wanted (type, id, before) cross join lateral (
       select * from resource_history h
        where h.id = wanted.id and h.type = wanted.type and h.updated_at < wanted.before
        order by h.version desc limit 1) r`,
    values: [
      ...[wanted.map(({ row }) => row.type), wanted.map(({ row }) => row.id)],
      wanted.map(({ before }) => before),
    ],
  });
  return rows.map(({ before, ...row }) => ({ ...toRow(row), before }));
}

export type Link = { param: number; hash: string };

/**
 * Rows of some types about people (`Patient/id`) whom the reader is known to see, in row order: of these
 * nothing is told by how much is read. Not read through the wall, which cost a journey a fifth more.
 */
export async function findAbout(
  { db, key }: { db: Db; key: Buffer },
  types: string[],
  persons: string[],
): Promise<ResourceRow[]> {
  const links = types
    .flatMap((type) => findParams(type, 'patient'))
    .flatMap(({ number }) => persons.map((person) => ({ param: number, hash: hashToken(key, person) })));
  const { rows } = await db.query<StoredRow>(
    `select ${COLUMNS} from resource r where r.type = any($1::text[]) and r.row_id in (
       select t.row_id from index_token t
         join unnest($2::smallint[], $3::bigint[]) as wanted (param, hash) using (param, hash))
     order by r.row_id`,
    [types, links.map(({ param }) => param), links.map(({ hash }) => hash)],
  );
  return rows.map(toRow);
}

/**
 * Rows of one type, perhaps visible, whose index has any of these links, in row order: at most `limit`, or
 * all of them.
 */
export async function findLinked(
  reading: Reading,
  type: string,
  links: Link[],
  limit: number | null,
): Promise<ResourceRow[]> {
  if (links.length === 0) return [];
  const values: unknown[] = [];
  const bind = binder(values);
  const params = bind(
    links.map(({ param }) => param),
    'smallint[]',
  );
  const hashes = bind(
    links.map(({ hash }) => hash),
    'bigint[]',
  );
  const text = `select ${COLUMNS} from resource r where r.type = ${bind(type, 'text')}
     and r.row_id = any(skein_linked(${params}, ${hashes})) and ${reachesSql(reading.recipient, bind)}
     order by r.row_id limit ${bind(limit, 'bigint')}`;
  const rows = await readAs<StoredRow>(reading, { text, values });
  return rows.map(toRow);
}

/** Present rows by their row ids, by these; what the reader is a stranger to is missing. */
export async function findByRowIds(reading: Reading, rowIds: string[]): Promise<Map<string, ResourceRow>> {
  const text = `select ${COLUMNS} from resource r where r.row_id = any($1::bigint[])`;
  const rows = await readAs<StoredRow>(reading, { text, values: [rowIds] });
  return new Map(rows.map((row) => [row.row_id, toRow(row)]));
}

/** Which of these rows are behind no wall. Asked of none alike, so that no time tells that one was hidden. */
export async function findWithin(reading: Reading, rowIds: string[]): Promise<Set<string>> {
  const text = 'select r.row_id from resource r where r.row_id = any($1::bigint[])';
  const rows = await readAs<{ row_id: string }>(reading, { text, values: [rowIds] });
  return new Set(rows.map(({ row_id }) => row_id));
}
