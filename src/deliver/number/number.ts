import type pg from 'pg';
import { because } from '../../access/decide/why-hidden.ts';
import type { Event, Recheck } from '../../model.ts';
import { TELLING } from '../../store/locks.ts';
import { type Db, transaction } from '../../store/pool.ts';
import { storeTime } from '../../store/store-time.ts';
import { isFailing, type Stored } from '../subscribe/stored.ts';
import { askAccess, contentFor, type Verdict } from './ask-access.ts';
import { pastCeiling } from './ceiling.ts';
import { nameOf } from './find-focuses.ts';
import {
  type Fresh,
  type Judged,
  messageOf,
  type Numbered,
  type Parcelled,
  type PendingRow,
  type Result,
} from './judged.ts';
import { keepNumbers } from './keep-numbers.ts';
import type { Told } from './notification.ts';
import { findTakenBack, keyOf } from './take-back.ts';

/** `sending`: keep about `limit` numbered ahead of who is steady; otherwise number `limit` more. */
type Batch = { stored: Stored[]; limit: number; sending: boolean };
type Known = { at: Date; event: Event | Recheck };

/** A Bundle is read whole, so this is more than the largest. */
const UNSENT_LIMIT = 64;

// To send ($4): numbered and not acknowledged first. Then pending in the order of telling, up to $3 of each.
const LOAD = `
select s.id, n.number::float8 as number, n.bundle::float8 as bundle, n.numbered_at as "numberedAt",
  n.withheld, n.resources,
    0::smallint as priority, n.event_id as "eventId"
  from unnest($1::uuid[], $2::bigint[]) as s (id, delivered)
  cross join lateral (select * from notification where subscription_id = s.id and number > s.delivered
    order by number limit case when $4 then ${UNSENT_LIMIT} else 0 end) n
union all
select s.id, null, null, null, false, null, p.priority, p.event_id
  from unnest($1::uuid[], $3::int[]) as s (id, count)
  cross join lateral (select * from pending where subscription_id = s.id
    order by subscription_id, priority, event_id limit s.count) p
order by id, number nulls last, priority, "eventId"`;
const EVENTS = 'select id, at, event from event where id = any($1)';

/** A transaction in which numbers may be given. */
export function numbering<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return transaction(pool, work, `select pg_advisory_xact_lock_shared(${TELLING})`);
}

/**
 * The one way to a number, within `numbering`. For subscriptions whose rows the caller has locked in
 * `client`'s transaction: asks access about all that is pending (at most `limit` each, or a Bundle's worth),
 * drops what is withheld, and numbers the rest without gaps, contact-stop and loss first. What has a number
 * keeps it: a later denial only empties it, for good. A pending recheck becomes a `withdrawn` or
 * `member-unlinked` for each thing that the subscription was told of and may not read any more.
 */
export async function number(client: Db, batch: Batch): Promise<Numbered[]> {
  const { stored, sending } = batch;
  if (stored.length === 0) return [];
  // One more than is wanted, which says whether there is more.
  const { rows } = await client.query<PendingRow>({
    name: 'deliver-load',
    text: LOAD,
    values: [
      ...[stored.map((s) => s.id), stored.map((s) => s.deliveredNumber)],
      ...[stored.map((s) => wantedOf(s, batch) + 1), sending],
    ],
  });
  const events = await readEvents(client, rows);
  const unsent = rows.filter(({ number }) => number !== null);
  const waiting = Map.groupBy(
    rows.filter(({ number }) => number === null),
    ({ id }) => id,
  );
  const taken = new Map(
    stored.map((one) => [one.id, takeFirst(waiting.get(one.id) ?? [], wantedOf(one, batch), events)]),
  );
  const asked = [...unsent, ...[...taken.values()].flat()];
  const judged = Map.groupBy(await judge(client, { stored, rows: asked, events }), ({ id }) => id);
  const at = new Date(storeTime());
  const results = stored.map((one) => {
    const pending = taken.get(one.id) ?? [];
    const left = (waiting.get(one.id) ?? []).length > pending.length;
    return settleOne(one, judged.get(one.id) ?? [], { at, pending, left });
  });
  await keepNumbers(client, results, at);
  return results;
}

/**
 * What is numbered now of what is pending. What takes a loss back is told to whoever has a number of the
 * loss, so it waits for the next time where the loss may be among these.
 */
function takeFirst(pending: PendingRow[], wanted: number, events: Map<string, Known>): PendingRow[] {
  const isRetraction = ({ eventId }: PendingRow) => events.get(eventId)?.event.code === 'loss-retracted';
  const next = pending.findIndex((row, index) => index > 0 && isRetraction(row));
  return pending.slice(0, next < 0 ? wanted : Math.min(next, wanted));
}

type Asking = { stored: Stored[]; rows: PendingRow[]; events: Map<string, Known> };

