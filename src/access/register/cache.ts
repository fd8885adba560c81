import type { Db } from '../../store/pool.ts';

/**
 * Every request and message asks for the same few systems and services. Five seconds saves nearly all of
 * those queries and is short enough for a registration made in another process to be noticed; only answers
 * that exist are kept, so a new system works at once. Grants, and whatever else decides about a person, never
 * pass through here.
 */
const KEEP_MS = 5_000;
/** A sender may name any number of services: past this many the whole memory is dropped. */
const MOST = 10_000;

type Known = Map<string, { value: unknown; until: number }>;
/** By connection: what serves and the owner of the tables have one each. */
let memory = new WeakMap<Db, Known>();

export async function remember<T>(db: Db, name: string, ask: () => Promise<T>): Promise<T> {
  const known: Known = memory.get(db) ?? new Map();
  memory.set(db, known);
  const found = known.get(name);
  if (found && found.until > Date.now()) return found.value as T;
  const value = await ask();
  if (known.size >= MOST) known.clear();
  if (value !== null) known.set(name, { value, until: Date.now() + KEEP_MS });
  return value;
}

/** What this process registered itself it sees at once, by whichever connection. */
export function forget(): void {
  memory = new WeakMap();
}
