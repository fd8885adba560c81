/** How often the service is asked, and when it is left alone. Times are given: tests need not wait. */
export type Clock = { now(): Date; sleep(ms: number): Promise<void> };

/** Failures in a row, and until when nothing is asked. */
export type Breaker = { failures: number; openUntil: Date | null };

export const CLOSED: Breaker = { failures: 0, openUntil: null };
/** Failures in a row until the service counts as down: then it is asked after a minute, and ever less. */
const LIMIT = 5;
const OPEN_MS = 60_000;
const MOST_MS = 3_600_000;

/** `half-open`: one question is asked, and what becomes of it decides. */
export function stateOf({ failures, openUntil }: Breaker, now: Date): 'closed' | 'open' | 'half-open' {
  if (openUntil !== null && now < openUntil) return 'open';
  return failures >= LIMIT ? 'half-open' : 'closed';
}

/** The service may ask to be left alone longer (Retry-After), up to an hour. */
export function afterFailure({ failures }: Breaker, now: Date, retryAfterMs = 0): Breaker {
  const own = failures + 1 < LIMIT ? 0 : OPEN_MS * 2 ** Math.min(failures + 1 - LIMIT, 10);
  const wait = Math.min(Math.max(own, retryAfterMs), MOST_MS);
  return { failures: failures + 1, openUntil: wait > 0 ? new Date(now.getTime() + wait) : null };
}

/** Lets one question through at a time, so many in a second. */
export function paceOf(perSecond: number, clock: Clock): () => Promise<void> {
  let next = 0;
  return async () => {
    const wait = next - clock.now().getTime();
    if (wait > 0) await clock.sleep(wait);
    next = clock.now().getTime() + 1_000 / perSecond;
  };
}
