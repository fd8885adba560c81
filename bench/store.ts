/** The database a run measures on, made for it and dropped after it, and what the server counts. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import pg from 'pg';
import { openEmbedded } from '../src/store/embedded.ts';
import { migrate, openPool } from '../src/store/pool.ts';
import { cpuSeconds } from './processes.ts';

export type Postgres = { url: string; stop: () => Promise<void> };
/** With the directory that its data are in. */
export type Throwaway = Postgres & { home: string };
/** One database of a run, migrated and empty. */
export type Database = { name: string; url: string; pool: pg.Pool; drop: () => Promise<void> };

const LOCAL = 'postgres://postgres@127.0.0.1:5432/postgres';

/** DATABASE_URL or TEST_DATABASE_URL; else a server on this machine that answers; else the embedded one, thrown away afterwards. */
export async function findPostgres(): Promise<Postgres> {
  const named = process.env.DATABASE_URL ?? process.env.TEST_DATABASE_URL;
  if (named) return { url: named, stop: async () => undefined };
  const found = await administer(LOCAL, 'select 1').then(
    () => true,
    () => false,
  );
  return found ? { url: LOCAL, stop: async () => undefined } : openThrowaway();
}

/** An embedded server of our own: nobody else's data are on it, so it may also be killed. */
export async function openThrowaway(folder = '.skein'): Promise<Throwaway> {
  const { url, home, stop } = await openEmbedded(`${folder}/bench-${randomBytes(4).toString('hex')}`);
  return {
    url,
    home,
    stop: async () => {
      await stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export async function createDatabase(server: Postgres): Promise<Database> {
  const name = `skein_bench_${randomBytes(4).toString('hex')}`;
  await administer(server.url, `create database ${name} encoding 'UTF8' locale 'C' template template0`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const pool = openPool(url.href);
  await migrate(pool);
  return {
    name,
    url: url.href,
    pool,
    drop: async () => {
      await pool.end();
      await administer(server.url, `drop database if exists ${name} with (force)`);
    },
  };
}

async function administer(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  // A server that goes away is said by the query that it ends.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Counters of the server: subtract two to learn what lay between. CPU is null where its processes are not on this machine. */
export type Counters = { walBytes: number; cpu: Map<number, number> | null };

export async function readCounters({ pool, name }: Database): Promise<Counters> {
  const wal = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes";
  const { rows } = await pool.query<{ bytes: number }>(wal);
  const backends = await pool.query<{ pid: number }>('select pid from pg_stat_activity where datname = $1', [
    name,
  ]);
  const cpu = backends.rows.map(({ pid }) => [pid, cpuSeconds(pid)] as const);
  const local = cpu.every(([, seconds]) => seconds !== null);
  return { walBytes: rows[0]?.bytes ?? 0, cpu: local ? new Map(cpu as [number, number][]) : null };
}

/** Rows of all tables: exact, where PostgreSQL's own counters come a second late. */
export async function countRows({ pool }: Database): Promise<number> {
  const tables = await pool.query<{ name: string }>(
    "select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  const counts = tables.rows.map(({ name }) => `select count(*) as n from ${name}`).join(' union all ');
  const { rows } = await pool.query<{ total: number }>(`select sum(n)::int as total from (${counts}) each`);
  return rows[0]?.total ?? 0;
}

/** CPU seconds that the backends of this database spent between two readings; a backend that ended meanwhile is not counted. */
export function backendCpu(before: Counters, after: Counters): number | null {
  if (!before.cpu || !after.cpu) return null;
  const start = before.cpu;
  return [...after.cpu].reduce((sum, [pid, seconds]) => sum + seconds - (start.get(pid) ?? 0), 0);
}