/** Each row with what its recipient may be told of it now; a recheck becomes as many as it takes back. */
async function judge(client: Db, { stored, rows, events }: Asking): Promise<Judged[]> {
  const byId = new Map(stored.map((one) => [one.id, one]));
  const known = rows.flatMap((row) => {
    const read = events.get(row.eventId);
    return read ? [{ row, at: read.at, event: read.event, stored: byId.get(row.id) as Stored }] : [];
  });
  const asked = known.flatMap(({ row, at, event, stored }) =>
    event.code === 'recheck'
      ? []
      : [{ row, stored, event, at, asked: askedOf(row, stored), numbered: row.number !== null }],
  );
  const verdicts = await askAccess(client, asked);
  const verdictOf = new Map(asked.map(({ row }, index) => [row, verdicts[index] as Verdict]));
  const past = await pastCeiling(
    client,
    asked.filter(({ row, numbered }) => !numbered && verdictOf.get(row)?.told),
    new Date(storeTime()),
  );
  const why = () => because('prompt-ceiling');
  for (const { row } of past) verdictOf.set(row, { ...(verdictOf.get(row) as Verdict), told: false, why });
  const told = asked.filter(({ row }) => verdictOf.get(row)?.told);
  const taken = await findTakenBack(
    client,
    known.flatMap(({ row: { eventId }, event, stored }) =>
      event.code === 'recheck' ? [{ stored, eventId }] : [],
    ),
    mergesOf(told),
  );
  return known.flatMap(({ row, event, ...rest }): Judged[] => {
    if (event.code !== 'recheck')
      return [{ ...row, ...rest, event, verdict: verdictOf.get(row) as Verdict, made: false }];
    const made = taken.get(keyOf({ subscriptionId: row.id, eventId: row.eventId })) ?? [];
    return made.map((back) => ({
      ...row,
      ...rest,
      event: { ...back, message: event.message, trace: event.trace },
      verdict: takenBack({ event: back, ...rest }),
      made: true,
    }));
  });
}
/** Each event once, however many subscriptions it goes to. */
async function readEvents(client: Db, rows: PendingRow[]): Promise<Map<string, Known>> {
  const ids = [...new Set(rows.map(({ eventId }) => eventId))];
  if (ids.length === 0) return new Map();
  const read = await client.query<Known & { id: string }>({
    name: 'deliver-events',
    text: EVENTS,
    values: [ids],
  });
  return new Map(read.rows.map(({ id, ...known }) => [id, known]));
}

function takenBack({ stored, event, at }: { stored: Stored; event: Event; at: Date }): Verdict {
  const question = { stored, event, at, asked: 'id-only' as const, numbered: true };
  const content = contentFor(question, { everything: true });
  return { told: true, content, resources: null, focus: event.focus, readable: false, why: null };
}

const askedOf = ({ number, resources }: PendingRow, { content }: Stored) =>
  number !== null && !resources ? 'id-only' : content;

/** Those of whom it is told now that they were merged or are withdrawn, by subscription. */
function mergesOf(told: { stored: Stored; event: Event }[]): Map<string, Set<string>> {
  const merges = told.filter(({ event }) => event.code === 'person-merged' || event.code === 'withdrawn');
  const byStored = Map.groupBy(merges, ({ stored }) => stored.id);
  return new Map(
    [...byStored].map(([id, group]) => [id, new Set(group.map(({ event }) => nameOf(event.focus)))]),
  );
}

type Placed = Told & { bundle: number; numberedAt: Date };
/** `left`: more is pending than was taken. */
type Settling = { at: Date; pending: PendingRow[]; left: boolean };

function settleOne(stored: Stored, judged: Judged[], { at, pending, left }: Settling): Result {
  const old = judged.filter(({ number }) => number !== null);
  const told = judged.filter(({ number, verdict }) => number === null && verdict.told);
  const fresh = told.map((one, index): Fresh => {
    const place = index + 1;
    const whole = Math.ceil(place / stored.maxCount) * stored.maxCount;
    const bundle = stored.lastNumber + Math.min(whole, told.length);
    return { judged: one, number: stored.lastNumber + place, bundle };
  });
  const placed = fresh.map(({ judged, number, bundle }): Placed => {
    const { resources } = judged.verdict;
    return { ...toTold(judged, { number, resources }), bundle, numberedAt: at };
  });
  const unsent = old.map((one) => {
    const { number, bundle, numberedAt, resources } = one as Judged & Placed;
    return { ...toTold(one, { number, resources }), bundle, numberedAt };
  });
  const whole = old.length < UNSENT_LIMIT;
  const emptied = old
    .filter(({ verdict, withheld }) => !verdict.told && !withheld)
    .map(({ number }) => number as number);
  return {
    ...{ stored, lastNumber: stored.lastNumber + told.length, more: left || !whole, pending: left },
    ...{ bundles: [...parcel(unsent), ...(whole ? parcel(placed) : [])], gone: pending, fresh, emptied },
    withheld: judged.filter(({ verdict, withheld }) => !verdict.told && !withheld),
  };
}

/**
 * One Bundle ahead of who is failing, or has not just been answered: what is urgent is then next, or next but
 * one. More is numbered ahead of who takes one after the other.
 */
function wantedOf(stored: Stored, { limit, sending }: Batch): number {
  const { maxCount, lastNumber, deliveredNumber, steady } = stored;
  if (!sending) return limit;
  const ahead = lastNumber - deliveredNumber;
  if (isFailing(stored)) return ahead > 0 ? 0 : maxCount;
  return Math.max(0, Math.max(steady ? limit : 0, maxCount) - ahead);
}

function toTold(
  { event, at, stored, withheld, verdict }: Judged,
  { number, resources }: Pick<Told, 'number' | 'resources'>,
): Told {
  const { content, focus, told } = verdict;
  const message = messageOf(event, stored);
  const { code, trace } = event;
  return { number, at, code, focus, content, withheld: withheld || !told, resources, message, trace };
}

/** Whole bundles only: one cut off by the limit waits for the next time. */
function parcel(events: Placed[]): Parcelled[] {
  const groups = [...Map.groupBy(events, ({ bundle }) => bundle)];
  return groups
    .filter(([bundle, group]) => group.at(-1)?.number === bundle)
    .map(([bundle, group]) => ({ bundle, at: group[0]?.numberedAt as Date, events: group }));
}
