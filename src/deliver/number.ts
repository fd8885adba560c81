import type { Resource } from '@medplum/fhirtypes';
import type { Db } from '../db.ts';
import type { Event } from '../model.ts';
import { askAccess, type Question, type Verdict } from './ask-access.ts';
import type { Told } from './notification.ts';
import type { Stored } from './stored.ts';

/** A Bundle to be sent: its events, and the number that names it. */
export type Parcelled = { bundle: number; at: Date; events: Told[] };
/** What one subscription has to send, oldest first. `pending`: more is to be numbered; `more`: or to be sent. */
export type Numbered = { stored: Stored; lastNumber: number; bundles: Parcelled[]; more: boolean; pending: boolean };

type Row = {
  id: string;
  /** Null while pending. */
  number: number | null;
  bundle: number | null;
  numberedAt: Date | null;
  withheld: boolean;
  resources: Resource[] | null;
  priority: number;
  eventId: string;
  at: Date;
  event: Event;
};

/** Numbered rows are read in whole bundles: more than the largest of them. */
const UNSENT_LIMIT = 64;

// Numbered and not acknowledged first, then pending in the order of telling; at most so many of each per subscription.
const LOAD = `
select s.id, n.number::float8 as number, n.bundle::float8 as bundle, n.numbered_at as "numberedAt", n.withheld, n.resources,
    0::smallint as priority, n.event_id as "eventId", e.at, e.event
  from unnest($1::uuid[], $2::bigint[], $3::int[]) as s (id, delivered, count)
  cross join lateral (select * from notification where subscription_id = s.id and number > s.delivered
    order by number limit ${UNSENT_LIMIT}) n join event e on e.id = n.event_id
union all
select s.id, null, null, null, false, null, p.priority, p.event_id, e.at, e.event
  from unnest($1::uuid[], $2::bigint[], $3::int[]) as s (id, delivered, count)
  cross join lateral (select * from pending where subscription_id = s.id
    order by priority, event_id limit greatest(s.count, $4)) p join event e on e.id = p.event_id
order by id, number nulls last, priority, "eventId"`;

// One statement for the batch: pending rows go, told or not; the told ones are numbered; denials of numbered ones are kept.
const WRITE = `
with gone as (
  delete from pending p using unnest($1::uuid[], $2::smallint[], $3::bigint[]) as g (id, priority, event_id)
   where p.subscription_id = g.id and p.priority = g.priority and p.event_id = g.event_id),
told as (
  insert into notification (subscription_id, number, bundle, event_id, numbered_at, resources)
  select id, number, bundle, event_id, $4, resources
    from unnest($5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[], $9::jsonb[]) as t (id, number, bundle, event_id, resources)),
withheld as (
  update notification n set withheld = true, resources = null
    from unnest($10::uuid[], $11::bigint[]) as w (id, number) where n.subscription_id = w.id and n.number = w.number)
update subscription s set last_number = c.number
  from (select id, max(number) as number from unnest($5::uuid[], $6::bigint[]) as t (id, number) group by id) c where c.id = s.id`;

/**
 * The one way to a number. For subscriptions whose rows the caller has locked in `client`'s transaction: asks access about all
 * that is pending (at most `limit` each, or a Bundle's worth), drops what is withheld, and numbers the rest without gaps,
 * contact-stop and loss first. What has a number keeps it: a later denial only empties it, for good.
 */
export async function number(client: Db, batch: { stored: Stored[]; limit: number }): Promise<Numbered[]> {
  const { stored, limit } = batch;
  const { rows } = await client.query<Row>({
    name: 'deliver-load',
    text: LOAD,
    values: [stored.map((s) => s.id), stored.map((s) => s.deliveredNumber), stored.map((s) => s.maxCount), limit],
  });
  const byId = new Map(stored.map((one) => [one.id, one]));
  const questions = rows.map((row): Question => {
    const one = byId.get(row.id) as Stored;
    return { stored: one, event: row.event, asked: row.number && !row.resources ? 'id-only' : one.content };
  });
  const verdicts = await askAccess(client, questions);
  const at = new Date();
  const judged = rows.map((row, index) => ({ row, verdict: verdicts[index] as Verdict }));
  const found = Map.groupBy(judged, ({ row }) => row.id);
  const results = stored.map((one) => settleOne(one, found.get(one.id) ?? [], { at, limit }));
  await write(client, results, at);
  return results;
}

