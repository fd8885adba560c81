/** `skein why`: for each planted cause the words of it, and of nobody's name. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { explainWhy } from '../../src/admin/why.ts';
import { number, numbering } from '../../src/deliver/number/number.ts';
import { lockSubscriptions } from '../../src/deliver/subscribe/subscriptions.ts';
import type { Recipient, System } from '../../src/model.ts';
import { sequence } from '../../src/publish/sequencer.ts';
import { testDatabase } from '../support/database.ts';
import { episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';
import { numberAll, subscribeActive } from './support.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const MOTHER = { nhs: nhsNumber(101), given: 'Tamsin', family: 'Penrose', born: '1994-03-02', local: 'M1' };
const HOOK = 'https://receiver.example/';

const database = await testDatabase();
const { pool, key } = database;
let skein: Awaited<ReturnType<typeof startSkein>>;
const systems = new Map<string, System>();
const as = (name: string): Recipient => ({ kind: 'system', system: systems.get(name) as System });
let message = '';

beforeAll(async () => {
  // No worker: events are published and numbered where the test says so.
  skein = await startSkein(database, { ROLES: 'api' });
  for (const [name, sector] of [
    ['perinatal', 'specialist-perinatal'],
    ['infancy', 'parent-infant'],
    ['gp', 'gp'],
    ['nobody', null],
    ['later', null],
    ['sender', 'specialist-perinatal'],
  ] as const) {
    const added = {
      name,
      ods: `RX${name[0]?.toUpperCase()}`,
      team: name,
      sector,
      kind: null,
      source: 'fhir-r4',
    };
    systems.set(name, (await addSystem(pool, key, added)).system);
  }
});
afterAll(() => skein.stop());

async function send(id: string, system = 'perinatal'): Promise<string> {
  const bundle = episodeBundle(MOTHER, { id, start: ago(20), at: `${ago(20)}T10:00:00Z` });
  const { body } = await skein.transaction(bundle, system);
  return /stored as message ([0-9a-f-]{36})/.exec(JSON.stringify(body))?.[1] ?? '';
}

async function why(who: string, code = 'episode-started', what = message) {
  const { data, text } = await explainWhy({ db: pool, key }, what, who);
  expect(text).not.toMatch(/Tamsin|Penrose|1994/);
  const { answers } = data as { answers: { code: string; cause: string; words: string }[] };
  return answers.filter((one) => one.code === code).map(({ cause, words }) => `${cause}: ${words}`);
}

const SET = 'update subscription set status = $2, error = $3 where id = $1';

test('every cause is named', async () => {
  const own = await subscribeActive(pool, HOOK, { as: as('perinatal') });
  const filtered = await subscribeActive(pool, HOOK, { as: as('perinatal'), filters: ['event=loss'] });
  const stranger = await subscribeActive(pool, HOOK, { as: as('infancy') });
  const unplaced = await subscribeActive(pool, HOOK, { as: as('nobody') });
  const off = await subscribeActive(pool, HOOK, { as: as('perinatal') });
  const silent = await subscribeActive(pool, HOOK, { as: as('perinatal') });
  await pool.query(SET, [off, 'off', 'http-410']);
  await pool.query(SET, [silent, 'requested', null]);
  message = await send('E1');
  expect(message).toMatch(/-/);
  expect(await why(own)).toEqual([expect.stringContaining('not-published: it is in the outbox')]);
  expect((await explainWhy({ db: pool, key }, message, 'RXG|gp')).text).toBe('RXG|gp has no subscription\n');

  await sequence(pool, '0');
  expect(await why(own)).toEqual([expect.stringContaining('not-numbered-yet: it waits for its number')]);
  await numberAll(pool, [own]);
  expect(await why(own)).toEqual([
    expect.stringMatching(/^to-be-sent: number \d+ is to be sent, status active/),
  ]);
  await pool.query('update subscription set attempts = 3, next_attempt_at = now() where id = $1', [own]);
  expect(await why(own)).toEqual([expect.stringContaining('3 tries failed')]);
  await pool.query('update notification set withheld = true where subscription_id = $1', [own]);
  expect(await why(own)).toEqual([expect.stringMatching(/^emptied: number \d+ was emptied/)]);
  await pool.query('update notification set withheld = false where subscription_id = $1', [own]);
  await pool.query('update subscription set delivered_number = last_number where id = $1', [own]);
  expect(await why(own)).toEqual([expect.stringMatching(/^delivered: number \d+ was answered/)]);

  await numberAll(pool, [stranger, unplaced]);
  expect(await why(filtered)).toEqual(['not-matched: its filter event=loss does not hold of it']);
  expect(await why(stranger)).toEqual([
    expect.stringMatching(
      /^withheld: it was withheld at 20\S+Z by the rule no-care \(.*\); today it would be withheld by no-care: it has no care of [0-9a-f-]{36}/,
    ),
  ]);
  expect(await why(unplaced)).toEqual([expect.stringMatching(/^withheld: .* by the rule no-sector /)]);
  expect(await why(off)).toEqual(['off: it is switched off (http-410)']);
  expect(await why(silent)).toEqual(['not-answered: its handshake was not answered yet']);
  const late = await subscribeActive(pool, HOOK, { as: as('perinatal') });
  expect(await why(late)).toEqual([expect.stringMatching(/^made-later: the subscription was made at/)]);
  expect(await why('perinatal')).toHaveLength(5);
  await pool.query(`update subscription set created_at = created_at - interval '1 day' where id = $1`, [
    late,
  ]);
  expect(await why(late)).toEqual([expect.stringMatching(/^not-told: no decision about it is kept/)]);
});

const RULES = `select rule, policy from withheld where $1 = any(subscriptions)`;

test('what was withheld by a rule that has changed since is said as it was, and as it would be', async () => {
  const stranger = await subscribeActive(pool, HOOK, { as: as('later') });
  message = await send('E2');
  await numberAll(pool, [stranger]);
  expect(await why(stranger)).toEqual([
    expect.stringMatching(/by the rule no-sector .*; today .* no-sector/),
  ]);
  const kept = JSON.stringify((await pool.query(RULES, [stranger])).rows);
  expect(kept).toContain('no-sector');

  const { service } = systems.get('later') as System;
  await pool.query(`update service set sector = 'specialist-perinatal' where id = $1`, [service.id]);
  expect(await why(stranger)).toEqual([expect.stringMatching(/by the rule no-sector .*; today .* no-care/)]);
  await pool.query(`update involvement set service = $1 where state = 'open'`, [service.id]);
  const [now] = await why(stranger);
  expect(now).toMatch(/by the rule no-sector .*; today it may know of it$/);
  await pool.query(`update withheld set policy = 'before'`);
  expect((await why(stranger))[0]).toContain('under another policy than that in force today');
});

test('a message, a notification and an event find the same, with its tries', async () => {
  const own = await subscribeActive(pool, HOOK, { as: as('sender') });
  message = await send('E3', 'sender');
  await numberAll(pool, [own]);
  const { rows } = await pool.query<{ event: string; bundle: string }>(
    `select event_id::text as event, bundle::text from notification n join event e on e.id = n.event_id
      where subscription_id = $1 and e.event ->> 'code' = 'episode-started'`,
    [own],
  );
  const { event = '', bundle = '' } = rows[0] ?? {};
  await pool.query(
    `insert into attempt (subscription_id, kind, first_number, last_number, delivered_number, content, outcome)
      select $1, 'event-notification', 1, $2, n, 'id-only', o from (values (0, 'http-503'), ($2::bigint, 'ok')) as t (n, o)`,
    [own, bundle],
  );
  const [found] = await why(own);
  expect(found).toMatch(
    /^to-be-sent: number \d+ is to be sent, status active \(2 tries, the last at \S+: ok\)/,
  );
  expect(await why(own, 'episode-started', event)).toEqual([found]);
  const webhookId = own.slice(0, 24) + bundle.padStart(12, '0');
  expect(await why(own, 'episode-started', webhookId)).toEqual([found]);
  const { data, text } = await explainWhy({ db: pool, key }, event, own);
  expect(data).toMatchObject({ answers: [{ event, message }] });
  expect(text).toContain(`event ${event} of message ${message}`);

  await pool.query('update service set sector = null where id = $1', [systems.get('sender')?.service.id]);
  await numbering(pool, async (client) =>
    number(client, { stored: await lockSubscriptions(client, [own]), limit: 16, sending: true }),
  );
  expect(await why(own)).toEqual([
    expect.stringMatching(/^emptied: number \d+ was emptied.* at \S+Z by the rule no-sector /),
  ]);
});

test('of what is held nothing is told, and of nobody it says that there is none', async () => {
  const { body } = await skein.transaction(
    { resourceType: 'Bundle', type: 'transaction', entry: [] },
    'perinatal',
  );
  expect(JSON.stringify(body)).not.toContain('stored as');
  await expect(explainWhy({ db: pool, key }, message, 'nowhere')).rejects.toMatchObject({ status: 422 });
  await expect(explainWhy({ db: pool, key }, crypto.randomUUID(), 'perinatal')).rejects.toThrow('no message');
});
