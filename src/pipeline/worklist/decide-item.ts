/** What people do with an item of the worklist: the same facts as `skein link` and `skein unlink` keep. */
import { namedOperator, record as recordAudit } from '../../audit/record.ts';
import type { Context } from '../../context.ts';
import { Rejected, rejected } from '../../errors.ts';
import type { Pair } from '../../link/who/charts.ts';
import { REVIEWERS, type Verdict } from '../../link/who/decided.ts';
import type { Human } from '../../model.ts';
import { type DecidedPair, findDecided, keepDeferral } from '../../save/worklist.ts';
import { transaction } from '../../store/pool.ts';
import { type Item, itemId } from '../../work/worklist/item.ts';
import type { Effect } from '../../work/worklist/task.ts';
import {
  type Consequence,
  decideMother,
  decideNoParent,
  decideSame,
  decideTwo,
  type Said,
  undoDecision,
} from '../decide.ts';

/** Who says it, on behalf of whoever runs Skein. */
export type Word = { by: string; reason: string; human?: Human };
/** `ids`: persons of the charts now. */
export type DecidedItem = { ids: string[]; pairs: Pair[]; of: Verdict };

const NOBODY_NAMED = 'nobody is known who could be the mother: there is nothing to decide';

const saidOf = (word: Word, dry = false): Said => ({ ...word, undo: false, dry });
const pairOf = ({ ids }: Item): Pair => [ids[0] ?? '', ids[1] ?? ''];

/** They are one person, or she gave birth to the child. Throws Rejected 422 where that cannot be. */
export async function acceptItem(ctx: Context, item: Item, word: Word): Promise<void> {
  await accept(ctx, item, saidOf(word));
}

function accept(ctx: Context, item: Item, said: Said): Promise<Consequence> {
  const [one, other] = pairOf(item);
  if (item.question === 'same person?') return decideSame(ctx, [one, other], said);
  if (other === '') throw rejected(422, 'business-rule', NOBODY_NAMED);
  return decideMother(ctx, [other, one], said);
}

/** They are two; she is not the mother. For good, whatever is sent later. */
export async function rejectItem(ctx: Context, item: Item, word: Word): Promise<void> {
  const [one, other] = pairOf(item);
  if (item.question === 'same person?') await decideTwo(ctx, [one, other], saidOf(word));
  else if (other === '') throw rejected(422, 'business-rule', NOBODY_NAMED);
  else await decideNoParent(ctx, [other, one], saidOf(word));
}

/** What would follow if it were accepted; nothing is kept. */
export async function findEffect(ctx: Context, item: Item): Promise<Effect> {
  try {
    const only = saidOf({ by: '', reason: '' }, true);
    const { persons, journeys, events, told } = await accept(ctx, item, only);
    const all = Object.values(events).reduce((sum, n) => sum + n, 0);
    const counts = { journeys, events: all, recipients: Object.keys(told).length };
    return { personsBefore: persons.before, personsAfter: persons.after, ...counts };
  } catch (error) {
    if (error instanceof Rejected && error.status === 422) return { refused: error.message };
    throw error;
  }
}

/** Off everybody's list until that day (yyyy-mm-dd); null: on it again. */
export async function deferItem(ctx: Context, item: Item, said: Word & { until: string | null }) {
  const { by, human, reason, until } = said;
  const actor = namedOperator(by, human);
  const { question, ids } = item;
  await transaction(ctx.db, async (client) => {
    await keepDeferral(client, { question, ids, until, by, reason, system: actor.system });
    const interaction = until === null ? 'defer-undone' : 'defer';
    const about = { interaction, type: 'Patient', ids, persons: ids };
    await recordAudit(client, { kind: 'decision', outcome: 'done', actor, ...about });
  });
}

/** What was decided of the item of that id, and stands; null where nothing was. */
export async function findDecidedItem({ db, key }: Context, id: string): Promise<DecidedItem | null> {
  const all = await findDecided(db, REVIEWERS);
  const found = all.find((one) => idOfDecided(key, one) === id);
  if (!found) return null;
  const together = all.filter(
    ({ message, verdict }) => message === found.message && verdict === found.verdict,
  );
  return {
    ids: [...new Set(found.persons)],
    pairs: together.map(({ one, other }): Pair => [one, other]),
    of: found.verdict as Verdict,
  };
}

const idOfDecided = (key: Buffer, { verdict, one, other }: DecidedPair): string =>
  verdict === 'not-parent' || verdict === 'mother'
    ? itemId(key, 'whose baby?', [other, one])
    : itemId(key, 'same person?', [one, other]);

/** As if it had never been decided. */
export async function undoDecided(ctx: Context, { pairs, of }: DecidedItem, word: Word): Promise<void> {
  await undoDecision(ctx, { pairs, of }, { ...saidOf(word), undo: true });
}
