import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { migrate, openPool } from '../../src/store/pool.ts';

/** Where the services of one test run are; `redisUrl` null means that tests needing Redis are left out, by name. */
export type Services = { postgresUrl: string; template: string; redisUrl: string | null; prefix: string };

declare module 'vitest' {
  interface ProvidedContext {
    services: Services;
  }
}

type Started = { url: string; stop: () => Promise<void> };

const nothing = async () => undefined;

/**
 * Finds or starts PostgreSQL and Redis once per run, and makes the migrated template that every test file clones.
 * PostgreSQL: TEST_DATABASE_URL, a Docker engine that answers, 127.0.0.1:5432, else Skein's own embedded server.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engine = await dockerAnswers();
  const postgres = await startPostgres(engine);
  const redis = await startRedis(engine);
  if (!redis && process.env.REQUIRE_SERVICES === '1')
    throw new Error('REQUIRE_SERVICES=1 and no Redis was found');
  const prefix = `skein_test_${randomBytes(4).toString('hex')}`;
  const template = `${prefix}_template`;
  await administer(postgres.url, `create database ${template} encoding 'UTF8' locale 'C' template template0`);
  const pool = openPool(withDatabase(postgres.url, template));
  await migrate(pool);
  await pool.end();
  project.provide('services', { postgresUrl: postgres.url, template, redisUrl: redis?.url ?? null, prefix });
  return async () => {
    await administer(postgres.url, `drop database if exists ${template} with (force)`);
    await Promise.all([postgres.stop(), redis?.stop()]);
  };
}

export function withDatabase(url: string, name: string): string {
  const copy = new URL(url);
  copy.pathname = `/${name}`;
  return copy.href;
}

export async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The client may be installed without an engine behind it: ask the engine itself. */
async function dockerAnswers(): Promise<boolean> {
  if (process.env.TEST_DATABASE_URL && process.env.TEST_REDIS_URL) return false;
  try {
    const { getContainerRuntimeClient } = await import('testcontainers');
    await getContainerRuntimeClient();
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

async function startPostgres(engine: boolean): Promise<Started> {
  if (process.env.TEST_DATABASE_URL) return { url: process.env.TEST_DATABASE_URL, stop: nothing };
  if (engine)
    return startContainer(
      'postgres:17',
      5432,
      { POSTGRES_HOST_AUTH_METHOD: 'trust' },
      'postgres://postgres@',
    );
  const local = 'postgres://postgres@127.0.0.1:5432/postgres';
  const found = await administer(local, 'select 1').then(
    () => true,
    () => false,
  );
  if (found) return { url: local, stop: nothing };
  const { openEmbedded } = await import('../../src/store/embedded.ts');
  return openEmbedded('.skein/test');
}

async function startRedis(engine: boolean): Promise<Started | null> {
  if (process.env.TEST_REDIS_URL) return { url: process.env.TEST_REDIS_URL, stop: nothing };
  if (engine) return startContainer('redis:7', 6379, {}, 'redis://');
  const local = 'redis://127.0.0.1:6379';
  const client = new Redis(local, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  client.on('error', () => undefined);
  const found = await client.connect().then(
    () => true,
    () => false,
  );
  client.disconnect();
  return found ? { url: local, stop: nothing } : null;
}

async function startContainer(
  image: string,
  port: number,
  env: Record<string, string>,
  scheme: string,
): Promise<Started> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(image)
    .withEnvironment(env)
    .withExposedPorts(port)
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  const path = port === 5432 ? '/postgres' : '';
  return {
    url: `${scheme}${container.getHost()}:${container.getMappedPort(port)}${path}`,
    stop: async () => {
      await container.stop();
    },
  };
}
