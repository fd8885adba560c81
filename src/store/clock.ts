/**
 * The day by which stages, prompts and what may be seen are reckoned: the real one, or in a trial the one
 * that was set (`skein clock`). It is a fact of the store, which every process of the trial follows. What is
 * received keeps the real time.
 */
import type { Context } from '../context.ts';
import type { Db } from './pool.ts';

/** A FHIR date; null: the real day. Of the one store that a process serves. */
let trialDay: string | null = null;

/** What time it is, at a real instant: on the day of a trial the same time of day. */
export const asOf = (real = new Date()): Date =>
  trialDay === null ? real : new Date(`${trialDay}${real.toISOString().slice(10)}`);

type Following = Pick<Context, 'config' | 'db'>;

/** Reads it: to be done again and again where it may be set, and never anywhere else. */
export async function followClock({ config, db }: Following): Promise<string | null> {
  trialDay = config.AUTH === 'none' ? await readDay(db) : null;
  return trialDay;
}

/** Ends what a trial has set in a store that is one no longer. Gives the day that it was at, if any. */
export async function endTrial(db: Db): Promise<string | null> {
  const day = await readDay(db);
  if (day !== null) await keepDay(db, null);
  return day;
}

async function readDay(db: Db): Promise<string | null> {
  const { rows } = await db.query<{ day: string | null }>(
    'select day::text as day from clock order by id desc limit 1',
  );
  return rows[0]?.day ?? null;
}

export const keepDay = (db: Db, day: string | null): Promise<unknown> =>
  db.query('insert into clock (day) values ($1)', [day]);

/** Messages received after a day (UTC): what they say is known on it all the same. */
export async function countReceivedAfter(db: Db, day: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int as count from message
      where received_at >= ($1::date + 1)::timestamp at time zone 'UTC'`,
    [day],
  );
  return rows[0]?.count ?? 0;
}
