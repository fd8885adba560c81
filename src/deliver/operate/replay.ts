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
const LOAD = `
select n.number::float8 as number, n.bundle::float8 as bundle, n.numbered_at as "numberedAt", n.withheld, n.resources,
  e.at, e.event
from notification n join event e on e.id = n.event_id
where n.subscription_id = $1 and n.number <= $4 and n.bundle >= $2
  and n.bundle <= (select max(bundle) from notification where subscription_id = $1 and number <= $3)
order by n.number limit ${MOST}`;

type Row = {
  number: number;
  bundle: number;
  numberedAt: Date;
  withheld: boolean;
  resources: Told['resources'];
  at: Date;
  event: Event;
};

/**
 * The Bundles in which these numbers were, under their former ids and numbers, in order, each with what its
 * recipient may know today; the first that is not answered with 2xx is the last. What has not been answered
 * yet is not among them: it is tried by itself. No event is made, and no number. Throws Rejected: 404 where
 * there is no such subscription, 422 where it is off or nothing of it has these numbers.
 */
export async function replayDelivered(ctx: Context, id: string, range: Range): Promise<Replayed> {
  const stored = await findOne(ctx.db, id);
  if (stored.status === 'off') throw rejected(422, 'business-rule', 'this Subscription is off');
  const parcels = await parcelsOf(ctx.db, stored, range);
  const events = parcels.flatMap(({ bundle, events }) =>
    events.map(({ number, code, withheld }): Again => ({ number, bundle, code, told: !withheld })),
  );
  if (events.length === 0)
    throw rejected(
      422,
      'not-found',
      'nothing that it has answered has such a number, or it is not kept any more',
    );
  if (range.dryRun) return { events, sent: 0, stopped: null };
  const asked = { kind: 'registration' as const, outcome: 'done', interaction: 'delivery-replay' };
  await record(ctx.db, { ...asked, actor: OPERATOR, type: 'Subscription', ids: [id] });
  let sent = 0;
  for (const one of parcels) {
    const [first, last] = [one.events[0]?.number ?? null, one.bundle];
    const parcel = composeEvents(ctx, stored, one);
    const reply = await sendAlone(ctx, stored, { kind: 'event-notification', first, last, parcel });
    if (!reply.ok) return { events, sent, stopped: reply.outcome };
    sent += one.events.length;
  }
  return { events, sent, stopped: null };
}

async function parcelsOf(db: Db, stored: Stored, { from, until }: Range): Promise<Parcelled[]> {
  const values = [stored.id, from, Math.min(until, Number.MAX_SAFE_INTEGER), stored.deliveredNumber];
  const { rows } = await db.query<Row>(LOAD, values);
  const verdicts = await askAccess(
    db,
    rows.map(({ event, at, resources }) => ({
      ...{ stored, event, at, numbered: true },
      asked: resources ? stored.content : ('id-only' as const),
    })),
  );
  const told = rows.map(({ number, at, event, withheld, resources }, place): Told => {
    const { told = false, content = 'empty' } = verdicts[place] ?? {};
    const message = messageOf(event, stored);
    return {
      number,
      at,
      code: event.code,
      focus: event.focus,
      content,
      withheld: withheld || !told,
      resources,
      message,
    };
  });
  const bundles = Map.groupBy(rows.keys(), (place) => rows[place]?.bundle as number);
  return [...bundles].map(([bundle, places]) => ({
    bundle,
    at: rows[places[0] as number]?.numberedAt as Date,
    events: places.map((place) => told[place] as Told),
  }));
}
