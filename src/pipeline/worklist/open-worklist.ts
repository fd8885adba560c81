/** The worklist for whoever asks often: found once for as long as nothing changes. */
import type { Context } from '../../context.ts';
import { countBirths, factsVersion, findDeferrals, knownTo, verifiedAmong } from '../../save/worklist.ts';
import { type Figures, figuresOf, type Item, itemId, type Question } from '../../work/worklist/item.ts';
import { findItems } from './find-items.ts';

export type Worklist = {
  items: () => Promise<Item[]>;
  figures: () => Promise<Figures>;
  /** Of these persons those whom a service has to do with. */
  knownTo: (service: string, persons: string[]) => Promise<Set<string>>;
  verifiedAmong: (persons: string[]) => Promise<string[]>;
};

/** Finding it reads every chart: what was found a moment ago is given again where no fact was added since. */
const KEPT_MS = 30_000;

type Found = { version: string; at: number; items: Promise<Item[]> };

export function openWorklist({ db, key }: Pick<Context, 'db' | 'key'>): Worklist {
  let last: Found | null = null;
  async function found(): Promise<Item[]> {
    const version = await factsVersion(db);
    if (last && last.version === version && Date.now() - last.at < KEPT_MS) return last.items;
    // Whoever asks meanwhile waits for the same.
    const mine = { version, at: Date.now(), items: findItems(db, key) };
    last = mine;
    mine.items.catch(() => {
      if (last === mine) last = null;
    });
    return mine.items;
  }
  async function items(): Promise<Item[]> {
    const today = new Date().toISOString().slice(0, 10);
    const [all, deferrals] = await Promise.all([found(), findDeferrals(db, today)]);
    const until = new Map(
      deferrals.map(({ question, one, other, until: day }) => [
        itemId(key, question as Question, other === null ? [one] : [one, other]),
        day,
      ]),
    );
    return all.map((item) => ({ ...item, until: until.get(item.id) ?? null }));
  }
  return {
    items,
    figures: async () => figuresOf(await items(), await countBirths(db), new Date()),
    knownTo: (service, persons) => knownTo(db, service, persons),
    verifiedAmong: (persons) => verifiedAmong(db, persons),
  };
}
