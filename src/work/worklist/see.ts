/** Which items a recipient may know of, and which of their sides. */
import { loadGrants } from '../../access/decide/grants.ts';
import { mayMatch } from '../../access/decide/may-match.ts';
import { ownSides } from '../../access/decide/may-review.ts';
import type { Recipient } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { compareItems, type Item } from './item.ts';

export type SeenItem = { item: Item; own: string[] };

type Looking = {
  db: Db;
  recipient: Recipient;
  knownTo: (service: string, persons: string[]) => Promise<Set<string>>;
};

/**
 * Of a service neither what comes first nor anything else says that somebody died: contacts are held where
 * they are to be, and the other side may be another's.
 */
export async function seeItems({ db, recipient, knownTo }: Looking, items: Item[]): Promise<SeenItem[]> {
  if (!mayMatch(recipient)) return [];
  if (recipient.kind === 'operator') return items.map((item) => ({ item, own: item.ids }));
  const told = items.filter(({ statutory }) => statutory).map((item) => ({ ...item, stops: false }));
  const all = [...new Set(told.flatMap(({ ids }) => ids))];
  const known = await knownTo(recipient.system.service.id, all);
  const near = told.sort(compareItems).filter(({ ids }) => ids.some((person) => known.has(person)));
  const grants = await loadGrants(db, recipient, [...new Set(near.flatMap(({ ids }) => ids))]);
  return near.flatMap((item) => {
    const own = ownSides(grants, item);
    return own.length > 0 ? [{ item, own }] : [];
  });
}