type Judged = { row: Row; verdict: Verdict };
type Placed = Told & { bundle: number; numberedAt: Date };
type Result = Numbered & { gone: Row[]; fresh: (Placed & { eventId: string })[]; emptied: number[] };

function settleOne(stored: Stored, judged: Judged[], { at, limit }: { at: Date; limit: number }): Result {
  const old = judged.filter(({ row }) => row.number !== null);
  const pending = judged.filter(({ row }) => row.number === null);
  const told = pending.filter(({ verdict }) => verdict.told);
  const lastNumber = stored.lastNumber + told.length;
  const fresh = told.map(({ row, verdict }, index) => {
    const place = index + 1;
    const bundle = Math.min(Math.ceil(place / stored.maxCount) * stored.maxCount, told.length);
    const one = toTold(row, verdict, { number: stored.lastNumber + place, resources: verdict.resources });
    return { ...one, eventId: row.eventId, bundle: stored.lastNumber + bundle, numberedAt: at };
  });
  const unsent = old.map(({ row, verdict }) => ({
    ...toTold(row, verdict, { number: row.number as number, resources: row.resources }),
    bundle: row.bundle as number,
    numberedAt: row.numberedAt as Date,
  }));
  const whole = old.length < UNSENT_LIMIT;
  const bundles = [...parcel(unsent), ...(whole ? parcel(fresh) : [])];
  const left = pending.length >= Math.max(limit, stored.maxCount);
  const emptied = old
    .filter(({ row, verdict }) => !verdict.told && !row.withheld)
    .map(({ row }) => row.number as number);
  const sent = { stored, lastNumber, bundles, more: left || !whole, pending: left };
  return { ...sent, gone: pending.map(({ row }) => row), fresh, emptied };
}

function toTold(row: Row, verdict: Verdict, { number, resources }: Pick<Told, 'number' | 'resources'>): Told {
  const { code, focus } = row.event;
  return {
    number,
    at: row.at,
    code,
    focus,
    content: verdict.content,
    withheld: row.withheld || !verdict.told,
    resources,
  };
}

/** Whole bundles only: one cut off by the limit waits for the next time. */
function parcel(events: Placed[]): Parcelled[] {
  const groups = [...Map.groupBy(events, ({ bundle }) => bundle)];
  return groups
    .filter(([bundle, group]) => group.at(-1)?.number === bundle)
    .map(([bundle, group]) => ({ bundle, at: group[0]?.numberedAt as Date, events: group }));
}

async function write(client: Db, results: Result[], at: Date): Promise<void> {
  const gone = results.flatMap(({ stored, gone }) => gone.map((row) => ({ id: stored.id, row })));
  const fresh = results.flatMap(({ stored, fresh }) => fresh.map((told) => ({ id: stored.id, told })));
  const emptied = results.flatMap(({ stored, emptied }) => emptied.map((number) => ({ id: stored.id, number })));
  if (gone.length === 0 && emptied.length === 0) return;
  await client.query({
    name: 'deliver-write',
    text: WRITE,
    values: [
      ...[gone.map(({ id }) => id), gone.map(({ row }) => row.priority), gone.map(({ row }) => row.eventId), at],
      ...[fresh.map(({ id }) => id), fresh.map(({ told }) => told.number), fresh.map(({ told }) => told.bundle)],
      ...[
        fresh.map(({ told }) => told.eventId),
        fresh.map(({ told }) => told.resources && JSON.stringify(told.resources)),
      ],
      ...[emptied.map(({ id }) => id), emptied.map(({ number }) => number)],
    ],
  });
}
