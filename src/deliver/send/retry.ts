import type { Reply } from './send.ts';

/**
 * Seconds before each further try: 13 tries over 75.6 hours. A restart costs a receiver seconds, an outage
 * minutes.
 */
const DELAYS = [1, 5, 30, 120, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const JITTER = 0.2;
/** Then, for a week more, every four hours. */
const AFTERWARDS_SECONDS = 4 * 3_600;
const AFTERWARDS_TRIES = (7 * 86_400) / AFTERWARDS_SECONDS;
/** From the first failure to `error`, in seconds. */
export const SCHEDULE_SECONDS =
  DELAYS.reduce((sum, one) => sum + one, 0) + AFTERWARDS_SECONDS * AFTERWARDS_TRIES;
/** 429, 502, 503 and 504 say "slower": not sooner than this, whatever the try. */
const THROTTLE = [429, 502, 503, 504];
const THROTTLE_SECONDS = 30;
/** A receiver cannot put us off for longer than the longest delay of ours. */
const MAX_RETRY_AFTER = 86_400;

export type Verdict =
  | { kind: 'delivered' }
  /** `floor`: the receiver asks not to be sent anything sooner, in seconds; 0: it does not. */
  | { kind: 'retry'; seconds: number; floor: number }
  /** The schedule is used up. */
  | { kind: 'stop' }
  /** 410: nothing is there any more, if it says so again in an hour. */
  | { kind: 'gone' };

/** The one place that decides about retries. `attempts`: failures in a row before this reply. */
export function judge(reply: Reply, attempts: number, random = Math.random()): Verdict {
  if (reply.ok) return { kind: 'delivered' };
  if (reply.status === 410) return { kind: 'gone' };
  const delay = delayOf(attempts, random);
  if (delay === null) return { kind: 'stop' };
  const throttle = THROTTLE.includes(reply.status ?? 0) ? THROTTLE_SECONDS : 0;
  const most = attempts < DELAYS.length ? MAX_RETRY_AFTER : AFTERWARDS_SECONDS;
  const floor = Math.max(throttle, Math.min(reply.retryAfter ?? 0, most));
  return { kind: 'retry', seconds: Math.max(delay, floor), floor };
}

/** Null: no more. Those of the last week are not jittered: the earlier ones have spread them. */
function delayOf(attempts: number, random: number): number | null {
  const delay = DELAYS[attempts];
  if (delay !== undefined) return delay * (1 - JITTER + 2 * JITTER * random);
  return attempts < DELAYS.length + AFTERWARDS_TRIES ? AFTERWARDS_SECONDS : null;
}
