import type { Resource } from '@medplum/fhirtypes';
import type { Event } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Stored } from '../subscribe/stored.ts';
import { askAccess, type Verdict } from './ask-access.ts';
import type { Told } from './notification.ts';

/** A Bundle to be sent: its events, and the number that names it. */
export type Parcelled = { bundle: number; at: Date; events: Told[] };
/** What one subscription has to send, oldest first. `pending`: more is to be numbered; `more`: or to be sent. */
export type Numbered = {
  stored: Stored;
  lastNumber: number;
  bundles: Parcelled[];
  more: boolean;
  pending: boolean;
};

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
};
/** `sending`: keep about `limit` numbered ahead of what is acknowledged; otherwise number `limit` more. */
type Batch = { stored: Stored[]; limit: number; sending: boolean };
type Known = { at: Date; event: Event };

/** A Bundle is read whole, so this is more than the largest. */
const UNSENT_LIMIT = 64;

// To send ($6): numbered and not acknowledged first, then pending in the order of telling, together about $4 for each. To count:
// $4 pending ones.
const LOAD = `
select s.id, n.number::float8 as number, n.bundle::float8 as bundle, n.numbered_at as "numberedAt", n.withheld, n.resources,
    0::smallint as priority, n.event_id as "eventId"
  from unnest($1::uuid[], $2::bigint[], $3::int[]) as s (id, delivered, count)
  cross join lateral (select * from notification where subscription_id = s.id and number > s.delivered
    order by number limit case when $6 then ${UNSENT_LIMIT} else 0 end) n
union all
select s.id, null, null, null, false, null, p.priority, p.event_id
  from unnest($1::uuid[], $2::bigint[], $3::int[], $5::bigint[]) as s (id, delivered, count, last)
  cross join lateral (select * from pending where subscription_id = s.id
    order by priority, event_id limit case when $6 then greatest(0, greatest(s.count, $4) - (s.last - s.delivered)) else $4 end) p
order by id, number nulls last, priority, "eventId"`;
const EVENTS = 'select id, at, event from event where id = any($1)';

// One statement for the batch: pending rows go, told or not; the told ones are numbered; denials of numbered ones are kept.
const WRITE = `
with gone as (
  delete from pending p using unnest($1::uuid[], $2::smallint[], $3::bigint[]) as g (id, priority, event_id)
   where p.subscription_id = g.id and p.priority = g.priority and p.event_id = g.event_id),
told as (
  insert into notification (subscription_id, number, bundle, event_id, numbered_at, resources)
  select id, number, bundle, event_id, $4, resources
    from unnest($5::uuid[], $6::bigint[], $7::bigint[], $8::bigint[], $9::json[]) as t (id, number, bundle, event_id, resources)),
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
export async function number(client: Db, batch: Batch): Promise<Numbered[]> {
  const { stored, limit, sending } = batch;
  if (stored.length === 0) return [];
  const { rows } = await client.query<Row>({
    name: 'deliver-load',
    text: LOAD,
    values: [
      ...[
        stored.map((s) => s.id),
        stored.map((s) => s.deliveredNumber),
        stored.map((s) => s.maxCount),
        limit,
      ],
      ...[stored.map((s) => s.lastNumber), sending],
    ],
  });
  const events = await readEvents(client, rows);
  const byId = new Map(stored.map((one) => [one.id, one]));
  const judged = rows.flatMap((row): Judged[] => {
    const known = events.get(row.eventId);
    return known ? [{ ...row, ...known, stored: byId.get(row.id) as Stored, verdict: DENIED }] : [];
  });
  const verdicts = await askAccess(
    client,
    judged.map(({ stored, event, number, resources }) => ({
      ...{ stored, event },
      asked: number && !resources ? 'id-only' : stored.content,
    })),
  );
  for (const [index, verdict] of verdicts.entries()) (judged[index] as Judged).verdict = verdict;
  const at = new Date();
  const found = Map.groupBy(judged, ({ id }) => id);
  const results = stored.map((one) =>
    settleOne(one, found.get(one.id) ?? [], { at, wanted: wantedOf(one, batch) }),
  );
  await write(client, results, at);
  return results;
}

/** Each event once, however many subscriptions it goes to. */
async function readEvents(client: Db, rows: Row[]): Promise<Map<string, Known>> {
  const ids = [...new Set(rows.map(({ eventId }) => eventId))];
  if (ids.length === 0) return new Map();
  const read = await client.query<Known & { id: string }>({
    name: 'deliver-events',
    text: EVENTS,
    values: [ids],
  });
  return new Map(read.rows.map(({ id, ...known }) => [id, known]));
}

const DENIED: Verdict = { told: false, content: 'empty', resources: null };
type Judged = Row & Known & { stored: Stored; verdict: Verdict };
type Placed = Told & { bundle: number; numberedAt: Date };
type Result = Numbered & { gone: Row[]; fresh: (Placed & { eventId: string })[]; emptied: number[] };

function settleOne(stored: Stored, judged: Judged[], { at, wanted }: { at: Date; wanted: number }): Result {
  const old = judged.filter(({ number }) => number !== null);
  const pending = judged.filter(({ number }) => number === null);
  const told = pending.filter(({ verdict }) => verdict.told);
  const fresh = told.map((one, index) => {
    const place = index + 1;
    const bundle =
      stored.lastNumber + Math.min(Math.ceil(place / stored.maxCount) * stored.maxCount, told.length);
    const { resources } = one.verdict;
    return {
      ...toTold(one, { number: stored.lastNumber + place, resources }),
      eventId: one.eventId,
      bundle,
      numberedAt: at,
    };
  });
  const unsent = old.map((one) => {
    const { number, bundle, numberedAt, resources } = one as Judged & Placed;
    return { ...toTold(one, { number, resources }), bundle, numberedAt };
  });
  const whole = old.length < UNSENT_LIMIT;
  const left = pending.length >= wanted;
  const emptied = old
    .filter(({ verdict, withheld }) => !verdict.told && !withheld)
    .map(({ number }) => number as number);
  return {
    ...{ stored, lastNumber: stored.lastNumber + told.length, more: left || !whole, pending: left },
    ...{ bundles: [...parcel(unsent), ...(whole ? parcel(fresh) : [])], gone: pending, fresh, emptied },
  };
}

function wantedOf({ maxCount, lastNumber, deliveredNumber }: Stored, { limit, sending }: Batch): number {
  return sending ? Math.max(limit, maxCount) - (lastNumber - deliveredNumber) : limit;
}

function toTold(
  { event, at, withheld, verdict }: Judged,
  { number, resources }: Pick<Told, 'number' | 'resources'>,
): Told {
  const { code, focus } = event;
  return {
    number,
    at,
    code,
    focus,
    content: verdict.content,
    withheld: withheld || !verdict.told,
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
  const emptied = results.flatMap(({ stored, emptied }) =>
    emptied.map((number) => ({ id: stored.id, number })),
  );
  if (gone.length === 0 && emptied.length === 0) return;
  await client.query({
    name: 'deliver-write',
    text: WRITE,
    values: [
      ...[
        gone.map(({ id }) => id),
        gone.map(({ row }) => row.priority),
        gone.map(({ row }) => row.eventId),
        at,
      ],
      ...[
        fresh.map(({ id }) => id),
        fresh.map(({ told }) => told.number),
        fresh.map(({ told }) => told.bundle),
      ],
      ...[
        fresh.map(({ told }) => told.eventId),
        fresh.map(({ told }) => told.resources && JSON.stringify(told.resources)),
      ],
      ...[emptied.map(({ id }) => id), emptied.map(({ number }) => number)],
    ],
  });
}
