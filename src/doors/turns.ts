/**
 * Work on a large message is done in steps, so that whoever waits at another connection is answered between
 * them. What does it is pure, and is written as a generator that yields where it may be interrupted.
 */

/** Work that ends with a `T`, and may be interrupted wherever it yields. */
export type Steps<T> = Generator<undefined, T, undefined>;

/**
 * A message as most are takes less than this and is never interrupted; somebody else's waits no longer, for
 * each large one.
 */
const TURN_MS = 10;

/** Does all of it without a pause. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Does it a turn at a time; between two turns whatever else has arrived is served. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (let begun = performance.now(); ; ) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - begun < TURN_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    begun = performance.now();
  }
}
