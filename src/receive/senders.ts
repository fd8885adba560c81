/**
 * How much of one sender a process has in hand at once, whatever door it comes by: a flood of one is asked to
 * wait, which bounds what it holds of memory and how long others wait behind it.
 */
import type pg from 'pg';
import type { Context } from '../context.ts';

type Hand = { taken: number; waiting: (() => void)[] };

/** A place for each message in hand. */
export class Places {
  readonly #most: number;
  readonly #hands = new Map<number, Hand>();

  constructor(most: number) {
    this.#most = most;
  }

  /** False where this sender has all of its places taken. */
  tryTake(sender: number): boolean {
    const hand = this.#hands.get(sender) ?? { taken: 0, waiting: [] };
    if (hand.taken >= this.#most) return false;
    hand.taken++;
    this.#hands.set(sender, hand);
    return true;
  }

  /** Waits for a place; those who wait are served in order. */
  async take(sender: number): Promise<void> {
    if (this.tryTake(sender)) return;
    await new Promise<void>((resolve) => this.#hands.get(sender)?.waiting.push(resolve));
  }

  /**
   * Does `work` in a place, and waits for one first. Of a connection nothing more is read meanwhile: TCP
   * slows its sender down.
   */
  async hold<T>(sender: number, work: () => Promise<T>): Promise<T> {
    await this.take(sender);
    try {
      return await work();
    } finally {
      this.free(sender);
    }
  }

  /** Whoever waits longest gets the place. */
  free(sender: number): void {
    const hand = this.#hands.get(sender);
    if (!hand) return;
    const next = hand.waiting.shift();
    if (next) next();
    else hand.taken--;
    if (hand.taken === 0) this.#hands.delete(sender);
  }
}

const places = new WeakMap<pg.Pool, Places>();

/** Those of this process: HTTP and MLLP share them. */
export function placesOf({ db, config }: Pick<Context, 'db' | 'config'>): Places {
  const known = places.get(db) ?? new Places(config.SENDER_AT_ONCE);
  places.set(db, known);
  return known;
}
