import type { Reply } from './send.ts';

/**
 * Seconds before each further try: 13 tries over 75.6 hours. A restart costs a receiver seconds, an outage
 * minutes.
 */
const DELAYS = [1, 5, 30, 120, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
const JITTER = 0.2;
/** 429, 502 and 504 say "slower": not sooner than this, whatever the try. */
const THROTTLE = [429, 502, 504];
const THROTTLE_SECONDS = 30;
/** A receiver cannot put us off for longer than the longest delay of ours. */
const MAX_RETRY_AFTER = 86_400;

export type Verdict =
  | { kind: 'delivered' }
  | { kind: 'retry'; seconds: number }
  /** error: tries used up; off: the receiver is gone for good (410). */
  | { kind: 'stop'; status: 'error' | 'off' };

/** The one place that decides about retries. `attempts`: failures in a row before this reply. */
export function judge(reply: Reply, attempts: number, random = Math.random()): Verdict {
  if (reply.ok) return { kind: 'delivered' };
  if (reply.status === 410) return { kind: 'stop', status: 'off' };
  const delay = DELAYS[attempts];
  if (delay === undefined) return { kind: 'stop', status: 'error' };
  const jittered = delay * (1 - JITTER + 2 * JITTER * random);
  const floor = THROTTLE.includes(reply.status ?? 0) ? THROTTLE_SECONDS : 0;
  const asked = Math.min(reply.retryAfter ?? 0, MAX_RETRY_AFTER);
  return { kind: 'retry', seconds: Math.max(jittered, floor, asked) };
}
