/** Databases whose owner may make no roles, and installations where another user migrates than serves. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Config } from '../../src/config.ts';
import { openLog } from '../../src/observe/log.ts';
import { describeRights } from '../../src/store/limit-rights.ts';
import { openStore } from '../../src/store/open.ts';
import { administer, withDatabase } from '../support/services.ts';

const { postgresUrl, prefix } = inject('services');
const owner = `${prefix}_${randomBytes(3).toString('hex')}`;
const [service, reader, api] = [`${owner}_service`, `${owner}_reader`, `${owner}_api`];
const password = randomBytes(12).toString('hex');

function urlOf(user: string): string {
  const url = new URL(withDatabase(postgresUrl, owner));
  Object.assign(url, { username: user, password });
  return url.href;
}
const log = openLog('silent');
const open = (settings: Record<string, string>) => openStore(Config.parse(settings), log, 0);

beforeAll(async () => {
  await administer(postgresUrl, `create role ${owner} login password '${password}'`);
  await administer(
    postgresUrl,
    `create database ${owner} owner ${owner} template template0 encoding 'UTF8' locale 'C'`,
  );
});
afterAll(async () => {
  await administer(postgresUrl, `drop database ${owner} with (force)`);
  await administer(postgresUrl, `drop role if exists ${api}, ${reader}, ${service}, ${owner}`);
});

test('an owner who may make no roles serves with all its rights, and that is said', async () => {
  const { db, close } = await open({ DATABASE_URL: urlOf(owner) });
  expect((await db.query('select current_user as name')).rows).toEqual([{ name: owner }]);
  expect(await describeRights(db, 'DATABASE_URL')).toEqual([
    expect.stringMatching(/^DATABASE_URL: its user may change and delete what was received .*CREATEROLE/),
  ]);
  await close();
});

test('once somebody has made them it serves as the one of the two that may do less', async () => {
  await administer(
    postgresUrl,
    `create role ${service}; create role ${reader}; grant ${service}, ${reader} to ${owner}`,
  );
  const { db, close } = await open({ DATABASE_URL: urlOf(owner) });
  expect((await db.query('select current_user as name')).rows).toEqual([{ name: service }]);
  expect(await describeRights(db, 'DATABASE_URL')).toEqual([]);
  await expect(db.query('delete from message')).rejects.toMatchObject({ code: '42501' });
  await close();
});

test('a user of its own serves what MIGRATE_URL has migrated, and migrates nothing', async () => {
  await administer(
    postgresUrl,
    `create role ${api} login password '${password}'; grant ${service}, ${reader} to ${api}`,
  );
  const { db, close } = await open({ DATABASE_URL: urlOf(api), MIGRATE_URL: urlOf(owner) });
  expect((await db.query('select current_user as name')).rows).toEqual([{ name: api }]);
  expect(await describeRights(db, 'DATABASE_URL')).toEqual([]);
  expect((await db.query('select from setting')).rowCount).toBeGreaterThan(0);
  await close();
  const alone = await open({ DATABASE_URL: urlOf(api) });
  await alone.close();

  await administer(urlOf(owner), "delete from migration where name = '046-wall.sql'");
  await expect(open({ DATABASE_URL: urlOf(api) })).rejects.toThrow(
    /^DATABASE_URL: 046-wall\.sql is missing, .* set MIGRATE_URL$/,
  );
});

test('a MIGRATE_URL that does not answer is named', async () => {
  const away = { DATABASE_URL: urlOf(api), MIGRATE_URL: 'postgres://skein@127.0.0.1:1/skein' };
  await expect(open(away)).rejects.toThrow(/by MIGRATE_URL: .*ECONNREFUSED/);
});
