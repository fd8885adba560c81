/** A referral whose receiver is not reached: who is told of it, when, how often, and who is not. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { describeUnreached, warnReferrers } from '../../src/deliver/send/unreached.ts';
import type { Recipient, System } from '../../src/model.ts';
import { readMetrics } from '../../src/observe/scrape.ts';
import { testContext } from '../support/context.ts';
import { testDatabase } from '../support/database.ts';
import { barsReferral } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';
import { notified, numberAll, subscribeActive } from './support.ts';

const HOOK = 'https://receiver.example/';
const FRIDAY = new Date('2026-11-27T15:00:00Z');
const MONDAY = new Date('2026-11-30T15:00:00Z');
const MINUTE = 60_000;

const database = await testDatabase();
const { pool, key } = database;
const ctx = testContext(database);
let skein: Awaited<ReturnType<typeof startSkein>>;
const systems = new Map<string, System>();
const subscriptions = new Map<string, string>();
const of = (name: string) => subscriptions.get(name) as string;

beforeAll(async () => {
  skein = await startSkein(database, { ROLES: 'api' });
  for (const [name, ods, sector] of [
    ['visiting', 'RXV', 'health-visiting'],
    ['asked', 'RXC', 'cmht'],
    ['other', 'RXP', 'specialist-perinatal'],
    ['gp', 'Y00001', 'gp'],
  ] as const) {
    const added = { name, ods, team: name, sector, kind: null, source: 'bars-referral' };
    const { system } = await addSystem(pool, key, added);
    systems.set(name, system);
    const as: Recipient = { kind: 'system', system };
    subscriptions.set(name, await subscribeActive(pool, HOOK, { as }));
  }
});
afterAll(() => skein.stop());

let people = 300;
async function refer(id: string, priority?: string): Promise<void> {
  const nhs = nhsNumber(++people);
  const whom = { nhs, given: 'Loveday', family: 'Tregear', born: '1993-05-05', local: `L${people}` };
  const message = barsReferral(whom, { id, to: 'RXC', ...(priority ? { priority } : {}) });
  const { status, body } = await skein.bars(message, undefined, 'visiting');
  expect(status, JSON.stringify(body)).toBe(200);
  await numberAll(pool, [...subscriptions.values()]);
  await pool.query(`update event set at = $1 where event ->> 'code' = 'referral-received'`, [FRIDAY]);
}

/** All but those named have everything that they were given a number for. */
async function failing(names: string[], since: Date): Promise<void> {
  await pool.query(
    `update subscription set attempts = case when id = any($1) then 4 else 0 end,
      failing_since = case when id = any($1) then $2::timestamptz end,
      delivered_number = case when id = any($1) then delivered_number else last_number end`,
    [names.map(of), since],
  );
}

async function warned(at: Date): Promise<Record<string, unknown[]>> {
  await warnReferrers(ctx, at);
  await numberAll(pool, [...subscriptions.values()]);
  const told = [...subscriptions].map(async ([name, id]) => {
    const events = (await notified(pool, id)).filter(({ event }) => event.code === 'referral-undelivered');
    return [name, events.map(({ event }) => event.focus)] as const;
  });
  return Object.fromEntries((await Promise.all(told)).filter(([, events]) => events.length > 0));
}

const from = (date: Date, minutes: number) => new Date(date.getTime() + minutes * MINUTE);

test('after one working day the referrer is told of its referral, once, and nobody else is', async () => {
  await refer('R-1');
  await failing(['asked'], from(FRIDAY, -300));
  expect(await warned(from(MONDAY, -1))).toEqual({});
  expect(await describeUnreached(pool, from(MONDAY, -1))).toEqual([]);
  const told = await warned(from(MONDAY, 1));
  expect(told).toEqual({ visiting: [{ type: 'ServiceRequest', id: expect.any(String) }] });
  expect(await warned(from(MONDAY, 100))).toEqual(told);
  const [line] = await describeUnreached(pool, from(MONDAY, 1));
  expect(line).toMatch(/^1 referrals to RXC\|asked did not reach it/);
  expect(await readMetrics(pool)).toContain('skein_referrals_unreached 1');
  const [focus] = told.visiting as { id: string }[];
  const own = await skein.get(`/fhir/ServiceRequest/${focus?.id}`, 'visiting');
  expect(own.status).toBe(200);
  expect((await skein.get(`/fhir/ServiceRequest/${focus?.id}`, 'gp')).status).toBe(404);
});

test('it is told again where another outage keeps it from its receiver, and not once that is reached', async () => {
  await failing(['asked'], from(MONDAY, 200));
  expect((await warned(from(MONDAY, 300))).visiting).toHaveLength(1);
  expect((await warned(from(MONDAY, 200 + 24 * 60 + 1))).visiting).toHaveLength(2);
  await failing([], MONDAY);
  await warned(from(MONDAY, 10_000));
  expect(await describeUnreached(pool, from(MONDAY, 10_000))).toEqual([]);
});

test('an urgent one is told of after an hour', async () => {
  const before = (await warned(MONDAY)).visiting?.length ?? 0;
  await failing(['asked'], from(FRIDAY, -300));
  await refer('R-2', 'urgent');
  expect((await warned(from(FRIDAY, 59))).visiting).toHaveLength(before);
  expect((await warned(from(FRIDAY, 61))).visiting).toHaveLength(before + 1);
});

test('of others that fail, of another subscription that has it, and of an answer nothing is told', async () => {
  await failing([], MONDAY);
  const before = (await warned(MONDAY)).visiting?.length;
  await failing(['gp', 'other', 'visiting'], from(FRIDAY, -300));
  await refer('R-3');
  await failing(['gp', 'other', 'visiting'], from(FRIDAY, -300));
  expect((await warned(from(MONDAY, 600))).visiting).toHaveLength(before as number);

  const as: Recipient = { kind: 'system', system: systems.get('asked') as System };
  subscriptions.set('second', await subscribeActive(pool, HOOK, { as }));
  await failing(['asked'], from(FRIDAY, -300));
  await refer('R-4', 'urgent');
  expect((await warned(from(MONDAY, 600))).visiting).toHaveLength(before as number);
  await failing(['asked', 'second'], from(FRIDAY, -300));
  await refer('R-5', 'urgent');
  const [care, service] = ['closed', systems.get('asked')?.service.id];
  await pool.query('update involvement set state = $1 where service = $2', [care, service]);
  expect((await warned(from(MONDAY, 600))).visiting).toHaveLength(before as number);
  await pool.query(`update involvement set state = 'pending' where service = $1`, [service]);
  const after = await warned(from(MONDAY, 600));
  expect(Object.keys(after)).toEqual(['visiting']);
  expect(after.visiting?.length).toBeGreaterThan(before as number);
});

test('Christmas and the day in place of Boxing Day are no working days, nor is the weekend between', async () => {
  const [eve, tuesday] = [new Date('2026-12-24T15:00:00Z'), new Date('2026-12-29T15:00:00Z')];
  await failing([], MONDAY);
  await refer('R-6');
  await pool.query(`update event set at = $1 where event ->> 'code' = 'referral-received'`, [eve]);
  await failing(['asked', 'second'], from(eve, -300));
  const before = (await warned(from(eve, 1))).visiting?.length as number;
  expect((await warned(from(tuesday, -1))).visiting).toHaveLength(before);
  expect((await warned(from(tuesday, 1))).visiting).toHaveLength(before + 1);
});
