/** Gives the roles that serve a store the rights of `rights.ts`, and takes from them all others. */
import type pg from 'pg';
import { READER, READER_FUNCTIONS, SERVICE, SERVICE_FUNCTIONS } from './rights.ts';

/** As `Db` of pool.ts, which needs this file. */
type Db = Pick<pg.Pool, 'query'>;
type Roles = { made: boolean; service: string; reader: string };

const ROLES = `select skein_make_roles() as made, skein_role('service') as service, skein_role('reader') as reader`;

/** Statements that make what is granted what is wanted; none where it is. */
const DIFFERENCES = `
with role as (select oid, quote_ident(rolname) as name from pg_roles where rolname = $1),
wanted as (
  select to_regclass(every.name) as relation, one.may
    from jsonb_each($2::jsonb) as every (name, rights) cross join jsonb_array_elements_text(rights) as one (may)),
held as (
  select c.oid::regclass as relation, lower(a.privilege_type) as may
    from role cross join pg_class c cross join aclexplode(c.relacl) a
   where a.grantee = role.oid and c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v'))
select format('grant %s on %s to %s', may, relation, name) as sql
  from role, (select * from wanted where relation is not null except select * from held) missing
union all
select format('revoke %s on %s from %s', may, relation, name) from role, (select * from held except select * from wanted) extra`;

/** Schema, functions and (who adds rows) sequences: nobody loses any, for none was granted but here. */
const CLOSED = `
with role as (select oid, quote_ident(rolname) as name from pg_roles where rolname = $1)
select format('grant usage on schema %I to %s', current_schema(), name) as sql from role
 where not has_schema_privilege(oid, current_schema(), 'usage')
union all
select format('grant usage, select on sequence %s to %s', c.oid::regclass, name) from role cross join pg_class c
 where c.relkind = 'S' and c.relnamespace = current_schema()::regnamespace and $3
   and not has_sequence_privilege(role.oid, c.oid, 'usage, select')
union all
select format('grant execute on function %s to %s', f::regprocedure, name) from role cross join unnest($2::text[]) f
 where not has_function_privilege(role.oid, f::regprocedure, 'execute')`;

/**
 * Asked by the owner at the end of every migration. Changes nothing where all is as it should be, nor where
 * there are no roles and the owner may make none: then the store is served with the owner's rights, and
 * `describeRights` says so.
 */
export async function limitRights(db: Db): Promise<void> {
  const { rows } = await db.query<Roles>(ROLES);
  const { made, service, reader } = rows[0] as Roles;
  if (!made) return;
  await run(db, DIFFERENCES, [service, JSON.stringify(SERVICE)]);
  await run(db, DIFFERENCES, [reader, JSON.stringify(READER)]);
  await run(db, CLOSED, [service, SERVICE_FUNCTIONS, true]);
  await run(db, CLOSED, [reader, READER_FUNCTIONS, false]);
  await db.query('select skein_raise_wall()');
}

async function run(db: Db, differences: string, values: unknown[]): Promise<void> {
  const { rows } = await db.query<{ sql: string }>(differences, values);
  for (const { sql } of rows) await db.query(sql);
}

/**
 * The role to serve a store as, for a connection that owns it and may act so; null where the connection has
 * what rights it has: it owns nothing, or there are no roles.
 */
export async function servingRole(db: Db): Promise<string | null> {
  const { rows } = await db.query<{ role: string }>(
    `select r.rolname as role from pg_class c join pg_roles r on r.rolname = skein_role('service')
      where c.oid = to_regclass('setting') and pg_has_role(current_user, c.relowner, 'usage')
        and pg_has_role(current_user, r.oid, 'member')`,
  );
  return rows[0]?.role ?? null;
}

/** May this connection migrate: does it own the store, or is there none yet? */
export async function ownsStore(db: Db): Promise<boolean> {
  const { rows } = await db.query<{ owns: boolean }>(
    `select coalesce((select pg_has_role(current_user, relowner, 'usage') from pg_class
      where oid = to_regclass('setting')), true) as owns`,
  );
  return rows[0]?.owns ?? false;
}

const TOO_MUCH =
  'may change and delete what was received and the audit: let it make roles (CREATEROLE), or give the service a user of its own (docs/operations.md)';

/** What the connection that serves may do beyond what it needs. */
export async function describeRights(db: Db, setting: string): Promise<string[]> {
  const { rows } = await db.query<{ much: boolean }>(
    "select has_table_privilege('message', 'update, delete') or has_table_privilege('audit', 'update, delete') as much",
  );
  return rows[0]?.much ? [`${setting}: its user ${TOO_MUCH}`] : [];
}
