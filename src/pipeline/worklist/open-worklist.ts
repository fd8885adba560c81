/** The worklist for whoever asks often: found once for as long as nothing changes. */
import type { Context } from '../../context.ts';
import { countBirths, factsVersion, findDeferrals, knownTo, stillAsked } from '../../save/worklist.ts';
import { type Figures, figuresOf, type Item, itemId, type Question } from '../../work/worklist/item.ts';
import { findItems } from './find-items.ts';

export type Worklist = {
  /** Something was decided: the next who asks is given what is so then. */
  forget: () => void;
  items: () => Promise<Item[]>;
  figures: () => Promise<Figures>;
  /** Of these persons those whom a service has to do with. */
  knownTo: (service: string, persons: string[]) => Promise<Set<string>>;
};

/** What was found is given again for so long where no fact was added since. */
const KEPT_MS = 30_000;
/**
 * Finding it reads every chart. Where that takes long it is done again after ten times as long as it took at
 * the earliest, however much is sent meanwhile; what is decided here is off the list at once all the same.
 */
const LONG_MS = 500;
const REST = 10;

type Found = { version: string; begun: number; ended: number; items: Item[] };

export function openWorklist({ db, key }: Pick<Context, 'db' | 'key'>): Worklist {
  let last: Found | null = null;
  /** How often something was decided here: what was being found then is not kept. */
  let decided = 0;
  let finding: Promise<Found> | null = null;
  async function find(): Promise<Found> {
    const version = await factsVersion(db);
    if (last && isGood(last, version)) return last;
    const begun = Date.now();
    const items = await findItems(db, key);
    return { version, begun, ended: Date.now(), items };
  }
  /** One at a time: who asks while another is found waits, and asks again. */
  async function found(): Promise<Item[]> {
    while (finding) await finding.catch(() => undefined);
    const before = decided;
    finding = find();
    try {
      const now = await finding;
      last = before === decided ? now : null;
      return now.items;
    } finally {
      finding = null;
    }
  }
  async function items(): Promise<Item[]> {
    const today = new Date().toISOString().slice(0, 10);
    const listed = await found();
    const persons = [...new Set(listed.flatMap(({ ids }) => ids))];
    // Of what was found a while ago: a hold and a changed identity count at once.
    const [asked, deferrals] = await Promise.all([stillAsked(db, persons), findDeferrals(db, today)]);
    const all = listed.filter(({ ids }) => ids.every((person) => asked.has(person)));
    const until = new Map(
      deferrals.map(({ question, one, other, until: day }) => [
        itemId(key, question as Question, other === null ? [one] : [one, other]),
        day,
      ]),
    );
    return all.map((item) => ({ ...item, until: until.get(item.id) ?? null }));
  }
  return {
    forget: () => {
      decided += 1;
      last = null;
    },
    items,
    figures: async () => figuresOf(await items(), await countBirths(db), new Date()),
    knownTo: (service, persons) => knownTo(db, service, persons),
  };
}

function isGood({ version, begun, ended }: Found, now: string): boolean {
  const age = Date.now() - ended;
  const took = ended - begun;
  return version === now ? age < KEPT_MS : took > LONG_MS && age < took * REST;
}
