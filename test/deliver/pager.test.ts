/** When somebody is to be woken, as a monitor asks it; a process of its own, whose loops are late for nobody else. */
import { expect, test } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { noticeUnheard } from '../../src/deliver/send/urgent-alerts.ts';
import { watchDeliveries } from '../../src/deliver/send/watch.ts';
import { noticeStuck, sequence } from '../../src/publish/sequencer.ts';
import { testDatabase } from '../support/database.ts';
import { register } from '../support/hear.ts';
import { appendEvents, episodeEvent, loopbackContext, subscribeActive } from './support.ts';

const database = await testDatabase();
const { pool } = database;
const ctx = loopbackContext(database);
const later = (minutes: number) =>
  pool.query(`update event set at = at - make_interval(mins => $1)`, [minutes]);

test('a monitor is told to wake somebody where an urgent word reached nobody or news is stuck, and who serves stays ready', async () => {
  const app = buildApp(ctx, [], {
    ready: () => noticeUnheard(pool),
    pager: async () => [...(await noticeUnheard(pool)), ...(await noticeStuck(pool))],
  });
  const pager = async () => {
    const { statusCode, body } = await app.inject('/health/pager');
    return [statusCode, JSON.parse(body).status, JSON.parse(body).reasons.length];
  };
  expect(await pager()).toEqual([200, 'quiet', 0]);
  await appendEvents(pool, [episodeEvent({ code: 'episode-started' })]);
  expect(await pager()).toEqual([200, 'quiet', 0]);
  await pool.query("update outbox set at = now() - interval '31 seconds'");
  expect(await pager()).toEqual([503, 'ring', 1]);
  await sequence(pool);
  expect(await pager()).toEqual([200, 'quiet', 0]);
  const system = await register(database, 'maternity');
  await subscribeActive(pool, 'http://127.0.0.1:1/away', { as: { kind: 'system', system } });
  await appendEvents(pool, [episodeEvent({ code: 'contact-stop', to: [system.service.id] })]);
  await sequence(pool);
  await later(16);
  await watchDeliveries(ctx);
  expect(await pager()).toEqual([503, 'ring', 1]);
  expect((await app.inject('/health/pager')).body).not.toContain(system.service.name);
  expect((await app.inject('/health/ready')).statusCode).toBe(200);
  await app.close();
});
