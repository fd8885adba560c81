/**
 * Group commit. What has arrived while a transaction runs is settled together in the next: the fixed cost of
 * a transaction is paid once. Nobody waits for a group to fill, and senders take turns.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { Context } from '../context.ts';
import { isExhausted, isTransient } from '../errors.ts';
import type { Answer } from '../model.ts';
import { isRefusal, OutcomeUnknown } from '../store/pool.ts';
import { type Job, lookUp, type Outcome, settleAlone, settleGroup } from './settle.ts';

/** Larger groups were no faster, and their members wait longer. */
const MOST = 32;
const MOST_BYTES = 256 * 1024;
/** Two transactions at a time: one is linked here while PostgreSQL writes the other. */
const GROUPS = 2;
/** Messages settled by themselves, each with a connection that may wait for a lock: the pool has ten. */
const ALONE = 4;
/** Tries of a message that asks for more than the store has, and the pause between them. */
const TRIES = 3;
const PAUSE_MS = 200;
/** Messages remembered for having spoiled a group. */
const SPOILERS = 1_000;

type Waiting = Job & { resolve: (answer: Answer) => void; reject: (error: unknown) => void };

const gatherings = new WeakMap<pg.Pool, Gathering>();

/**
 * Settles one message, with whatever else waits. Resolves after commit. Rejects where nothing of it was
 * stored: by a passing fault, or by a bug of ours, which then costs no other message anything.
 */
export function settle(ctx: Context, job: Job): Promise<Answer> {
  const known = gatherings.get(ctx.db) ?? new Gathering(ctx);
  gatherings.set(ctx.db, known);
  return known.settle(job);
}

/**
 * One of each sender, then a second of each: a flood of one puts nobody else's message behind it. The
 * messages of one sender stay in their order.
 */
export function inTurn<T extends { message: Pick<Job['message'], 'system'> }>(waiting: readonly T[]): T[] {
  const counts = new Map<number, number>();
  const ranked = waiting.map((job) => {
    const { id } = job.message.system;
    const rank = counts.get(id) ?? 0;
    counts.set(id, rank + 1);
    return { job, rank };
  });
  // One sender alone, as most often, is in order as it is.
  if (counts.size < 2) return [...waiting];
  return ranked.sort((a, b) => a.rank - b.rank).map(({ job }) => job);
}

