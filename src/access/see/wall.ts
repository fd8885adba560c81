/**
 * The second wall. What is read for somebody is read as a role to which the database shows no row of a
 * stranger (046-wall.sql): a statement that forgets to ask who may see what still tells nothing of people
 * that its reader has nothing to do with. It is broader than what `decide` says, which goes on deciding.
 */
import type pg from 'pg';
import type { Recipient } from '../../model.ts';
import { type Db, readWithin } from '../../store/pool.ts';

/** For whom it is read. `pipeline`: for nobody yet, since what comes of it is decided later. */
export type Reader = Recipient | 'pipeline';
export type Reading = { db: Db; recipient: Reader };

/** Rows of a statement about `resource` or its history, of those that the wall lets through. */
export async function readAs<Row extends object>(
  { db, recipient }: Reading,
  query: pg.QueryConfig,
): Promise<Row[]> {
  const role = recipient === 'pipeline' ? null : await readingRole(db);
  if (recipient === 'pipeline' || role === null) return (await db.query<Row>(query)).rows;
  const first = `set local role ${role}; set local skein.reader = '${nameOf(recipient)}'`;
  return readWithin<Row>(db, first, query);
}

const ROLE = `select quote_ident(rolname) as role from pg_roles
  where rolname = skein_role('reader') and pg_has_role(session_user, oid, 'member')`;
const roles = new WeakMap<Db, Promise<string | null>>();

/** Asked once of each pool, or connection. Null where the store has no roles, and its owner serves. */
function readingRole(db: Db): Promise<string | null> {
  const known = roles.get(db);
  if (known) return known;
  const asked = db.query<{ role: string }>(ROLE).then(({ rows }) => rows[0]?.role ?? null);
  roles.set(db, asked);
  asked.catch(() => roles.delete(db));
  return asked;
}

/** An id of ours or one word: nothing that could end the text it stands in. */
const nameOf = (recipient: Recipient): string =>
  recipient.kind === 'operator' ? 'operator' : recipient.system.service.id.replace(/[^0-9a-f-]/g, '');
