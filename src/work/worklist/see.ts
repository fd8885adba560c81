/** Which items a recipient may know of, and which of their sides. */
import { loadGrants } from '../../access/decide/grants.ts';
import { mayMatch } from '../../access/decide/may-match.ts';
import { maySettle, ownSides } from '../../access/decide/may-review.ts';
import type { Recipient } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Item } from './item.ts';

export type SeenItem = { item: Item; own: string[]; settles: boolean };

type Looking = {
  db: Db;
  recipient: Recipient;
  knownTo: (service: string, persons: string[]) => Promise<Set<string>>;
};

/** In the order of the items. Of a baby its own services are asked, not those who know the mother alone. */
export async function seeItems({ db, recipient, knownTo }: Looking, items: Item[]): Promise<SeenItem[]> {
  if (!mayMatch(recipient)) return [];
  if (recipient.kind === 'operator') return items.map((item) => ({ item, own: item.ids, settles: true }));
  const all = [...new Set(items.flatMap(({ ids }) => ids))];
  const known = await knownTo(recipient.system.service.id, all);
  const near = items.filter(({ ids }) => ids.some((person) => known.has(person)));
  const grants = await loadGrants(db, recipient, [...new Set(near.flatMap(({ ids }) => ids))]);
  return near.flatMap((item) => {
    const own = ownSides(grants, item);
    const isAsked = item.question === 'whose baby?' ? own.includes(item.ids[0] ?? '') : own.length > 0;
    return isAsked ? [{ item, own, settles: maySettle(grants, item) }] : [];
  });
}
