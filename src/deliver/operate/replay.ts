/** What a subscriber was told, sent to it once more: `skein deliveries replay`. */
import { OPERATOR, record } from '../../audit/record.ts';
import type { Context } from '../../context.ts';
import { rejected } from '../../errors.ts';
import type { Event } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { askAccess } from '../number/ask-access.ts';
import { composeEvents } from '../number/compose.ts';
import { messageOf, type Parcelled } from '../number/judged.ts';
import type { Told } from '../number/notification.ts';
import { sendAlone } from '../send/alone.ts';
import type { Stored } from '../subscribe/stored.ts';
import { findOne } from './deliveries.ts';

/** Numbers, both included; `dryRun`: nothing is sent. */
export type Range = { from: number; until: number; dryRun: boolean };
/** `told` false: today its recipient may not know it, and it goes out, or went, without content. */
export type Again = { number: number; bundle: number; code: string; told: boolean };
/** `stopped`: what the subscriber answered where it was not 2xx; nothing after it was sent. */
export type Replayed = { events: Again[]; sent: number; stopped: string | null };

/** More than this is a snapshot's business. */
const MOST = 1_000;

// Whole Bundles, as they were sent.
const BUNDLES = `
select distinct bundle::float8 as bundle from notification where subscription_id = $1 and number between $2 and $3
  and bundle <= $4 order by 1`;
const LOAD = `
select n.number::float8 as number, n.numbered_at as "numberedAt", n.withheld, n.resources, e.at, e.event
from notification n join event e on e.id = n.event_id where n.subscription_id = $1 and n.bundle = $2 order by n.number`;

type Row = {
  number: number;
  numberedAt: Date;
  withheld: boolean;
  resources: Told['resources'];
  at: Date;
  event: Event;
};

/**
 * The Bundles in which these numbers were, under their former ids and numbers, in order; what its recipient
 * may know is asked again before each, and the first that is not answered with 2xx is the last. What has not
 * been answered yet is not among them: it is tried by itself. No event is made, and no number. Throws
 * Rejected: 404 where there is no such subscription, 422 where it is off, or the range is too long or empty.
 */
export async function replayDelivered(ctx: Context, id: string, range: Range): Promise<Replayed> {
  const { from, until, dryRun } = range;
  const stored = await findOne(ctx.db, id);
  if (stored.status === 'off') throw rejected(422, 'business-rule', 'this Subscription is off');
  if (until - from >= MOST)
    throw rejected(422, 'too-costly', `at most ${MOST} numbers are sent again at once`);
  const values = [id, from, until, stored.deliveredNumber];
  const { rows } = await ctx.db.query<{ bundle: number }>(BUNDLES, values);
  if (rows.length === 0)
    throw rejected(
      422,
      'not-found',
      'nothing that it has answered has such a number, or it is not kept any more',
    );
  const replayed: Replayed = { events: [], sent: 0, stopped: null };
  if (!dryRun) await recordReplay(ctx, id);
  for (const { bundle } of rows) {
    const reply = dryRun
      ? note(replayed, await parcelOf(ctx.db, stored, bundle))
      : await sendAlone(ctx, stored, {
          kind: 'event-notification',
          compose: async (now) => {
            const parcel = await parcelOf(ctx.db, now, bundle);
            note(replayed, parcel);
            const first = parcel.events[0]?.number ?? null;
            return { first, last: bundle, parcel: composeEvents(ctx, now, parcel) };
          },
        });
    if (!reply) continue;
    if (!reply.ok) return { ...replayed, stopped: reply.outcome };
    replayed.sent = replayed.events.length;
  }
  return replayed;
}

function note(replayed: Replayed, { bundle, events }: Parcelled): null {
  for (const { number, code, withheld } of events)
    replayed.events.push({ number, bundle, code, told: !withheld });
  return null;
}

function recordReplay({ db }: Context, id: string): Promise<void> {
  const asked = { kind: 'registration' as const, outcome: 'done', interaction: 'delivery-replay' };
  return record(db, { ...asked, actor: OPERATOR, type: 'Subscription', ids: [id] });
}

async function parcelOf(db: Db, stored: Stored, bundle: number): Promise<Parcelled> {
  const { rows } = await db.query<Row>(LOAD, [stored.id, bundle]);
  const verdicts = await askAccess(
    db,
    rows.map(({ event, at, resources }) => ({
      ...{ stored, event, at, numbered: true },
      asked: resources ? stored.content : ('id-only' as const),
    })),
  );
  const events = rows.map(({ number, at, event, withheld, resources }, place): Told => {
    const { told = false, content = 'empty' } = verdicts[place] ?? {};
    const { code, focus } = event;
    const message = messageOf(event, stored);
    return { number, at, code, focus, content, withheld: withheld || !told, resources, message };
  });
  return { bundle, at: rows[0]?.numberedAt as Date, events };
}
