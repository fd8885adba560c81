/** What waits for somebody to decide who is who: found from facts each time, and not stored. */
import { keyedId } from '../../fhir/ids.ts';
import type { Guard } from '../../match/guards.ts';
import type { Levels } from '../../match/model.ts';

export type Question = 'same person?' | 'whose baby?';

export type Item = {
  id: string;
  question: Question;
  /** Persons: two who may be one; or an infant, and the mother whom somebody named, where it is known who. */
  ids: string[];
  /** Which of them somebody whose word counts gave a verified NHS number. */
  verified: string[];
  systems: string[];
  /**
   * All that is asked about is the word of statutory health services. Of anything else no service is told:
   * that two charts are alike and not joined would say what kind of sender has the other.
   */
  statutory: boolean;
  /** A death stops contacts of the one, and the other may be that infant. */
  stops: boolean;
  /** Whether the rules of docs/matching.md would join them by what they say, and how much that is. */
  likely: 'the rules would join them' | 'for review' | null;
  bits: number | null;
  /** How far the two charts agree that are most alike, by field. */
  levels: Partial<Levels>;
  /** What kept them from being joined without anybody looking. */
  guards: Guard[];
  reasons: string[];
  /** The day on which the later of the two was first heard of. */
  since: Date;
  /** yyyy-mm-dd: put off until then. */
  until: string | null;
};

/** `items`: all of them; `raised`: a day, over the last four weeks, of those that still wait. */
export type Figures = {
  items: number;
  stops: number;
  deferred: number;
  births: number;
  /** For each 1,000 births. */
  per: number | null;
  raised: number;
  oldest: Date | null;
};

/** The same pair of persons is the same item, whichever of the two was seen first. */
export function itemId(key: Buffer, question: Question, ids: string[]): string {
  const named = question === 'same person?' ? [...ids].sort() : ids;
  return keyedId(key, 'worklist-item', question, ...named);
}

/** The worst first: contacts to be stopped, then what is likeliest, then what has waited longest. */
export const compareItems = (a: Item, b: Item): number =>
  Number(b.stops) - Number(a.stops) ||
  (b.bits ?? 0) - (a.bits ?? 0) ||
  a.since.getTime() - b.since.getTime() ||
  (a.ids.join() < b.ids.join() ? -1 : 1);

const RAISED_DAYS = 28;
const DAY = 86_400_000;

export function figuresOf(items: Item[], births: number, now: Date): Figures {
  const days = items.map(({ since }) => since.getTime());
  const recent = days.filter((at) => now.getTime() - at < RAISED_DAYS * DAY);
  return {
    items: items.length,
    stops: items.filter(({ stops }) => stops).length,
    deferred: items.filter(({ until }) => until !== null).length,
    births,
    per: births === 0 ? null : Math.round((items.length * 10_000) / births) / 10,
    raised: Math.round((recent.length * 100) / RAISED_DAYS) / 100,
    oldest: days.length === 0 ? null : new Date(Math.min(...days)),
  };
}
