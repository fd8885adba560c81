/** A system is silent when it is so beyond its own rhythm of eight weeks, not beyond a fixed number. */
import { afterEach, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { noteHeard, readSilence } from '../../src/observe/rhythm.ts';
import { readMetrics } from '../../src/observe/scrape.ts';
import { testDatabase } from '../support/database.ts';

const { pool, key } = await testDatabase();
let count = 0;
afterEach(() => pool.query('truncate heard'));

/** Monday to Friday, 9 to 17 h, for so many weeks before Monday 2026-11-30 09:00Z. */
async function office(weeks: number): Promise<string> {
  const name = `office-${++count}`;
  const added = { name, ods: `RX${count}`, team: name, sector: 'gp', kind: null, source: 'csv' };
  const { system } = await addSystem(pool, key, added);
  await pool.query(
    `insert into heard select $1, hour from generate_series('2026-11-30T09:00Z'::timestamptz - $2 * interval '7 days',
      '2026-11-27T16:00Z', interval '1 hour') as hour
      where extract(isodow from hour) < 6 and extract(hour from hour at time zone 'UTC') between 9 and 16`,
    [system.id, weeks],
  );
  return name;
}
const missed = async (name: string, at: string) =>
  (await readSilence(pool, new Date(at))).find(({ system }) => system === name)?.missed;

test('a weekend is no silence of who sends on working days, and a Monday without a word is', async () => {
  const name = await office(8);
  expect(await missed(name, '2026-11-29T23:00:00Z')).toBe(0);
  expect(await missed(name, '2026-11-30T09:30:00Z')).toBe(0);
  expect(await missed(name, '2026-11-30T13:30:00Z')).toBeCloseTo(4, 0);
});

test('who has been heard for less than two weeks has no rhythm yet', async () => {
  const name = await office(1);
  expect(await missed(name, '2026-12-02T13:30:00Z')).toBeUndefined();
});

test('hours are noted from the messages that came, each once, and shown by registered system', async () => {
  const name = await office(0);
  const { rows } = await pool.query<{ id: number }>('select id from system where name = $1', [name]);
  await pool.query(`insert into heard select $1, date_trunc('hour', now()) - interval '3 weeks'`, [
    rows[0]?.id,
  ]);
  for (const id of ['a', 'b'])
    await pool.query(
      `insert into message (system_id, channel, content_type, source, identifier, content_hash, body)
        values ($1, 'intake', 'text/csv', 'csv', $2, $2, '')`,
      [rows[0]?.id, id],
    );
  for (const _ of [1, 2]) await noteHeard(pool);
  const { rowCount } = await pool.query(
    `select from heard where system_id = $1 and hour = date_trunc('hour', now())`,
    [rows[0]?.id],
  );
  expect(rowCount).toBe(1);
  expect(await missed(name, new Date().toISOString())).toBe(0);
  expect(await readMetrics(pool)).toMatch(new RegExp(`skein_system_silence_seconds\\{system="${name}"\\} 0`));
});
