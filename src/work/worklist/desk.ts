/**
 * The worklist as its readers see it, and what they do with it: the one way of API and pages
 * (docs/adr/0030-worklist.md). Whoever may not know of an item is answered as of an id that nothing has.
 */
import type { Task } from '@medplum/fhirtypes';
import { mayMatch } from '../../access/decide/may-match.ts';
import type { Context } from '../../context.ts';
import { rejected } from '../../errors.ts';
import type { Recipient } from '../../model.ts';
import { notFound } from '../../read/answer.ts';
import type { Figures, Item } from './item.ts';
import type { Asked } from './list.ts';
import type { Word } from './read-word.ts';
import { type SeenItem, seeItems } from './see.ts';
import { composeTask, type Effect } from './task.ts';

/** What was decided of an item, as whoever keeps it knows it. */
type Decided = { ids: string[] };

/** How it is found and kept; `D`: what takes a decision back. */
export type KeepWorklist<D extends Decided = Decided> = {
  items: () => Promise<Item[]>;
  figures: () => Promise<Figures>;
  /** Something was decided: what is listed next goes by it. */
  forget: () => void;
  knownTo: (service: string, persons: string[]) => Promise<Set<string>>;
  findEffect: (ctx: Context, item: Item) => Promise<Effect>;
  acceptItem: (ctx: Context, item: Item, word: Word) => Promise<void>;
  rejectItem: (ctx: Context, item: Item, word: Word) => Promise<void>;
  deferItem: (ctx: Context, item: Item, word: Word & { until: string | null }) => Promise<void>;
  findDecidedItem: (ctx: Context, id: string) => Promise<D | null>;
  undoDecided: (ctx: Context, decided: D, word: Word) => Promise<void>;
};

export type Asking = { recipient: Recipient; id: string };
export type Desk = {
  list(recipient: Recipient, status: Asked['status']): Promise<Task[]>;
  /** Null for who sees one side alone. */
  figures(recipient: Recipient): Promise<Figures | null>;
  /** With what would follow, for whoever may accept it. */
  read(asking: Asking): Promise<Task | null>;
  /** Whether something was decided of it that this recipient may take back. */
  isDecided(asking: Asking): Promise<boolean>;
  /** Each throws what an unknown id is answered with, 403 for who does not decide, 422 where it cannot be. */
  accept(asking: Asking, word: Word): Promise<void>;
  reject(asking: Asking, word: Word): Promise<void>;
  defer(asking: Asking, word: Word & { until: string }): Promise<void>;
  undo(asking: Asking, word: Word): Promise<void>;
};

const WHO = 'it is decided by whoever runs Skein';

export function openDesk<D extends Decided>(ctx: Context, keep: KeepWorklist<D>): Desk {
  const { db } = ctx;

  async function seeOne({ recipient, id }: Asking): Promise<SeenItem | null> {
    if (!mayMatch(recipient)) return null;
    const all = (await keep.items()).filter((item) => item.id === id);
    return (await seeItems({ db, recipient, knownTo: keep.knownTo }, all))[0] ?? null;
  }

  async function itemFor(asking: Asking): Promise<Item> {
    const seen = await seeOne(asking);
    if (!seen) throw notFound();
    if (asking.recipient.kind !== 'operator') throw rejected(403, 'forbidden', WHO);
    return seen.item;
  }

  const decidedOf = ({ recipient, id }: Asking): Promise<D | null> =>
    recipient.kind === 'operator' ? keep.findDecidedItem(ctx, id) : Promise.resolve(null);

  /** What was decided is taken back; else a day until which it was put off. */
  async function undo(asking: Asking, word: Word): Promise<void> {
    const decided = await decidedOf(asking);
    if (decided) return keep.undoDecided(ctx, decided, word);
    const item = await itemFor(asking);
    if (item.until === null) throw rejected(422, 'business-rule', 'nothing was decided: nothing to undo');
    return keep.deferItem(ctx, item, { ...word, until: null });
  }

  /** One after the other, so that what is pressed twice is decided once. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (decide: () => Promise<void>): Promise<void> => {
    const mine = turn.then(decide).then(keep.forget);
    // Whoever asked hears what went wrong; the next one does not wait for it to be right.
    turn = mine.catch(() => undefined);
    return mine;
  };
  return {
    list: async (recipient, status) => {
      const items = mayMatch(recipient) ? await keep.items() : [];
      const seen = await seeItems({ db, recipient, knownTo: keep.knownTo }, items);
      const asked = seen.filter(({ item }) => (item.until !== null) === (status === 'on-hold'));
      return asked.map((one) => taskFor(recipient, one));
    },
    figures: async (recipient) => (recipient.kind === 'operator' ? keep.figures() : null),
    read: async (asking) => {
      const seen = await seeOne(asking);
      if (!seen) return null;
      const effect = asking.recipient.kind === 'operator' ? await keep.findEffect(ctx, seen.item) : null;
      return taskFor(asking.recipient, seen, effect);
    },
    isDecided: async (asking) => (await decidedOf(asking)) !== null,
    accept: (asking, word) => inTurn(async () => keep.acceptItem(ctx, await itemFor(asking), word)),
    reject: (asking, word) => inTurn(async () => keep.rejectItem(ctx, await itemFor(asking), word)),
    defer: (asking, word) => inTurn(async () => keep.deferItem(ctx, await itemFor(asking), word)),
    undo: (asking, word) => inTurn(() => undo(asking, word)),
  };
}

const taskFor = (recipient: Recipient, { item, own }: SeenItem, effect: Effect | null = null): Task =>
  composeTask(
    item,
    { own, service: recipient.kind === 'system' ? recipient.system.service.id : null },
    effect,
  );