class Gathering {
  readonly #ctx: Context;
  /** Of each sender in order of arrival. */
  #waiting: Waiting[] = [];
  /** To be settled by themselves. */
  readonly #apart: Waiting[] = [];
  /** Keys of the families that are being settled: who speaks of one of them waits. */
  readonly #inHand = new Set<Set<string>>();
  readonly #spoilers = new Set<string>();
  readonly #running = { groups: 0, alone: 0 };
  #woken = false;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  settle(job: Job): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiting = { ...job, resolve, reject };
      if (this.#spoilers.has(job.lock)) this.#apart.push(waiting);
      else this.#waiting.push(waiting);
      this.#wake();
    });
  }

  /** Not at once: what the sockets have is read first. */
  #wake(): void {
    if (this.#woken) return;
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#running.alone < ALONE) {
      const next = this.#apart.findIndex(({ keys }) => !keys.some((key) => this.#isInHand(key)));
      const [job] = next < 0 ? [] : this.#apart.splice(next, 1);
      if (!job) break;
      this.#run('alone', [job], () => this.#settleAlone(job));
    }
    while (this.#running.groups < GROUPS) {
      const group = this.#takeGroup();
      if (group.length === 0) return;
      this.#run('groups', group, (keys) => this.#settleGroup(group, keys));
    }
  }

  #run(lane: 'groups' | 'alone', jobs: Waiting[], work: (keys: Set<string>) => Promise<void>): void {
    const keys = new Set(jobs.flatMap((job) => job.keys));
    this.#inHand.add(keys);
    this.#running[lane]++;
    work(keys)
      .catch((error: unknown) => {
        for (const job of jobs) job.reject(error);
      })
      .finally(() => {
        this.#running[lane]--;
        this.#inHand.delete(keys);
        this.#wake();
      });
  }

  /**
   * The next of each sender that have no key in common, neither with one another nor with what is in hand
   * or was passed over.
   */
  #takeGroup(): Waiting[] {
    const group: Waiting[] = [];
    const rest: Waiting[] = [];
    const met = new Set(this.#apart.flatMap(({ keys }) => keys));
    let bytes = 0;
    const waiting = inTurn(this.#waiting);
    for (const [place, job] of waiting.entries()) {
      if (group.length === MOST || (group.length > 0 && bytes + sizeOf(job) > MOST_BYTES)) {
        rest.push(...waiting.slice(place));
        break;
      }
      if (job.keys.some((key) => met.has(key) || this.#isInHand(key))) rest.push(job);
      else {
        group.push(job);
        bytes += sizeOf(job);
      }
      for (const key of job.keys) met.add(key);
    }
    this.#waiting = rest;
    return group;
  }

  #isInHand(key: string): boolean {
    for (const keys of this.#inHand) if (keys.has(key)) return true;
    return false;
  }

  async #settleGroup(group: Waiting[], keys: Set<string>): Promise<void> {
    try {
      const outcomes = await settleGroup(this.#ctx, group, (found) => {
        for (const key of found) keys.add(key);
      });
      const again = group.flatMap((job, place) => this.#end(job, outcomes[place] as Outcome));
      this.#waiting = [...again, ...this.#waiting];
    } catch (error) {
      this.#mend(group, error);
    }
  }

  /** Gives the job back where it is to be in the next group. */
  #end(job: Waiting, outcome: Outcome): Waiting[] {
    if ('met' in outcome) return [{ ...job, keys: outcome.met }];
    if ('left' in outcome) this.#apart.push(job);
    else if ('error' in outcome) job.reject(outcome.error);
    else job.resolve(outcome.answer);
    return [];
  }

  /** A group of which nothing was stored, or nobody knows whether. */
  #mend(group: Waiting[], error: unknown): void {
    if (error instanceof OutcomeUnknown) {
      for (const job of group) this.#lookUp(job, error).catch(job.reject);
    } else if (isTransient(error) && !isRefusal(error)) for (const job of group) job.reject(error);
    else this.#apart.push(...group);
  }

  async #settleAlone(job: Waiting): Promise<void> {
    try {
      job.resolve(await this.#settleInTries(job));
      this.#spoilers.delete(job.lock);
    } catch (error) {
      if (error instanceof OutcomeUnknown) return this.#lookUp(job, error);
      if (!isTransient(error)) this.#remember(job.lock);
      job.reject(error);
    }
  }

  /** Locks and memory that it lacked may have been another's: it is tried again, but not for ever. */
  async #settleInTries(job: Waiting): Promise<Answer> {
    for (let tries = 1; ; tries++) {
      try {
        return await settleAlone(this.#ctx, job);
      } catch (error) {
        if (!isExhausted(error) || tries === TRIES) throw error;
        await pause(PAUSE_MS * tries);
      }
    }
  }

  /** Never settled again: what was not stored its sender sends again. */
  async #lookUp(job: Waiting, error: OutcomeUnknown): Promise<void> {
    const answer = await lookUp(this.#ctx, job);
    if (answer) job.resolve(answer);
    else job.reject(error);
  }

  #remember(lock: string): void {
    const [oldest] = this.#spoilers;
    if (oldest && this.#spoilers.size >= SPOILERS) this.#spoilers.delete(oldest);
    this.#spoilers.add(lock);
  }
}

/** Bytes; of a row those of its statements, about. */
const sizeOf = ({ message, messageId, keys }: Job): number =>
  messageId === undefined ? message.body.length : keys.length * 256;
