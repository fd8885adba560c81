/** Which services record how infants are, and when: a fact of all families together, which link is told. */
import { PROMPTS } from '../access/decide/prompt-rules.ts';
import type { Context } from '../context.ts';
import { readObserving, wakeFamiliesOf } from '../save/prompts.ts';
import { asOf } from '../store/clock.ts';
import type { Rules } from '../store/facts.ts';

const DAY = 86_400_000;

/** By service the days (since 1970) on which it recorded something; `last`: the row that was read last. */
type Known = { last: string; days: Map<string, Set<number>> };
/** By the key of the store. */
const stores = new WeakMap<Buffer, Known>();

/** As far as has been read (`followObserving`). */
export const observing =
  (key: Buffer): Rules['observes'] =>
  (service, after, by) =>
    [...(stores.get(key)?.days.get(service) ?? [])].some((day) => day * DAY > after - DAY && day * DAY <= by);

/**
 * Reads what has come since the last time. Families of a service that begins to record are computed again by
 * the job that finds what falls due (due.ts). Safe in several processes, each of which has to know.
 */
export async function followObserving({ db, key }: Pick<Context, 'db' | 'key'>): Promise<void> {
  const rule = PROMPTS['how-is-the-baby'];
  if (!rule) return;
  const known = stores.get(key) ?? { last: '0', days: new Map() };
  stores.set(key, known);
  const observes = observing(key);
  const now = asOf().getTime();
  const begun = new Set<string>();
  for (const { service, day, last } of await readObserving(db, known.last, rule.focus)) {
    if (!observes(service, now - rule.systemWithinDays * DAY, now)) begun.add(service);
    known.days.set(service, (known.days.get(service) ?? new Set()).add(day));
    if (BigInt(last) > BigInt(known.last)) known.last = last;
  }
  if (begun.size > 0) await wakeFamiliesOf(db, [...begun]);
}
