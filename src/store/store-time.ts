/** The time of the store, for whoever writes times that others compare with it. */
import type { Db } from './pool.ts';

/** A clock that differs by more is not believed: receivers refuse signatures that are five minutes off. */
const MOST_MS = 30_000;

/** A question that took longer says nothing of clocks. */
const SLOW_MS = 5_000;

let behindMs = 0;

/** How far this process's clock is behind that of the store, in ms: what was found last. */
export const clockBehind = (): number => behindMs;

/** True where the clock of this process is so wrong that the store's is used. */
export const isClockWrong = (): boolean => Math.abs(behindMs) > MOST_MS;

/** Asks the store for its time. Half of what the question took is no difference. */
export async function compareClocks(db: Db): Promise<void> {
  const asked = Date.now();
  const { rows } = await db.query<{ at: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as at',
  );
  const answered = Date.now();
  if (answered - asked > SLOW_MS) return;
  behindMs = (rows[0]?.at ?? answered) - (asked + answered) / 2;
}

/** Now, in ms since 1970: by this process's clock, or by the store's where that differs by over 30 s. */
export const storeTime = (): number => Date.now() + (isClockWrong() ? behindMs : 0);
